// `quantize`: a checkpoint with integers for weights, in a form that other libraries read, and what that costs.

import ArgumentParser
import Generation
import ModelRuntime
import TensorTypes

/// Writes a quantised checkpoint.
struct QuantizeCommand<Model: CompiledModel>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "quantize",
            abstract: "Write a quantised copy of a checkpoint, and say what it costs.",
            discussion: """
                The copy is a directory in the layout of Hugging Face: w4g128 as AWQ (gemm), the others as \
                compressed-tensors (pack-quantized). `vlmc import` describes it with the same formats, and the model \
                compiled from that reads the same integers.

                With --text or --image, the predictions of the copy are compared with those of the original in bf16, at \
                every position of the prompts: Kullback-Leibler divergence in nats, and how often the most probable \
                token is the same.

                  \(Model.manifest.name) quantize --weights DIR --format w4g128 -o DIR-w4 --text notes.txt
                """
        )
    }

    @Option(
        name: [.short, .customLong("weights")],
        help: ArgumentHelp("The checkpoint: a directory in the layout of Hugging Face.", valueName: "dir")
    )
    var weights: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The format of the integers: \(Self.formats.map(\.name).joined(separator: ", ")).")
    )
    var format: String

    @Option(name: .shortAndLong, help: ArgumentHelp("The directory to write; it must not exist yet.", valueName: "dir"))
    var output: String

    @Option(
        help: ArgumentHelp(
            "The classes of weights that become integers, separated by commas: "
                + WeightClass.allCases.map(\.rawValue).joined(separator: ", ") + ".",
            valueName: "list"
        )
    )
    var classes = CheckpointQuantizer.usualClasses.map(\.rawValue).sorted().joined(separator: ",")

    @Option(help: ArgumentHelp("A text to compare predictions on; may be repeated.", valueName: "file"))
    var text: [String] = []

    @Option(help: ArgumentHelp("An image to compare predictions on; may be repeated.", valueName: "file"))
    var image: [String] = []

    @Option(
        name: .customLong("cache"),
        help: ArgumentHelp("The directory for packed weights of the comparison.", valueName: "dir")
    )
    var cacheFolder: String?

    @Option(parsing: .unconditional, help: "Threads; by default one for each core that this process may use.")
    var threads: Int?

    @Option(parsing: .unconditional, help: "The most pixels of an image after resizing.")
    var maxPixels: Int?

    @Flag(name: .shortAndLong, help: "Show the error of every tensor.")
    var verbose = false

    @Flag(name: .shortAndLong, help: "Show no progress and no notices.")
    var quiet = false

    private static var formats: [WeightFormat] { WeightFormat.all.filter(\.isInteger) }

    func validate() throws {
        guard Self.formats.contains(where: { $0.name == format }) else {
            let names = Self.formats.map(\.name).joined(separator: ", ")
            throw ValidationError("--format is `\(format)`; allowed: \(names)")
        }
        for name in classes.split(separator: ",") where WeightClass(rawValue: String(name)) == nil {
            let names = WeightClass.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--classes has `\(name)`; allowed: \(names)")
        }
        if chosenClasses.isEmpty { throw ValidationError("--classes names no class of weights.") }
        if !image.isEmpty, Model.manifest.image == nil {
            throw ValidationError("\(Model.manifest.name) reads no images.")
        }
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads is \(threads); allowed: 1 to 1024")
        }
    }

    private var chosenClasses: Set<WeightClass> {
        Set(classes.split(separator: ",").compactMap { WeightClass(rawValue: String($0)) })
    }

    func run() throws {
        guard let format = WeightFormat.named(format) else { return }
        // What the comparison needs is read first: a mistake there is told before the work.
        let texts = try text.map(TextFile.read)
        let written = try write(format)
        StandardStreams.print(QuantizationReport.table(written.losses))
        if verbose { StandardStreams.print(QuantizationReport.tensors(written.losses)) }
        for kept in written.kept { StandardStreams.print("  \(kept.name) stays as it is: \(kept.reason)\n") }
        StandardStreams.print(
            "wrote \(written.folder): \(written.byteCount) bytes of tensors instead of \(written.sourceByteCount)\n"
        )
        guard !texts.isEmpty || !image.isEmpty else { return }
        let divergence = try compare(written, format, texts)
        StandardStreams.print(QuantizationReport.divergence(divergence, reference: .bf16, format: format) + "\n")
    }

    // MARK: Writing

    private func write(_ format: WeightFormat) throws -> QuantizedCheckpoint {
        try PackingProgress.showing(isQuiet: quiet) { callbacks in
            let matched = try MatchedWeights(Model.manifest.weights, in: Checkpoint(path: weights))
            let quantizer = try CheckpointQuantizer(
                matched,
                format: format,
                classes: chosenClasses,
                pool: ThreadPool(threads: threads ?? AvailableCores.count()),
                kernels: CPUKernelSet.chosen(),
                callbacks: callbacks
            )
            return try quantizer.write(to: output)
        }
    }

    // MARK: Comparing

    private func compare(
        _ written: QuantizedCheckpoint,
        _ format: WeightFormat,
        _ texts: [String]
    ) throws -> AnswerDivergence {
        let exceptions = chosenClasses.map { ($0, format) }
        let comparison = AnswerComparison<Model>(
            reference: try load(weights, WeightFormats(.bf16)),
            other: try load(
                written.folder,
                WeightFormats(.bf16, exceptions: Dictionary(exceptions) { first, _ in first })
            )
        )
        var prompts = try texts.flatMap(comparison.prompts)
        prompts += try image.map(comparison.prompt)
        var divergence = AnswerDivergence()
        var progress = ProgressLine(isQuiet: quiet)
        defer { progress.clear() }
        for (index, prompt) in prompts.enumerated() {
            progress.show("comparing predictions", index, of: prompts.count)
            try comparison.compare(prompt, into: &divergence) { Interruption.isRequested }
            if Interruption.isRequested { throw ExitCode(Interruption.exitCode) }
        }
        return divergence
    }

    private func load(_ folder: String, _ formats: WeightFormats) throws -> LoadedModel<Model> {
        var options = LoadingOptions(checkpoint: folder)
        options.cacheFolder = cacheFolder
        options.threads = threads
        options.weightFormats = formats
        options.logitRows = 64
        options.maximumPixels = maxPixels
        if image.isEmpty {
            options.contextTokens = min(
                AnswerComparison<Model>.pieceTokens + 1,
                Model.manifest.decoder.contextLength
            )
        }
        return try PackingProgress.showing(isQuiet: quiet) { try LoadedModel<Model>(options, callbacks: $0) }
    }
}
