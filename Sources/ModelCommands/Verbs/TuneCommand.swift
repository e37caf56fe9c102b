// `tune`: tries the few kernels and parameters there are on this machine with this model, and remembers what is best.
// What is tried and when it is taken: Tuning/Tuner.swift.

import ArgumentParser
import Generation
import ModelRuntime
import TensorTypes

/// Chooses kernels by measurement.
struct TuneCommand<Model: CompiledModel>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "tune",
            abstract: "Try the kernels on this machine with this model, and remember the best.",
            discussion: """
                Runs a token for one sequence, a token for each of 8, and a prompt of 512 with every set of kernels \
                that this processor has, then with other distances of prefetch and other cuts of the work among the \
                threads; in turn, because the bandwidth of a machine changes. What makes a whole run faster by more \
                than 2%, and none slower by as much, replaces the default.

                The choice is remembered in the user's cache (or --cache) for this processor, these formats and this \
                number of threads; `generate`, `chat` and `bench` find it there. Prefetch and cuts change no result; \
                other kernels may round differently. VLMC_CPU overrides it.

                With --synthetic neither a tokenizer nor a checkpoint is needed; the choice holds for checkpoints, too.
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

    @Option(
        name: .customLong("cache"),
        help: ArgumentHelp(
            "The directory for packed weights and for the choice; to be named to the other verbs as well.",
            valueName: "dir"
        )
    )
    var cacheFolder: String?

    @Option(parsing: .unconditional, help: "Threads; by default one for each core that this process may use.")
    var threads: Int?

    @Option(help: "The format of the weights: auto (as described in the TOML) or one of those that `generate` takes.")
    var dtype = "auto"

    @Option(parsing: .unconditional, help: "How long to measure; longer only for three rounds of every comparison.")
    var seconds = 30.0

    @Flag(help: "Give one JSON object instead of text.")
    var json = false

    @Flag(name: .shortAndLong, help: "Show no progress and no notices.")
    var quiet = false

    func validate() throws {
        if synthetic == (weights != nil) { throw ValidationError("Give either --weights or --synthetic.") }
        try LoadingArguments.validate(dtype: dtype, kvCacheDtype: "auto")
        if let threads, !(1...256).contains(threads) {
            throw ValidationError("--threads is \(threads); allowed: 1 to 256")
        }
        guard seconds >= 0 else { throw ValidationError("--seconds is \(seconds); allowed: 0 or more") }
    }

    func run() throws {
        guard !CPUKernelSet.isNamed else {
            throw ValidationError("VLMC_CPU names the kernels already; without it, `tune` compares them.")
        }
        let report = try tuned()
        StandardStreams.print(json ? try report.json() + "\n" : report.text)
    }

    /// Measures, chooses and remembers.
    func tuned() throws -> TuningReport {
        let pool = ThreadPool(threads: threads ?? AvailableCores.count())
        let packed = try packedWeights(pool)
        let key = TuningKey(Model.manifest, formats: packed.manifest.formats, threads: pool.threadCount)
        let run = TuningRun<Model>(packed, pool: pool)
        let others = TuningRun<Model>.others(than: .best)
        let outcome = try tuned(run, others)
        let tuning = ModelTuning(kernels: outcome.chosen.kernels, products: outcome.chosen.products)
        return TuningReport(
            key: key,
            weights: synthetic ? "random" : "its own",
            outcome: outcome,
            others: others,
            what: [
                .decode: "A token for 1 sequence of \(run.context)",
                .batch: "A token for each of \(run.sequences) sequences of \(run.context)",
                .prefill: "A prompt of \(run.prompt) tokens",
            ],
            path: try TuningStore(cacheFolder: cacheFolder).write(tuning, for: key)
        )
    }

    private func packedWeights(_ pool: ThreadPool) throws -> PackedWeights {
        let manifest = Model.manifest
        let declared = WeightFormat.named(dtype).map { manifest.weights.with(.standard($0)) } ?? manifest.weights
        guard let weights else { return try PackedWeights.synthetic(declared, pool: pool) }
        let matched = try MatchedWeights(declared, in: Checkpoint(path: weights))
        return try PackingProgress.showing(isQuiet: quiet) {
            try PackedWeights.open(matched, cacheFolder: cacheFolder, pool: pool, callbacks: $0)
        }
    }

    private func tuned(_ run: TuningRun<Model>, _ others: [String]) throws -> TuningOutcome {
        let clock = ContinuousClock()
        let start = clock.now
        func now() -> Double { start.duration(to: clock.now) / .seconds(1) }
        var progress = ProgressLine(isQuiet: quiet)
        var stage = ""
        defer { progress.clear() }
        let tuner = Tuner(
            standard: CPUKernelSet.best.description,
            others: others,
            seconds: seconds,
            now: now,
            run: { phase, setup in
                // Rounds that are needed may take longer than was asked for.
                let done = seconds > 0 ? min(99, Int(now() / seconds * 100)) : 99
                progress.show(stage, done, of: 100)
                return try run.run(phase, setup)
            },
            onProgress: { stage = $0 }
        )
        do {
            return try tuner.tune()
        } catch let code as ExitCode {
            progress.clear()
            StandardStreams.report("interrupted; nothing was changed")
            throw code
        }
    }
}
