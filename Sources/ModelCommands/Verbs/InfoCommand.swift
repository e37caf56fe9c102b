// `info`: what the model is, and with a checkpoint, what it takes.

import ArgumentParser
import Generation
import ModelRuntime
import TensorTypes

/// Describes the model.
struct InfoCommand<Model: CompiledModel>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "info",
            abstract: "Describe the model; with --weights also load it, and say what it takes.",
            discussion: "With --adapter, a LoRA adapter is compared with the model; --weights is not needed for that."
        )
    }

    @Option(
        name: [.short, .customLong("weights")],
        help: ArgumentHelp("A checkpoint, in the layout of Hugging Face.", valueName: "dir")
    )
    var weights: String?

    @Option(name: .customLong("cache"), help: ArgumentHelp("The directory for packed weights.", valueName: "dir"))
    var cacheFolder: String?

    @Option(help: LoadingArguments.adapterHelp)
    var adapter: String?

    @Option(parsing: .unconditional, help: "Tokens that prompt and answer may have together.")
    var context: Int?

    @Flag(help: "Give one JSON object instead of text.")
    var json = false

    func validate() throws {
        if weights == nil, context != nil || cacheFolder != nil {
            throw ValidationError("--context and --cache go with --weights.")
        }
    }

    func run() throws {
        var rows = constants
        if let adapter { rows += described(try Adapter(folder: adapter, for: Model.manifest.weights)) }
        if let weights {
            var options = LoadingOptions(checkpoint: weights)
            options.cacheFolder = cacheFolder
            options.contextTokens = context
            options.adapter = adapter
            let loaded = try PackingProgress.showing(isQuiet: false) {
                try LoadedModel<Model>(options, callbacks: $0)
            }
            rows += [
                ("kernels", loaded.device.kernelSet.description + (loaded.isTuned ? ", tuned" : "")),
                ("threads", String(loaded.device.pool.threadCount)),
                ("packed weights", loaded.weights.path),
                ("weight bytes", String(loaded.weights.byteCount)),
                ("planned bytes", String(loaded.plannedBytes)),
                ("context", String(loaded.limits.cacheTokens)),
                ("loading seconds", ResultReport.rounded(loaded.loadingSeconds)),
            ]
            rows += losses(loaded.weights.losses)
        }
        if json {
            StandardStreams.print(InfoReport.json(rows) + "\n")
        } else {
            for (name, value) in rows {
                StandardStreams.print("\(name)\(String(repeating: " ", count: max(1, 20 - name.count)))\(value)\n")
            }
        }
    }

    /// What an adapter is.
    private func described(_ adapter: Adapter) -> [(String, String)] {
        [
            ("adapter", adapter.path), ("adapter rank", String(adapter.rank)),
            ("adapted tensors", String(adapter.moduleCount)),
            ("adapts images", adapter.changesImages ? "yes" : "no"),
            ("adapter bytes", String(adapter.byteCount)),
        ]
    }

    /// What the formats of the weights cost, by class; nothing of those that are kept exactly.
    private func losses(_ losses: [WeightLoss]) -> [(String, String)] {
        WeightClass.allCases.flatMap { weightClass in
            WeightFormat.all.compactMap { format in
                guard let total = losses.total(weightClass, format), total.squaredError > 0 else { return nil }
                let error = ResultReport.scientific(total.relativeError)
                return ("error of \(weightClass.rawValue)", "\(error) in \(format.name)")
            }
        }
    }

    private var constants: [(String, String)] {
        let manifest = Model.manifest
        let decoder = manifest.decoder
        var rows = [
            ("model", manifest.name), ("generator", manifest.generator),
            ("layers", String(decoder.layers)), ("hidden", String(decoder.hidden)),
            ("vocabulary", String(decoder.vocabularySize)), ("context length", String(decoder.contextLength)),
            ("key-value heads", String(decoder.kvHeads)), ("head width", String(decoder.headDim)),
            ("weight format", manifest.weights.formats.standard.name),
        ]
        if let image = manifest.image {
            rows += [
                ("patch", String(image.patch)), ("merge", String(image.merge)),
                ("pixels", "\(image.minimumPixels) to \(image.maximumPixels)"),
            ]
        }
        return rows
    }
}
