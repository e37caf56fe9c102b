// A checkpoint and a manifest that agree: every weight has its tensors, every tensor is used or known to be unused.
// Not yet packed: Packing/PackedWeights.swift. What does not agree is reported by CheckpointMismatch.swift.

import TensorTypes

/// The tensors of a checkpoint, in the places where a model needs them.
public struct MatchedWeights: Sendable {
    /// Rows of a tensor, or zeros.
    struct Source: Sendable {
        /// The places in `tensors` of the tensor, or of all parts of a quantised one; none for zeros.
        let tensors: [Int]
        /// The matrix, if its tensors hold integers.
        let quantized: QuantizedTensor?
        /// The first of the rows that are taken.
        let firstRow: Int
        /// The number of rows.
        let rowCount: Int
        /// The elements of a row.
        let rowElements: Int
    }

    /// An entry of the manifest and what it is made of.
    struct Entry: Sendable {
        let path: String
        let kind: WeightEntry.Kind
        let sources: [Source]
    }

    /// A tensor that is in the checkpoint although another serves for it.
    struct TiedCopy: Sendable {
        let name: String
        let copy: Checkpoint.Tensor
        let original: Checkpoint.Tensor
    }

    /// The manifest.
    public let manifest: WeightManifest
    /// The checkpoint.
    public let checkpoint: Checkpoint
    /// Tensors of the checkpoint that are not read, by the patterns of the manifest.
    public let unusedTensors: [String]
    /// The tensors that are read, each once.
    let tensors: [Checkpoint.Tensor]
    /// The entries, in the order of the manifest.
    let entries: [Entry]
    /// The formats of the entries: of a matrix that of its class; single precision for vectors.
    ///
    /// Where a checkpoint holds integers for some matrices of a class and numbers for others, the others stay numbers:
    /// whoever quantised it left them for a reason.
    let formats: [WeightFormat]
    let tiedCopies: [TiedCopy]

    /// Finds every tensor of the manifest in the checkpoint, under its own or other names.
    ///
    /// - Throws: `CheckpointMismatch` with all that is missing, surplus, or of another shape or type.
    public init(_ manifest: WeightManifest, in checkpoint: Checkpoint) throws(CheckpointMismatch) {
        var matching = Matching(manifest, checkpoint)
        let entries = matching.resolve(manifest.placedEntries)
        let (unused, tiedCopies) = matching.accountForTheRest()
        if matching.mismatch.hasProblems { throw matching.mismatch.withHints() }
        self.manifest = manifest
        self.checkpoint = checkpoint
        self.entries = entries
        formats = Self.formats(of: entries, manifest.formats, tensors: matching.used)
        tensors = matching.used
        unusedTensors = unused
        self.tiedCopies = tiedCopies
    }
}

extension MatchedWeights {
    fileprivate static func formats(
        of entries: [Entry],
        _ formats: WeightFormats,
        tensors: [Checkpoint.Tensor]
    ) -> [WeightFormat] {
        let quantized = Set(entries.filter(\.isQuantized).compactMap(\.weightClass))
        return entries.map { entry in
            guard let weightClass = entry.weightClass else { return .f32 }
            let format = formats[weightClass]
            guard format.isInteger, quantized.contains(weightClass), !entry.isQuantized,
                let tensor = entry.sources.lazy.flatMap(\.tensors).first
            else { return format }
            return switch tensors[tensor].entry.element {
            case .bf16: .bf16
            case .f16: .f16
            default: .f32
            }
        }
    }
}

extension MatchedWeights.Entry {
    /// The class of a matrix.
    fileprivate var weightClass: WeightClass? {
        if case .matrix(_, _, let weightClass, _) = kind { weightClass } else { nil }
    }

    /// Whether any of its rows are integers in the checkpoint.
    fileprivate var isQuantized: Bool { sources.contains { $0.quantized != nil } }
}

/// A checkpoint while it is compared with a manifest.
private struct Matching {
    private let naming: TensorNaming
    private let convention: QuantizationConvention
    /// The tensors by the model's names.
    private var available: [String: Checkpoint.Tensor] = [:]
    /// For each tensor in use its place in `used`, by the model's name.
    private var places: [String: Int] = [:]
    private(set) var used: [Checkpoint.Tensor] = []
    private(set) var mismatch: CheckpointMismatch

    init(_ manifest: WeightManifest, _ checkpoint: Checkpoint) {
        naming = manifest.naming
        convention = checkpoint.quantization
        mismatch = CheckpointMismatch(path: checkpoint.path)
        let declared = Set(manifest.placedEntries.flatMap { $0.sourceNames.compactMap(\.self) })
        for (name, tensor) in checkpoint.tensors.sorted(by: { $0.key < $1.key }) {
            let modelName = naming.modelName(of: name, declared: declared)
            if let other = available[modelName] {
                mismatch.ambiguous.append(.init(name: modelName, found: [other.entry.name, name]))
            } else {
                available[modelName] = tensor
            }
        }
    }

    mutating func resolve(_ placed: [WeightManifest.PlacedEntry]) -> [MatchedWeights.Entry] {
        placed.map { item in
            let sources = zip(item.entry.sources, item.sourceNames).map { source, name in
                resolve(source, named: name, isMatrix: item.entry.isMatrix)
            }
            return MatchedWeights.Entry(path: item.path, kind: item.entry.kind, sources: sources)
        }
    }

    private mutating func resolve(
        _ source: TensorSource,
        named name: String?,
        isMatrix: Bool
    ) -> MatchedWeights.Source {
        func rows(of tensors: [Int], _ quantized: QuantizedTensor? = nil) -> MatchedWeights.Source {
            MatchedWeights.Source(
                tensors: tensors,
                quantized: quantized,
                firstRow: source.rows.lowerBound,
                rowCount: source.rows.count,
                rowElements: source.rowElements
            )
        }
        let zeros = rows(of: [])
        guard let name else { return zeros }
        if isMatrix, let parts = quantizedParts(of: name) {
            var members: [Int] = []
            for (part, tensor) in parts.all.sorted(by: { $0.key < $1.key }) {
                members.append(use(tensor, named: part))
            }
            do throws(UnreadableQuantization) {
                let shape = [source.shape.first ?? 1, source.rowElements]
                return rows(of: members, try parts.tensor(shape: shape, convention: convention))
            } catch {
                mismatch.unreadable.append(error)
                return zeros
            }
        }
        guard let (modelName, tensor) = tensor(named: name) else {
            mismatch.missing.append(.init(name: name, shape: source.shape))
            return zeros
        }
        let place = use(tensor, named: modelName)
        guard tensor.entry.shape == source.shape else {
            mismatch.misshaped.append(
                .init(name: tensor.entry.name, found: tensor.entry.shape, expected: source.shape)
            )
            return zeros
        }
        guard tensor.entry.element.isFloatingPoint else {
            mismatch.wrongType.append(.init(name: tensor.entry.name, found: tensor.entry.element))
            return zeros
        }
        return rows(of: [place])
    }

    /// The parts of a quantised matrix of this name, or of the one that serves for it.
    private func quantizedParts(of name: String) -> QuantizedParts? {
        if let parts = QuantizedParts(of: name, in: available) { return parts }
        guard available[name] == nil, let original = naming.tied[name] else { return nil }
        return QuantizedParts(of: original, in: available)
    }

    /// The place of a tensor among those in use, of which it becomes one.
    private mutating func use(_ tensor: Checkpoint.Tensor, named name: String) -> Int {
        if let place = places[name] { return place }
        places[name] = used.count
        used.append(tensor)
        return used.count - 1
    }

    /// The tensor of this name, or the one that serves for it.
    private func tensor(named name: String) -> (name: String, tensor: Checkpoint.Tensor)? {
        if let tensor = available[name] { return (name, tensor) }
        guard let original = naming.tied[name], let tensor = available[original] else { return nil }
        return (original, tensor)
    }

    /// Sorts the tensors that no entry reads into those that are known and those that are surplus.
    mutating func accountForTheRest() -> (unused: [String], tiedCopies: [MatchedWeights.TiedCopy]) {
        var unused: [String] = []
        var tiedCopies: [MatchedWeights.TiedCopy] = []
        for (name, tensor) in available.sorted(by: { $0.key < $1.key }) where places[name] == nil {
            if let original = naming.tied[name].flatMap({ available[$0] }) {
                guard tensor.entry.shape == original.entry.shape else {
                    mismatch.misshaped.append(
                        .init(name: tensor.entry.name, found: tensor.entry.shape, expected: original.entry.shape)
                    )
                    continue
                }
                tiedCopies.append(.init(name: tensor.entry.name, copy: tensor, original: original))
            } else if naming.isUnused(name) || naming.isUnused(tensor.entry.name) {
                unused.append(tensor.entry.name)
            } else {
                mismatch.surplus.append(.init(name: tensor.entry.name, shape: tensor.entry.shape))
            }
        }
        return (unused, tiedCopies)
    }
}

extension WeightEntry {
    fileprivate var isMatrix: Bool {
        switch kind {
        case .matrix: true
        case .vector: false
        }
    }
}

extension ElementType {
    /// Whether weights can be of this type: a sign, an exponent and a fraction.
    var isFloatingPoint: Bool {
        switch self {
        case .f64, .f32, .f16, .bf16: true
        case .i64, .i32, .i16, .i8, .u64, .u32, .u16, .u8, .bool: false
        }
    }
}
