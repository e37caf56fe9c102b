// `bench`: how fast the model is on this machine, and how far from what the machine could do.
// The measuring is in Benchmark/.

import ArgumentParser
import Generation
import ModelRuntime
import TensorTypes

/// Measures the model.
struct BenchCommand<Model: CompiledModel>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "bench",
            abstract: "Measure every phase of the model against the limits of this machine.",
            discussion: """
                First measures what this machine can do with the same threads: bytes read from memory, and operations \
                in f32, bf16 and int8. Then each phase: an image to patches, patches to features, a prompt, a token at \
                a time for one sequence and for several at once. Bytes and operations are those that the model needs \
                at least, without an adapter; `reached` is the least time on this machine divided by the time that it \
                took.

                Neither a tokenizer nor, with --synthetic, a checkpoint is needed: tokens and pixels are random.
                """
        )
    }

    @Option(
        name: [.short, .customLong("weights")],
        help: ArgumentHelp("A checkpoint, in the layout of Hugging Face.", valueName: "dir")
    )
    var weights: String?

    @Flag(help: "Use random weights of the model's shapes, made in memory, instead of a checkpoint.")
    var synthetic = false

    @Option(name: .customLong("cache"), help: ArgumentHelp("The directory for packed weights.", valueName: "dir"))
    var cacheFolder: String?

    @Option(help: LoadingArguments.adapterHelp)
    var adapter: String?

    @Option(parsing: .unconditional, help: "Threads; by default one for each core that this process may use.")
    var threads: Int?

    @Option(help: "The format of the weights: auto (as described in the TOML) or one of those that `generate` takes.")
    var dtype = "auto"

    @Option(help: "What keys and values are kept as: auto (goes with --dtype), bf16, f32 or int8.")
    var kvCacheDtype = "auto"

    @Option(parsing: .unconditional, help: "Tokens of the prompt.")
    var prompt = BenchPlan().prompt

    @Option(parsing: .unconditional, help: "Tokens that are generated after it, and measured one by one.")
    var generate = BenchPlan().generate

    @Option(parsing: .unconditional, help: "Sequences that are decoded in common steps.")
    var sequences = BenchPlan().sequences

    @Option(help: ArgumentHelp("Pixels of the image before resizing.", valueName: "WxH"))
    var image = BenchPlan().image.description

    @Option(parsing: .unconditional, help: "Rows that are read at a time while a prompt is read.")
    var chunk = 512

    @Option(parsing: .unconditional, help: "Runs of each phase after one to warm up, of which the median counts.")
    var repetitions = BenchPlan().repetitions

    @Option(parsing: .unconditional, help: "No further run of a phase begins after so many seconds.")
    var seconds = BenchPlan().seconds

    @Option(help: ArgumentHelp("The phases: image, encode, prefill, decode, batch, or all.", valueName: "list"))
    var phases = "all"

    @Flag(help: "Say for every phase which calls its time goes to.")
    var profile = false

    @Option(parsing: .unconditional, help: "What tokens, pixels and random weights are drawn from.")
    var seed: UInt64 = 0

    @Flag(help: "Give one JSON object instead of text.")
    var json = false

    func validate() throws {
        if synthetic == (weights != nil) { throw ValidationError("Give either --weights or --synthetic.") }
        if synthetic, cacheFolder != nil { throw ValidationError("--cache goes with --weights.") }
        try LoadingArguments.validate(dtype: dtype, kvCacheDtype: kvCacheDtype)
        if let threads, !(1...256).contains(threads) {
            throw ValidationError("--threads is \(threads); allowed: 1 to 256")
        }
        let bounds: [(name: String, value: Int, allowed: ClosedRange<Int>)] = [
            ("prompt", prompt, 1...1_000_000), ("generate", generate, 1...100_000), ("sequences", sequences, 1...4096),
            ("chunk", chunk, 1...65536), ("repetitions", repetitions, 1...1000),
        ]
        for (name, value, allowed) in bounds where !allowed.contains(value) {
            throw ValidationError("--\(name) is \(value); allowed: \(allowed.lowerBound) to \(allowed.upperBound)")
        }
        guard seconds >= 0 else { throw ValidationError("--seconds is \(seconds); allowed: 0 or more") }
        let plan = try plan()
        let context = Model.manifest.decoder.contextLength
        guard plan.contextTokens <= context else {
            throw ValidationError(
                "--prompt and --generate, and \(BenchPlan.warmUpTokens) tokens to warm up, are \(plan.contextTokens) "
                    + "tokens; the model takes \(context)"
            )
        }
    }

    /// What is to be measured.
    ///
    /// - Throws: `ValidationError` for a phase or an image size that is none.
    func plan() throws -> BenchPlan {
        guard let size = PixelSize(image) else {
            throw ValidationError("--image is `\(image)`; right would be 1036x1036, each side from 1 to 65536")
        }
        var plan = BenchPlan()
        (plan.prompt, plan.generate, plan.sequences, plan.image) = (prompt, generate, sequences, size)
        (plan.repetitions, plan.seconds, plan.seed, plan.profiles) = (repetitions, seconds, seed, profile)
        if phases != "all" {
            plan.phases = Set(
                try phases.split(separator: ",", omittingEmptySubsequences: false).map { name in
                    if let phase = BenchPhase(rawValue: String(name)) { return phase }
                    let known = BenchPhase.allCases.map(\.rawValue).joined(separator: ", ")
                    throw ValidationError("--phases has `\(name)`; known are \(known)")
                }
            )
        }
        return plan
    }

    func run() throws {
        let plan = try plan()
        let pool = ThreadPool(threads: threads ?? AvailableCores.count())
        let machine = MachineRates.measured(threads: pool.threadCount)
        var peak = 0
        let forgetsPeak = PeakMemory.reset()
        /// The rate of reads now. The memory that is read for it must not count in the peak.
        func readRate() -> Double {
            guard forgetsPeak else { return machine.bytesPerSecond }
            peak = max(peak, PeakMemory.bytes() ?? 0)
            defer { PeakMemory.reset() }
            return MachineRates.readBandwidth(threads: pool.threadCount)
        }

        let bench = try load(plan, pool, machine, readRate)
        func report(_ phases: [MeasuredPhase]) -> BenchReport {
            self.report(bench, pool, phases, peakBytes: PeakMemory.bytes().map { max($0, peak) })
        }
        if !json { StandardStreams.print(report([]).header + "\n" + BenchReport.columns) }
        let measured = try bench.run { phase in
            if !json { StandardStreams.print(BenchReport.row(phase)) }
        }
        if Interruption.isRequested { throw ExitCode(Interruption.exitCode) }
        let result = report(measured)
        StandardStreams.print(json ? try result.json() + "\n" : "\n" + result.footer)
    }

    /// The model, ready to be measured.
    func load(
        _ plan: BenchPlan,
        _ pool: ThreadPool,
        _ machine: MachineRates,
        _ readRate: @escaping () -> Double
    ) throws -> BenchRun<Model> {
        let manifest = Model.manifest
        let declared = WeightFormat.named(dtype).map { manifest.weights.with(.standard($0)) } ?? manifest.weights
        let key = TuningKey(manifest, formats: declared.formats, threads: pool.threadCount)
        let kernels = try ChosenKernels(key, cacheFolder: cacheFolder) { path, damage in
            StandardStreams.report("note: \(PackingNotice.tuningIgnored(path: path, damage))")
        }
        let loadedAdapter = try adapter.map { folder in
            try Adapter(folder: folder, for: declared, kernels: kernels.set)
        }
        let packed: PackedWeights
        if let weights {
            let matched = try MatchedWeights(declared, in: Checkpoint(path: weights))
            packed = try PackingProgress.showing(isQuiet: false) {
                try PackedWeights.open(
                    matched,
                    cacheFolder: cacheFolder,
                    pool: pool,
                    kernels: kernels.set,
                    callbacks: $0
                )
            }
        } else {
            packed = try PackedWeights.synthetic(declared, seed: seed, pool: pool, kernels: kernels.set)
        }
        let needsImage = !plan.phases.isDisjoint(with: [.image, .encode])
        let image = needsImage ? try manifest.image.map { try BenchImage($0, plan.image, seed: seed) } : nil
        let standard: CacheGeometry.Precision = declared.formats.standard == .f32 ? .f32 : .bf16
        // Sequences keep whole blocks; only a batch has more than one.
        let sequences = plan.phases.contains(.batch) ? plan.sequences : 1
        let tokens = CacheGeometry.blockCount(tokens: plan.contextTokens) * CacheGeometry.blockTokens
        let limits = ModelLimits(
            rows: max(min(chunk, plan.prompt), sequences),
            logitRows: sequences,
            patches: image?.plan.grid.patchCount ?? 0,
            imageFeatures: image?.plan.tokenCount ?? 0,
            cacheTokens: sequences * tokens,
            cachePrecision: CacheGeometry.Precision(rawValue: kvCacheDtype) ?? standard,
            adapters: loadedAdapter.map { AdapterLimits(count: 1, rank: $0.rank) } ?? .none
        )
        let benched = try BenchedModel<Model>(
            packed,
            pool: pool,
            kernels: kernels.set,
            tunings: kernels.products,
            limits: limits,
            sequences: sequences,
            seed: seed,
            adapter: loadedAdapter
        )
        return BenchRun(
            plan: plan,
            machine: machine,
            readRate: readRate,
            benched: benched,
            image: image,
            isTuned: kernels.isTuned
        )
    }

    private func report(
        _ bench: BenchRun<Model>,
        _ pool: ThreadPool,
        _ phases: [MeasuredPhase],
        peakBytes: Int?
    ) -> BenchReport {
        BenchReport(
            model: Model.manifest.name,
            weights: synthetic ? "random" : "its own",
            formats: bench.benched.formats.listed,
            cache: bench.benched.limits.cachePrecision.rawValue,
            kernels: bench.benched.device.kernelSet.description,
            isTuned: bench.isTuned,
            threads: pool.threadCount,
            machine: bench.machine,
            phases: phases,
            weightBytes: bench.benched.weights.byteCount,
            plannedBytes: bench.benched.plannedBytes,
            peakBytes: peakBytes
        )
    }
}
