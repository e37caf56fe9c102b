// The program `serve` of a compiled model. Generated packages call `ServeProgram.run`.

import ArgumentParser
import CMemoryAllocator
import Generation
import Glibc
import InputProcessing
import Logging
import ModelRuntime
import ServingEngine
import TensorTypes
import Tracing

/// The server of a compiled model.
public enum ServeProgram {
    /// Parses the arguments of the process, loads the model and answers requests until the process is told to end.
    ///
    /// Exit codes: 0 ended in good order; 1 the model or the address cannot be used; 64 wrong arguments.
    public static func run<Model: CompiledModel>(_ model: Model.Type) async {
        // A log that nobody reads and a limit on file sizes fail the write; the process goes on.
        for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
        let given = EnvironmentArguments.adding(to: Array(CommandLine.arguments.dropFirst()))
        do {
            let (arguments, notes) = try FamiliarArguments.translated(given)
            await ServeNotes.$all.withValue(notes) { await ServeCommand<Model>.main(arguments) }
        } catch {
            ServeCommand<Model>.exit(withError: error)
        }
    }
}

/// What there is to say about the options of a process, once it has a log to say it in.
private enum ServeNotes {
    @TaskLocal static var all: [String] = []
}

/// The command line of the server.
struct ServeCommand<Model: CompiledModel>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "serve",
            abstract: "\(Model.manifest.name), compiled by \(Model.manifest.generator), over OpenAI's API.",
            discussion: """
                  serve --weights DIR --host 0.0.0.0 --port 8000 --api-key-file keys

                Then point a client at http://HOST:8000/v1, or open http://HOST:8000/ in a browser. Every option can be \
                given by the environment, too: --max-num-seqs by VLMC_MAX_NUM_SEQS.
                """,
            version: Model.manifest.generator
        )
    }

    @OptionGroup var arguments: ServeArguments

    func run() async throws {
        // glibc gives threads heaps of their own, in which holes stay that other threads could fill: a server that many
        // threads serve would grow for days. What is large is not taken from the heap, and threads keep small blocks.
        mallopt(M_ARENA_MAX, 1)
        var logger = Logger(label: "vlmc.serve") { LineLog(label: $0, isJSON: arguments.logJson) }
        guard let level = Logger.Level(rawValue: arguments.logLevel) else {
            let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--log-level is one of \(names), not `\(arguments.logLevel)`.")
        }
        logger.logLevel = level
        for note in ServeNotes.all { logger.notice("option", metadata: ["note": "\(note)"]) }
        let names = arguments.servedModelName.isEmpty ? [Model.manifest.name] : arguments.servedModelName
        try arguments.adapters.check(modelNames: names)
        let registry = PrometheusRegistry(
            PrometheusRegistry.descriptions,
            labels: [("model_name", names[0]), ("engine", "0")]
        )
        let exporter = arguments.otlpTracesEndpoint.map {
            SpanExporter(endpoint: $0, service: Self.serviceName, version: Model.manifest.generator, logger: logger)
        }
        let server = try Server(
            try configuration(),
            metrics: registry,
            engineMetrics: EngineMetrics(registry),
            logger: logger,
            tracer: exporter?.tracer ?? InstrumentationSystem.tracer
        )
        let loading = Task.detached { [arguments, logger] in
            do {
                let loaded = try load(names: names, server, arguments, logger)
                server.begin(loaded)
                logger.notice("ready", metadata: ["model": "\(names[0])"])
            } catch {
                logger.critical("the model cannot be loaded", metadata: ["error": "\(error)"])
                Self.exit(withError: ExitCode(1))
            }
        }
        var network = HTTPServer(server: server)
        network.onListening = { [arguments, logger] port in
            let scheme = arguments.sslCertfile == nil ? "http" : "https"
            logger.notice("listening", metadata: ["url": "\(scheme)://\(arguments.host):\(port)"])
        }
        let exporting = Task { await exporter?.run() }
        try await network.run()
        exporting.cancel()
        await exporting.value
        await exporter?.finish()
        _ = await loading.result
    }

    /// What collectors call this server, by the variable that every program with traces knows.
    private static var serviceName: String {
        getenv("OTEL_SERVICE_NAME").map { String(cString: $0) } ?? "vlmc"
    }

    private func configuration() throws -> ServerConfiguration {
        var configuration = ServerConfiguration()
        configuration.version = Model.manifest.generator
        configuration.host = arguments.host
        configuration.port = arguments.port
        configuration.apiKeys = arguments.apiKey
        if let file = arguments.apiKeyFile { configuration.apiKeys += try KeyFile.keys(in: file) }
        configuration.maximumBodyBytes = arguments.maxBodySize.value
        configuration.maximumConnections = arguments.maxConnections
        configuration.drainSeconds = arguments.drainTimeout
        configuration.slowClientSeconds = arguments.slowClientTimeout
        configuration.imageSource.allowedFolder = arguments.allowedLocalMediaPath
        configuration.imageSource.allowedHosts = try AllowedHosts(arguments.allowedMediaDomains)
        configuration.showsPage = arguments.page
        if let certificate = arguments.sslCertfile, let key = arguments.sslKeyfile {
            configuration.tls = (certificate, key)
        }
        return configuration
    }

    /// Four contexts, or less where that would take gigabytes. The system gives the memory as it is used.
    private var defaultCache: LoadingOptions.CacheSize { .contexts(4) }

    /// The chat template that was named, or the checkpoint's own, or the format that the model's description names.
    private func renderer(for loaded: LoadedModel<Model>) throws -> any ConversationRenderer {
        if let file = try ChatTemplateFile(folder: loaded.folder, path: arguments.chatTemplate) {
            return ChatTemplateRenderer(file: file, imageToken: loaded.manifest.tokenizer.image)
        }
        return ChatFormatRenderer(format: loaded.chat)
    }

    private func load(
        names: [String],
        _ server: Server,
        _ arguments: ServeArguments,
        _ logger: Logger
    ) throws -> Server.Loaded {
        var options = LoadingOptions(checkpoint: arguments.weights)
        options.cacheFolder = arguments.cacheFolder
        options.threads = arguments.threads
        options.weightFormat = WeightFormat.named(arguments.dtype)
        options.cachePrecision = CacheGeometry.Precision(rawValue: arguments.kvCacheDtype)
        options.stepRows = arguments.maxNumBatchedTokens
        options.logitRows = arguments.maxNumSeqs
        options.minimumPixels = arguments.minPixels
        options.maximumPixels = arguments.maxPixels
        options.imageFeatureTokens = arguments.imageCacheTokens
        options.hasOwnEncoder = true
        options.contextTokens = arguments.maxModelLen
        options.cache = arguments.kvCacheMemory.map { .bytes($0.value) } ?? defaultCache
        options.adapterLimits = try arguments.adapters.limits()
        options.namedAdapters = arguments.adapters.loraModules.map { ($0.name, $0.path) }
        let loaded = try LoadedModel<Model>(options)
        var configuration = EngineConfiguration()
        configuration.maximumSequences = arguments.maxNumSeqs
        configuration.maximumWaiting = arguments.maxWaiting
        configuration.rowsPerStep = arguments.maxNumBatchedTokens
        configuration.promptRowsBesideAnswers = arguments.maxPromptTokensBesideAnswers
        configuration.sharesPrefixes = arguments.enablePrefixCaching
        configuration.imageTokens = arguments.imageCacheTokens
        configuration.contextTokens = loaded.contextTokens
        let engine = try Engine(
            EngineModel(loaded),
            configuration: configuration,
            observers: [server.engineMetrics]
        )
        logger.notice(
            "loaded",
            metadata: [
                "seconds": "\(loaded.loadingSeconds)", "planned_bytes": "\(loaded.plannedBytes)",
                "context": "\(engine.contextTokens)", "cache_tokens": "\(loaded.limits.cacheTokens)",
            ]
        )
        let renderer = try renderer(for: loaded)
        if !renderer.reads(variable: "tools") {
            let note = "the chat template shows the model none; --chat-template names another"
            logger.notice("tools", metadata: ["note": "\(note)"])
        }
        let model = ServedModel(
            names: names,
            root: arguments.weights,
            loadedAt: WallClock.seconds,
            contextTokens: engine.contextTokens,
            vocabularySize: loaded.manifest.decoder.vocabularySize,
            tokenizer: loaded.tokenizer,
            renderer: renderer,
            constraints: ModelConstraints(
                tokenizer: loaded.tokenizer,
                vocabularySize: loaded.manifest.decoder.vocabularySize,
                endTokens: loaded.endOfSequence
            ),
            images: loaded.imageProcessor.map {
                ImagePreparation(decoder: ImageDecoder(), processor: $0, maximumCount: arguments.maxImages)
            },
            defaults: loaded.manifest.generation.samplingParameters
        )
        let adapters = loaded.limits.adapters == .none ? nil : try servedAdapters(loaded.adapters, names, arguments)
        return Server.Loaded(model: model, engine: engine, adapters: adapters)
    }

    private func servedAdapters(
        _ loaded: LoadedAdapters,
        _ names: [String],
        _ arguments: ServeArguments
    ) throws -> ServedAdapters {
        let bases = arguments.adapters.loraModules.compactMap { module in
            module.baseModelName.map { (module.name, $0) }
        }
        return try ServedAdapters(
            loaded,
            modelNames: names,
            parents: Dictionary(bases) { first, _ in first },
            updatesBelow: arguments.adapters.allowedLoraPath
        )
    }
}
