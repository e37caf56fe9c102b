// Measures the phases of a model one after the other: warm-up, some runs, their median.
// What a run is: BenchedModel.swift. What is said about it: BenchReport.swift.

import Generation
import InputProcessing
import ModelRuntime

/// A phase that has been measured.
struct MeasuredPhase: Sendable, Hashable {
    let phase: BenchPhase
    /// What a run does, in words.
    let what: String
    /// What is counted, such as `tokens`.
    let unit: String
    /// How many of them a run makes.
    let count: Int
    /// Seconds of each run.
    let seconds: [Double]
    /// How often the threads waited for one another in a run.
    let joins: Int
    /// Bytes that a run must move at least.
    let bytes: Double
    /// Operations that a run must do at least.
    let operations: Double
    /// The least time of a run on this machine.
    let least: LeastTime

    /// Seconds of the run in the middle.
    var median: Double {
        let sorted = seconds.sorted()
        guard !sorted.isEmpty else { return .nan }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
    /// What is counted, a second.
    var rate: Double { Double(count) / median }
    /// The part of the limit that is reached: 1 if no machine with these limits could be faster.
    var fraction: Double { least.seconds / median }
}

/// The measurement of a model.
struct BenchRun<Model: CompiledModel> {
    let plan: BenchPlan
    let machine: MachineRates
    let benched: BenchedModel<Model>
    /// How images become patches, and into how many; nil in a model that reads none.
    let image: BenchImage?

    /// Measures all phases of the plan that the model has, and tells of each when it is done.
    func run(onPhase: (MeasuredPhase) -> Void = { _ in }) throws -> [MeasuredPhase] {
        var phases: [MeasuredPhase] = []
        func measured(_ phase: BenchPhase, _ measure: () throws -> MeasuredPhase?) rethrows {
            guard plan.phases.contains(phase), let result = try measure() else { return }
            onPhase(result)
            phases.append(result)
        }
        try measured(.image) { try image.map(preprocessing) }
        try measured(.encode) { try image.map(encoding) }
        try measured(.prefill) { try prefill() }
        if !plan.phases.isDisjoint(with: [.decode, .batch]) {
            benched.truncate(to: 0)
            try benched.prefill(tokens: plan.prompt)
            try benched.copyFirstSequence()
        }
        try measured(.decode) { try decoding(.decode, sequences: 1) }
        try measured(.batch) { try decoding(.batch, sequences: plan.sequences) }
        return phases
    }

    // MARK: Phases

    private func preprocessing(_ image: BenchImage) throws -> MeasuredPhase {
        let loop = benched.device.pool.parallelLoop
        let runs = try timed { _ = try image.processor.process(image.pixels, in: loop) }
        let patches = image.plan.grid.patchCount
        let resized = 3 * image.plan.resizedWidth * image.plan.resizedHeight
        let bytes = Double(image.pixels.pixels.count + 2 * resized + 4 * image.plan.floatCount)
        return MeasuredPhase(
            phase: .image,
            what: "\(plan.image) pixels to \(patches) patches",
            unit: "patches",
            count: patches,
            seconds: runs.seconds,
            joins: runs.joins,
            bytes: bytes,
            operations: 0,
            least: LeastTime(bandwidthSeconds: bytes / machine.bytesPerSecond, computeSeconds: 0)
        )
    }

    private func encoding(_ image: BenchImage) throws -> MeasuredPhase {
        let patched = try image.processor.process(image.pixels, in: benched.device.pool.parallelLoop)
        let grid = ImageGrid(frames: patched.grid.temporal, rows: patched.grid.height, columns: patched.grid.width)
        let layout = try Model.visionLayout(of: [grid], limits: benched.limits)
        let features = ImageFeatures(count: layout.tokenCount, width: Model.manifest.decoder.hidden)
        let runs = timed {
            guard let output = features.values.baseAddress else { return }
            benched.model.encodeImages(patched.patches, layout: layout, into: output, observer: nil)
        }
        return measuredCalls(
            .encode,
            "\(layout.patchCount) patches to \(layout.tokenCount) features",
            unit: ("patches", layout.patchCount),
            runs,
            Model.manifest.costs.encodeImages,
            [.image(patches: layout.patchCount, merge: Model.manifest.vision?.merge ?? 1)]
        )
    }

    private func prefill() throws -> MeasuredPhase {
        let runs = try timed {
            benched.truncate(to: 0)
            try benched.prefill(tokens: plan.prompt)
        }
        // Every chunk reads all weights; the last one makes logits.
        let chunks = stride(from: 0, to: plan.prompt, by: benched.limits.rows).map { first in
            let rows = min(benched.limits.rows, plan.prompt - first)
            return CallSizes.step([(rows: rows, cached: first)], logitRows: first + rows == plan.prompt ? 1 : 0)
        }
        return measuredCalls(
            .prefill,
            "\(plan.prompt) tokens" + (chunks.count > 1 ? " in \(chunks.count) chunks" : ""),
            unit: ("tokens", plan.prompt),
            runs,
            Model.manifest.costs.step,
            chunks
        )
    }

    private func decoding(_ phase: BenchPhase, sequences: Int) throws -> MeasuredPhase {
        benched.truncate(to: plan.prompt)
        for _ in 0..<BenchPlan.warmUpTokens { try benched.decode(sequences: sequences) }
        let runs = try timed(most: plan.generate, warmUp: false) { try benched.decode(sequences: sequences) }
        // The median token sees half of those that were generated.
        let cached = plan.prompt + BenchPlan.warmUpTokens + runs.seconds.count / 2
        return measuredCalls(
            phase,
            "a token for \(sequences == 1 ? "1 sequence" : "each of \(sequences) sequences") of \(cached)",
            unit: ("tokens", sequences),
            runs,
            Model.manifest.costs.step,
            [.step([(rows: Int, cached: Int)](repeating: (1, cached), count: sequences), logitRows: sequences)]
        )
    }

    // MARK: Measuring

    /// A phase of which a run makes `calls`, one after the other.
    private func measuredCalls(
        _ phase: BenchPhase,
        _ what: String,
        unit: (name: String, count: Int),
        _ runs: Runs,
        _ cost: CostPlan.Call,
        _ calls: [CallSizes]
    ) -> MeasuredPhase {
        let formats = benched.formats
        let works = calls.map { CallWork(cost, $0, formats: formats, tokenBytes: benched.tokenBytes) }
        let leasts = works.map {
            LeastTime($0, formats: formats, cache: benched.limits.cachePrecision, on: machine)
        }
        return MeasuredPhase(
            phase: phase,
            what: what,
            unit: unit.name,
            count: unit.count,
            seconds: runs.seconds,
            joins: runs.joins,
            bytes: works.reduce(0) { $0 + $1.bytes },
            operations: works.reduce(0) { $0 + $1.operations },
            least: LeastTime(
                bandwidthSeconds: leasts.reduce(0) { $0 + $1.bandwidthSeconds },
                computeSeconds: leasts.reduce(0) { $0 + $1.computeSeconds }
            )
        )
    }

    /// What was seen of the runs of a phase.
    private struct Runs {
        var seconds: [Double] = []
        var joins = 0
    }

    /// Runs `body` some times.
    private func timed(most: Int? = nil, warmUp: Bool = true, _ body: () throws -> Void) rethrows -> Runs {
        let clock = ContinuousClock()
        if warmUp { try body() }
        var seconds: [Double] = []
        let joins = benched.device.pool.joins
        let start = clock.now
        while seconds.count < most ?? plan.repetitions {
            let elapsed = try clock.measure(body)
            seconds.append(elapsed / .seconds(1))
            if (clock.now - start) / .seconds(1) > plan.seconds || Interruption.isRequested { break }
        }
        return Runs(seconds: seconds, joins: (benched.device.pool.joins - joins) / max(seconds.count, 1))
    }
}

/// An image of random pixels and what becomes of it.
struct BenchImage {
    let processor: ImageProcessor
    let pixels: RGBImage
    let plan: PatchPlan

    /// An image for a model with these constants.
    ///
    /// - Throws: `LoadingError`, and `ImageError` for sides that the model refuses.
    init(_ constants: ImageConstants, _ size: PixelSize, seed: UInt64) throws {
        processor = try ImageProcessor(try ImageProcessorConfiguration(constants))
        plan = try processor.plan(width: size.width, height: size.height)
        var generator = SeededGenerator(seed: seed)
        var bytes = [UInt8](repeating: 0, count: 3 * size.width * size.height)
        for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: generator.next() >> 32) }
        guard let image = RGBImage(width: size.width, height: size.height, pixels: bytes) else {
            preconditionFailure("an image of \(size)")
        }
        pixels = image
    }
}
