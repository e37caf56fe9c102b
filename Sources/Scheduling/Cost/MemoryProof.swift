// The memory that a compiled model needs at worst, as a sum of parts that the schedule fixes.
// The generated manifest carries the same numbers, and the runtime allocates by them: nothing else grows with a batch.

import ComputeGraph
import ModelDescriptions
import TensorTypes

/// The bounds within which a model is to run.
public struct RunLimits: Sendable, Hashable {
    /// Tokens of all sequences together that the cache holds.
    public let contextTokens: Int
    /// Rows of one step: the length of a prefill chunk.
    public let stepRows: Int
    /// Rows of one step whose logits are wanted.
    public let logitRows: Int
    /// Patches of one encoder call.
    public let patches: Int

    /// Bounds.
    public init(contextTokens: Int, stepRows: Int, logitRows: Int, patches: Int) {
        self.contextTokens = contextTokens
        self.stepRows = stepRows
        self.logitRows = logitRows
        self.patches = patches
    }

    /// The bounds as sizes of the symbols.
    public var sizes: [DimensionSymbol: Int] {
        [
            .rows: stepRows, .imageRows: stepRows, .logitRows: logitRows, .patches: patches,
            .context: contextTokens,
        ]
    }
}

/// The parts of the memory of a compiled model.
public struct MemoryProof: Sendable, Hashable {
    /// One part.
    public struct Part: Sendable, Hashable {
        /// What it is for.
        public let name: String
        /// Bytes at worst.
        public let bytes: Int
        /// How the bytes come about.
        public let formula: String

        /// A part of `bytes`.
        public init(name: String, bytes: Int, formula: String) {
            (self.name, self.bytes, self.formula) = (name, bytes, formula)
        }
    }

    /// The parts, largest causes first in the order of a run.
    public let parts: [Part]
    /// All parts together.
    public var totalBytes: Int { parts.reduce(0) { $0 + $1.bytes } }

    /// The memory of `schedule` within `limits`, with keys and values kept as `cacheElement`.
    ///
    /// - Parameter device: What the device takes for itself, whatever the batch is.
    public init(_ schedule: Schedule, limits: RunLimits, cacheElement: ElementType, device: [Part] = []) {
        var parts = [
            Part(
                name: "weights",
                bytes: schedule.weightBytes,
                formula: "packed matrices and vectors of all layers"
            )
        ]
        let perToken = schedule.cacheBytesPerToken(cacheElement)
        let tokens = roundedUp(limits.contextTokens, to: WeightFormat.panelOutputs)
        parts.append(
            Part(
                name: "key-value cache",
                bytes: perToken * tokens,
                formula: "\(perToken) bytes a token x \(tokens) tokens (\(cacheElement.rawValue))"
            )
        )
        parts += schedule.arena(limits)
        for routine in schedule.routines where routine.block.role == .entry {
            for id in routine.block.parameters + routine.block.results {
                guard let type = routine.block[id].type.tensor else { continue }
                let elements = type.shape.reduce(1) { $0 * ($1.size(with: limits.sizes) ?? 0) }
                let bytes = elements * type.element.byteCount
                parts.append(
                    Part(
                        name: "\(routine.block.name): \(routine.block[id].name)",
                        bytes: bytes,
                        formula: type.description
                    )
                )
            }
        }
        self.parts = parts + device
    }
}

extension Schedule {
    /// The one arena that serves all entries in turn: the largest of theirs.
    fileprivate func arena(_ limits: RunLimits) -> [MemoryProof.Part] {
        let entries = routines.filter { $0.block.role == .entry }
        let arenas = entries.map { ($0, $0.plan.arenaBytes(with: limits.sizes)) }
        guard let (largest, bytes) = arenas.max(by: { $0.1 < $1.1 }) else { return [] }
        let terms = largest.plan.bytesPerUnit.sorted { $0.key < $1.key }
            .map { "\($0.value) x \(limits.sizes[$0.key] ?? 0) \($0.key.rawValue)" }
        let others = arenas.filter { $0.0.block.name != largest.block.name }
            .map { "; \($0.0.block.name) needs \($0.1) of it" }
        return [
            MemoryProof.Part(
                name: "arena, sized by \(largest.block.name)",
                bytes: bytes,
                formula: terms.joined(separator: " + ") + others.joined()
            )
        ]
    }

    /// Bytes of all packed weights: every matrix once, however many blocks read it.
    public var weightBytes: Int { weightByteCounts.values.reduce(0, +) }

    /// Bytes of packed weights, by class of tensor; nil is the class of vectors.
    public var weightByteCounts: [ModelDescription.Quantization.TensorClass?: Int] {
        var bytes: [ModelDescription.Quantization.TensorClass?: Int] = [:]
        for routine in routines {
            for (id, weight) in routine.block.weights {
                let one =
                    routine.matrices[id]?.byteCount(of: weight)
                    ?? roundedUp(weight.elementCount * ElementType.f32.byteCount, to: WeightFormat.panelAlignment)
                bytes[weight.tensorClass, default: 0] += one * routine.block.repetitions
            }
        }
        return bytes
    }

    /// Number of parameters, by class of tensor; nil is the class of vectors.
    public var parameterCounts: [ModelDescription.Quantization.TensorClass?: Int] {
        var counts: [ModelDescription.Quantization.TensorClass?: Int] = [:]
        for block in graph.blocks {
            for (_, weight) in block.weights {
                let stored = weight.sources.filter { $0.tensor != nil }
                let count = stored.reduce(0) { $0 + $1.rows * $1.rowElements }
                counts[weight.tensorClass, default: 0] += count * block.repetitions
            }
        }
        return counts
    }

    /// Bytes of keys and values of one token in all layers.
    public func cacheBytesPerToken(_ element: ElementType) -> Int {
        routines.reduce(0) { sum, routine in
            routine.steps.reduce(sum) { sum, step in
                guard case .projectHeads(let call) = step.call, case .cache = call.destination else { return sum }
                let bytes = 2 * call.kvHeads * element.cachedHeadBytes(headDim: call.headDim)
                return sum + bytes * routine.block.repetitions
            }
        }
    }
}
