// Options of every verb that loads weights.

import ArgumentParser
import Generation
import ModelRuntime
import TensorTypes

/// How the model is loaded.
struct LoadingArguments: ParsableArguments {
    @Option(
        name: [.short, .customLong("weights")],
        help: ArgumentHelp("The checkpoint: a directory in the layout of Hugging Face.", valueName: "dir")
    )
    var weights: String

    @Option(
        name: .customLong("cache"),
        help: ArgumentHelp(
            "The directory for packed weights; by default DIR/.vlmc, or the user's cache if that cannot be written.",
            valueName: "dir"
        )
    )
    var cacheFolder: String?

    @Option(help: Self.adapterHelp)
    var adapter: String?

    /// The help of `--adapter`, wherever there is one.
    static let adapterHelp = ArgumentHelp(
        "A LoRA adapter to use: a directory with \(Adapter.configurationName) and \(Adapter.tensorsName).",
        valueName: "dir"
    )

    @Option(parsing: .unconditional, help: "Threads; by default one for each core that this process may use.")
    var threads: Int?

    @Option(
        help: ArgumentHelp(
            "The format of the weights: auto (as described in the TOML), "
                + WeightFormat.all.map(\.name).joined(separator: ", ") + ".",
            discussion: "With 4 bits, image encoder, bridge, embedding and head keep 8."
        )
    )
    var dtype = "auto"

    @Option(help: "What keys and values are kept as: auto (goes with --dtype), bf16, f32 or int8.")
    var kvCacheDtype = "auto"

    @Option(
        name: [.customLong("context"), .customLong("max-model-len")],
        parsing: .unconditional,
        help: "Tokens that prompt and answer may have together."
    )
    var context: Int?

    @Option(parsing: .unconditional, help: "Rows that are read at a time while a prompt is read.")
    var chunk = 512

    @Option(parsing: .unconditional, help: "The fewest pixels of an image after resizing.")
    var minPixels: Int?

    @Option(parsing: .unconditional, help: "The most pixels of an image after resizing; fewer are faster.")
    var maxPixels: Int?

    @Flag(name: .shortAndLong, help: "Show no progress and no notices.")
    var quiet = false

    func validate() throws { try Self.validate(dtype: dtype, kvCacheDtype: kvCacheDtype) }

    /// Checks the names of formats.
    static func validate(dtype: String, kvCacheDtype: String) throws {
        if dtype != "auto", WeightFormat.named(dtype) == nil {
            let names = WeightFormat.all.map(\.name).joined(separator: ", ")
            throw ValidationError("--dtype is auto, \(names), not `\(dtype)`.")
        }
        if kvCacheDtype != "auto", CacheGeometry.Precision(rawValue: kvCacheDtype) == nil {
            throw ValidationError("--kv-cache-dtype is auto, bf16, f32 or int8, not `\(kvCacheDtype)`.")
        }
    }

    /// The options for the loader.
    var options: LoadingOptions {
        var options = LoadingOptions(checkpoint: weights)
        options.cacheFolder = cacheFolder
        options.threads = threads
        options.weightFormat = WeightFormat.named(dtype)
        options.cachePrecision = CacheGeometry.Precision(rawValue: kvCacheDtype)
        options.contextTokens = context
        options.stepRows = chunk
        options.minimumPixels = minPixels
        options.maximumPixels = maxPixels
        options.adapter = adapter
        return options
    }

    /// Loads the model, with progress on a terminal and notices on standard error.
    func load<Model: CompiledModel>(_ model: Model.Type, logitRows: Int = 1) throws -> LoadedModel<Model> {
        var options = options
        options.logitRows = logitRows
        return try PackingProgress.showing(isQuiet: quiet) { try LoadedModel<Model>(options, callbacks: $0) }
    }
}
