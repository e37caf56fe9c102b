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
    /// Bytes a second that the machine read before or after the runs.
    let readRate: Double
    /// The kinds of calls, the longest first; empty if they were not counted.
    var calls: [ProfiledCall] = []

    /// Seconds of the run in the middle.
    var median: Double {
        let sorted = seconds.sorted()
        guard !sorted.isEmpty else { return .nan }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
    /// Seconds of a run on average.
    var mean: Double { seconds.reduce(0, +) / Double(max(seconds.count, 1)) }
    /// What is counted, a second.
    var rate: Double { Double(count) / median }
    /// The part of the limit that is reached: 1 if no machine with these limits could be faster.
    var fraction: Double { least.seconds / median }
}

/// All calls of one kind in a run, on average.
struct ProfiledCall: Sendable, Hashable {
    let call: DeviceCall
    let count: Double
    let seconds: Double
    let weightBytes: Double

    /// Those of a profile of `runs` runs, the longest first.
    static func list(_ profile: CallProfile, runs: Int) -> [ProfiledCall] {
        let runs = Double(max(runs, 1))
        return profile.totals.map { call, total in
            ProfiledCall(
                call: call,
                count: Double(total.calls) / runs,
                seconds: total.seconds / runs,
                weightBytes: Double(total.weightBytes) / runs
            )
        }.sorted { $0.seconds > $1.seconds }
    }
}

/// The measurement of a model.
struct BenchRun<Model: CompiledModel> {
    let plan: BenchPlan
    let machine: MachineRates
    /// Bytes a second that this machine reads at this moment. Asked for before and after each phase, of which the higher
    /// counts: neighbours take bandwidth for minutes at a time.
    let readRate: () -> Double
    let benched: BenchedModel<Model>
    /// How images become patches, and into how many; nil in a model that reads none.
    let image: BenchImage?
    /// Whether the kernels were chosen by measurement.
    let isTuned: Bool

    /// Measures all phases of the plan that the model has, and tells of each when it is done.
    func run(onPhase: (MeasuredPhase) -> Void = { _ in }) throws -> [MeasuredPhase] {
        var phases: [MeasuredPhase] = []
        var before = machine.bytesPerSecond
        func measured(_ phase: BenchPhase, _ measure: () throws -> PhaseRuns?) rethrows {
            guard plan.phases.contains(phase), let runs = try measure() else { return }
            let after = readRate()
            var limits = machine
            limits.bytesPerSecond = max(before, after)
            before = after
            let result = described(phase, runs, limits)
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
        try measured(.decode) { try decoding(sequences: 1) }
        try measured(.batch) { try decoding(sequences: plan.sequences) }
        return phases
    }

    // MARK: Phases

    /// What was seen of the runs of a phase, and what a run has to do.
    private struct PhaseRuns {
        var what = ""
        var unit = "tokens"
        var count = 0
        var seconds: [Double] = []
        var joins = 0
        /// The calls of a run, one after the other.
        var works: [CallWork] = []
        /// Bytes besides those of the calls.
        var otherBytes = 0.0
        var profile: CallProfile?
    }

    private func preprocessing(_ image: BenchImage) throws -> PhaseRuns {
        let loop = benched.device.pool.parallelLoop
        var runs = try timed { _ = try image.processor.process(image.pixels, in: loop) }
        let resized = 3 * image.plan.resizedWidth * image.plan.resizedHeight
        runs.otherBytes = Double(image.pixels.pixels.count + 2 * resized + 4 * image.plan.floatCount)
        (runs.unit, runs.count) = ("patches", image.plan.grid.patchCount)
        runs.what = "\(plan.image) pixels to \(runs.count) patches"
        return runs
    }

    private func encoding(_ image: BenchImage) throws -> PhaseRuns {
        let patched = try image.processor.process(image.pixels, in: benched.device.pool.parallelLoop)
        let grid = ImageGrid(frames: patched.grid.temporal, rows: patched.grid.height, columns: patched.grid.width)
        let layout = try Model.visionLayout(of: [grid], limits: benched.limits)
        let features = ImageFeatures(count: layout.tokenCount, width: Model.manifest.decoder.hidden)
        var runs = timed {
            guard let output = features.values.baseAddress else { return }
            benched.model.encodeImages(
                patched.patches,
                layout: layout,
                adapter: benched.adapter,
                into: output,
                observer: nil
            )
        }
        (runs.unit, runs.count) = ("patches", layout.patchCount)
        runs.what = "\(layout.patchCount) patches to \(layout.tokenCount) features"
        let sizes = CallSizes.image(patches: layout.patchCount, merge: Model.manifest.vision?.merge ?? 1)
        runs.works = works(Model.manifest.costs.encodeImages, [sizes])
        return runs
    }

    private func prefill() throws -> PhaseRuns {
        var runs = try timed {
            benched.truncate(to: 0)
            try benched.prefill(tokens: plan.prompt)
        }
        // Every chunk reads all weights; the last one makes logits.
        let chunks = stride(from: 0, to: plan.prompt, by: benched.limits.rows).map { first in
            let rows = min(benched.limits.rows, plan.prompt - first)
            return CallSizes.step([(rows: rows, cached: first)], logitRows: first + rows == plan.prompt ? 1 : 0)
        }
        runs.count = plan.prompt
        runs.what = "\(plan.prompt) tokens" + (chunks.count > 1 ? " in \(chunks.count) chunks" : "")
        runs.works = works(Model.manifest.costs.step, chunks)
        return runs
    }

    private func decoding(sequences: Int) throws -> PhaseRuns {
        benched.truncate(to: plan.prompt)
        for _ in 0..<BenchPlan.warmUpTokens { try benched.decode(sequences: sequences) }
        var runs = try timed(most: plan.generate, warmUp: false) { try benched.decode(sequences: sequences) }
        // The median token sees half of those that were generated.
        let cached = plan.prompt + BenchPlan.warmUpTokens + runs.seconds.count / 2
        runs.count = sequences
        runs.what = "a token for \(sequences == 1 ? "1 sequence" : "each of \(sequences) sequences") of \(cached)"
        let rows = [(rows: Int, cached: Int)](repeating: (1, cached), count: sequences)
        runs.works = works(Model.manifest.costs.step, [.step(rows, logitRows: sequences)])
        return runs
    }

    // MARK: Measuring

    private func works(_ cost: CostPlan.Call, _ calls: [CallSizes]) -> [CallWork] {
        calls.map { CallWork(cost, $0, formats: benched.formats, tokenBytes: benched.tokenBytes) }
    }

    /// Runs `body` some times.
    private func timed(most: Int? = nil, warmUp: Bool = true, _ body: () throws -> Void) rethrows -> PhaseRuns {
        let clock = ContinuousClock()
        if warmUp { try body() }
        var runs = PhaseRuns()
        if plan.profiles { runs.profile = CallProfile() }
        benched.device.profile = runs.profile
        defer { benched.device.profile = nil }
        let joins = benched.device.pool.joins
        let start = clock.now
        while runs.seconds.count < most ?? plan.repetitions {
            let elapsed = try clock.measure(body)
            runs.seconds.append(elapsed / .seconds(1))
            if (clock.now - start) / .seconds(1) > plan.seconds || Interruption.isRequested { break }
        }
        runs.joins = (benched.device.pool.joins - joins) / max(runs.seconds.count, 1)
        return runs
    }

    private func described(_ phase: BenchPhase, _ runs: PhaseRuns, _ machine: MachineRates) -> MeasuredPhase {
        let leasts = runs.works.map {
            LeastTime($0, formats: benched.formats, cache: benched.limits.cachePrecision, on: machine)
        }
        return MeasuredPhase(
            phase: phase,
            what: runs.what,
            unit: runs.unit,
            count: runs.count,
            seconds: runs.seconds,
            joins: runs.joins,
            bytes: runs.works.reduce(runs.otherBytes) { $0 + $1.bytes },
            operations: runs.works.reduce(0) { $0 + $1.operations },
            least: LeastTime(
                bandwidthSeconds: leasts.reduce(runs.otherBytes / machine.bytesPerSecond) { $0 + $1.bandwidthSeconds },
                computeSeconds: leasts.reduce(0) { $0 + $1.computeSeconds }
            ),
            readRate: machine.bytesPerSecond,
            calls: runs.profile.map { ProfiledCall.list($0, runs: runs.seconds.count) } ?? []
        )
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
