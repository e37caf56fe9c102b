// What `vlmc report` says: parameters, shapes, memory at worst, and the least time on a machine.
// The figures come from Scheduling; here they are chosen, put in order and printed.

import CPUKernels
import ComputeGraph
import Diagnostics
import Foundation
import ModelDescriptions
import Scheduling
import TensorTypes

/// The report on a model.
public struct ModelReport: Sendable {
    let description: ModelDescription
    let schedule: Schedule
    let limits: RunLimits
    let machine: Machine
    let threads: Int
    let cacheElement: ElementType
    /// Pixels of the largest image.
    let maximumPixels: Int?

    /// A report for sequences of `contextTokens` and images of at most `maximumPixels`.
    ///
    /// - Parameters:
    ///   - contextTokens: Tokens that the cache holds; nil means what the model was made for.
    ///   - maximumPixels: Pixels of the largest image after resizing; nil means what the description states.
    ///   - stepRows: Rows of a prefill step.
    ///   - threads: Threads of the device.
    public init(
        _ description: ModelDescription,
        schedule: Schedule,
        contextTokens: Int?,
        maximumPixels: Int?,
        stepRows: Int,
        cacheElement: ElementType,
        machine: Machine,
        threads: Int
    ) {
        self.description = description
        self.schedule = schedule
        self.machine = machine
        self.threads = threads
        self.cacheElement = cacheElement
        let pixels = description.image.map { maximumPixels ?? $0.maximumPixels }
        self.maximumPixels = pixels
        let patch = description.vision?.patch ?? 1
        limits = RunLimits(
            contextTokens: contextTokens ?? description.decoder.context,
            stepRows: stepRows,
            logitRows: 1,
            patches: pixels.map { $0 / (patch * patch) } ?? 0
        )
    }

    /// Tokens that the largest image takes in the decoder.
    private var imageTokens: Int {
        guard let vision = description.vision else { return 0 }
        return limits.patches / (vision.merge * vision.merge)
    }

    /// The report as text.
    public var text: String {
        var lines = ["\(description.name): \(formatted(Double(parameterCount))) parameters"]
        lines += weightRows
        lines += ["", "Shapes"] + shapeLines
        lines += ["", "Memory at worst, for \(limits.contextTokens) tokens\(imageClause)"]
        let proof = MemoryProof(schedule, limits: limits, cacheElement: cacheElement, device: [deviceScratch])
        for part in proof.parts where part.bytes > 0 {
            lines.append("  \(part.name.padded(to: 32))\(bytes(part.bytes).paddedLeft(to: 12))  \(part.formula)")
        }
        lines.append("  \("total".padded(to: 32))\(bytes(proof.totalBytes).paddedLeft(to: 12))")
        lines += ["", machineLine]
        for (name, time) in times {
            let seconds = milliseconds(time.seconds)
            lines.append(
                "  \(name.padded(to: 40))\(seconds.paddedLeft(to: 12))  \(bytes(Int(time.bytes))), "
                    + "\(formatted(time.operations)) operations, limited by \(time.limit.rawValue)"
            )
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What the kernels of a CPU need beside the arena; they say themselves how much.
    private var deviceScratch: MemoryProof.Part {
        let inputs = schedule.routines.flatMap { $0.block.weights.map(\.weight.columns) }.max() ?? 1
        let perThread = vlmc_scratch_bytes()
        let rows = vlmc_packed_input_bytes(Int32(inputs))
        let partials = vlmc_attention_partial_bytes(Int32(threads))
        return MemoryProof.Part(
            name: "scratch of the CPU",
            bytes: threads * perThread + rows + partials,
            formula: "\(perThread) x \(threads) threads + \(rows) for rows of \(inputs) + \(partials) for attention"
        )
    }

    private var imageClause: String {
        maximumPixels.map { " and an image of \($0) pixels (\(limits.patches) patches, \(imageTokens) tokens)" } ?? ""
    }

    private var machineLine: String {
        "Least time on \(machine.name) (\(formatted(machine.bytesPerSecond)) bytes/s, "
            + "\(formatted(machine.operationsPerSecond)) operations/s)"
    }

    private var parameterCount: Int { schedule.parameterCounts.values.reduce(0, +) }

    /// Parameters, format and bytes of each class of weights.
    private var weightRows: [String] {
        let parameters = schedule.parameterCounts
        let byteCounts = schedule.weightByteCounts
        let classes = ModelDescription.Quantization.TensorClass.allCases.map(Optional.some) + [nil]
        return classes.compactMap { key in
            guard let count = parameters[key] else { return nil }
            let format = key.map { description.quantization.format(of: $0) } ?? .f32
            return "  \((key?.rawValue ?? "vectors").padded(to: 12))\(String(count).paddedLeft(to: 16))  "
                + "\(format.name.padded(to: 8))\(bytes(byteCounts[key] ?? 0).paddedLeft(to: 12))"
        }
    }

    private var shapeLines: [String] {
        schedule.routines.flatMap { routine -> [String] in
            let name = routine.block.name + (routine.block.repetitions > 1 ? " x \(routine.block.repetitions)" : "")
            return ["  \(name)"]
                + routine.block.weights.map { id, weight in
                    "    \(routine.block[id].name.padded(to: 30))\(weight.type)"
                        + (routine.matrices[id].map { "  \($0.format.name)" } ?? "")
                }
        }
    }

    private var times: [(String, RooflineTime)] {
        let model = CostModel(schedule, cacheElement: cacheElement)
        var times: [(String, RooflineTime)] = []
        if let routine = schedule.routine(named: GraphExpansion.encodeImages) {
            let time = RooflineTime(model.cost(of: routine), sizes: limits.sizes, on: machine)
            times.append(("encode an image of \(limits.patches) patches", time))
        }
        guard let routine = schedule.routine(named: GraphExpansion.step) else { return times }
        let cost = model.cost(of: routine)
        let prefill = min(limits.stepRows, limits.contextTokens)
        times.append(
            (
                "prefill \(prefill) tokens",
                RooflineTime(
                    cost,
                    sizes: [.rows: prefill, .logitRows: 1, .context: (prefill + 1) / 2],
                    on: machine
                )
            )
        )
        times.append(
            (
                "decode a token after \(limits.contextTokens)",
                RooflineTime(
                    cost,
                    sizes: [.rows: 1, .logitRows: 1, .context: limits.contextTokens],
                    on: machine
                )
            )
        )
        return times
    }

    private func bytes(_ count: Int) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var value = Double(count)
        var unit = 0
        while value >= 1024, unit + 1 < units.count {
            value /= 1024
            unit += 1
        }
        return unit == 0 ? "\(count) B" : String(format: "%.2f %@", value, units[unit])
    }

    private func milliseconds(_ seconds: Double) -> String { String(format: "%.3f ms", seconds * 1000) }

    private func formatted(_ value: Double) -> String {
        let units: [(Double, String)] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")]
        for (size, unit) in units where value >= size { return String(format: "%.2f %@", value / size, unit) }
        return String(format: "%.0f", value)
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(1, width - count))
    }

    fileprivate func paddedLeft(to width: Int) -> String {
        String(repeating: " ", count: Swift.max(0, width - count)) + self
    }
}
