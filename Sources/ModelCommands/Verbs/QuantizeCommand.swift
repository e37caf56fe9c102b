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

                With --calibration-text or --calibration-image, the model reads them first, and rounding keeps what \
                counts for what its matrices multiplied there: about half the divergence of 4 bits. Some thousand tokens \
                of the kind that the model is for are enough.

                With --text or --image, the predictions of the copy are compared with those of the original, at \
                every position of the prompts: Kullback-Leibler divergence in nats, and how often the most probable \
                token is the same.

                  \(Model.manifest.name) quantize --weights DIR --format w4g128 -o DIR-w4 \
                    --calibration-text letters.txt --text notes.txt
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

    @Option(help: ArgumentHelp("A text to calibrate with; may be repeated.", valueName: "file"))
    var calibrationText: [String] = []

    @Option(help: ArgumentHelp("An image to calibrate with; may be repeated.", valueName: "file"))
    var calibrationImage: [String] = []

    @Option(help: ArgumentHelp("A text to compare predictions on; may be repeated.", valueName: "file"))
    var text: [String] = []

    @Option(help: ArgumentHelp("An image to compare predictions on; may be repeated.", valueName: "file"))
    var image: [String] = []

    @Option(help: "What the original is kept as for the comparison: bf16 or f32.")
    var reference = WeightFormat.bf16.name

    @Option(
        name: .customLong("cache"),
        help: ArgumentHelp("The directory for packed weights of calibration and comparison.", valueName: "dir")
    )
    var cacheFolder: String?

    @Option(parsing: .unconditional, help: "Threads; by default one for each core that this process may use.")
    var threads: Int?

    @Option(parsing: .unconditional, help: "The most pixels of an image after resizing.")
    var maxPixels: Int?

    @Flag(name: .shortAndLong, help: "Show the error of every tensor.")
    var verbose = false

    @Flag(help: "Print one JSON object: classes, every tensor, divergence.")
    var json = false

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
        guard [WeightFormat.bf16, .f32].contains(where: { $0.name == reference }) else {
            throw ValidationError("--reference is `\(reference)`; allowed: bf16, f32")
        }
        if !image.isEmpty || !calibrationImage.isEmpty, Model.manifest.image == nil {
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
        guard let format = WeightFormat.named(format), let reference = WeightFormat.named(reference) else { return }
        // What is read later is looked at first: a mistake there is told before the work.
        let calibrationData = try SampleData(textPaths: calibrationText, imagePaths: calibrationImage)
        let comparisonData = try SampleData(textPaths: text, imagePaths: image)
        try CheckpointQuantizer.checkIsFree(output)
        var quantizer = try CheckpointQuantizer(
            MatchedWeights(Model.manifest.weights, in: Checkpoint(path: weights)),
            format: format,
            classes: chosenClasses,
            pool: ThreadPool(threads: threads ?? AvailableCores.count()),
            kernels: CPUKernelSet.chosen()
        )
        quantizer.calibration = try calibrate(calibrationData)
        let written = try write(quantizer)
        let report = QuantizationReport(
            written: written,
            format: format,
            isCalibrated: quantizer.calibration != nil,
            peakBytes: PeakMemory.bytes()
        )
        if !json { StandardStreams.print(report.tables(allTensors: verbose)) }
        let comparison = try comparisonData.isEmpty ? nil : compare(written, format, reference, comparisonData)
        if json {
            StandardStreams.print(try report.json(comparison))
        } else if let comparison {
            StandardStreams.print(report.line(comparison))
        }
    }

    // MARK: Calibrating

    private func calibrate(_ data: SampleData) throws -> Calibration? {
        guard !data.isEmpty else { return nil }
        let includesHead = !chosenClasses.isDisjoint(with: [.embeddings, .head])
        let loaded = try load(weights, WeightFormats(.bf16), for: data)
        return try PackingProgress.showing(isQuiet: quiet) { _ in
            var progress = ProgressLine(isQuiet: quiet)
            defer { progress.clear() }
            let calibration = try CalibrationRun(loaded: loaded, includesHead: includesHead).read(
                data,
                onPrompt: { progress.show("calibrating", $0, of: $1) },
                isCancelled: { Interruption.isRequested }
            )
            if Interruption.isRequested { throw QuantizationError.cancelled }
            return calibration
        }
    }

    // MARK: Writing

    private func write(_ quantizer: CheckpointQuantizer) throws -> QuantizedCheckpoint {
        try PackingProgress.showing(isQuiet: quiet) { callbacks in
            var quantizer = quantizer
            quantizer.callbacks = callbacks
            return try quantizer.write(to: output)
        }
    }

    // MARK: Comparing

    private func compare(
        _ written: QuantizedCheckpoint,
        _ format: WeightFormat,
        _ reference: WeightFormat,
        _ data: SampleData
    ) throws -> QuantizationReport.Comparison {
        // Classes none of whose matrices became integers are as they were.
        let exceptions = Dictionary(written.losses.map { ($0.weightClass, format) }) { first, _ in first }
        let comparison = AnswerComparison<Model>(
            reference: try load(weights, WeightFormats(reference), for: data),
            other: try load(written.folder, WeightFormats(.bf16, exceptions: exceptions), for: data)
        )
        let prompts = try data.prompts(for: comparison.reference)
        var divergence = AnswerDivergence()
        var progress = ProgressLine(isQuiet: quiet)
        defer { progress.clear() }
        for (index, prompt) in prompts.enumerated() {
            progress.show("comparing predictions", index, of: prompts.count)
            try comparison.compare(prompt, into: &divergence) { Interruption.isRequested }
            if Interruption.isRequested {
                progress.clear()
                StandardStreams.report("interrupted; \(written.folder) is complete")
                throw ExitCode(Interruption.exitCode)
            }
        }
        return QuantizationReport.Comparison(reference: reference, divergence: divergence)
    }

    private func load(
        _ folder: String,
        _ formats: WeightFormats,
        for data: SampleData
    ) throws -> LoadedModel<Model> {
        var options = LoadingOptions(checkpoint: folder)
        options.cacheFolder = cacheFolder
        options.threads = threads
        options.weightFormats = formats
        options.logitRows = CalibrationRun<Model>.logitRows
        options.maximumPixels = maxPixels
        options.contextTokens = data.contextTokens(atMost: Model.manifest.decoder.contextLength)
        return try PackingProgress.showing(isQuiet: quiet) { try LoadedModel<Model>(options, callbacks: $0) }
    }
}
