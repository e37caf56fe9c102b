// A server on a free port of this machine, for one test.

import Generation
import Glibc
import InputProcessing
import JSONText
import Logging
import ModelRuntime
import ServingEngine
import Tracing

@testable import Serving

/// A server that runs until the body of `RunningServer.with` returns.
struct RunningServer: Sendable {
    let server: Server
    let port: Int

    /// Runs a server over `engine` while `body` runs.
    static func with<Result: Sendable>(
        _ engine: any GenerationEngine,
        isLoaded: Bool = true,
        model: ServedModel = model,
        logger: Logger? = nil,
        tracer: any Tracer = NoOpTracer(),
        _ change: (inout ServerConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (RunningServer) async throws -> Result
    ) async throws -> Result {
        var configuration = ServerConfiguration()
        configuration.port = 0
        configuration.version = "tests"
        configuration.drainSeconds = 5
        change(&configuration)
        var quiet = Logger(label: "tests") { LineLog(label: $0, isJSON: false) }
        quiet.logLevel = .critical
        let registry = PrometheusRegistry(
            PrometheusRegistry.descriptions,
            labels: [("model_name", "tiny"), ("engine", "0")]
        )
        let server = try Server(
            configuration,
            metrics: registry,
            engineMetrics: EngineMetrics(registry),
            logger: logger ?? quiet,
            tracer: tracer
        )
        if isLoaded { server.begin(Server.Loaded(model: model, engine: engine)) }
        let (ports, source) = AsyncStream.makeStream(of: Int.self)
        var network = HTTPServer(server: server)
        network.onListening = { source.yield($0) }
        return try await withThrowingTaskGroup(of: Result?.self) { [network] group in
            group.addTask {
                try await network.run()
                return nil
            }
            group.addTask {
                for await port in ports { return try await body(RunningServer(server: server, port: port)) }
                throw TestClientError("the server has not begun")
            }
            defer { group.cancelAll() }
            while let outcome = try await group.next() {
                if let outcome { return outcome }
            }
            throw TestClientError("the server has ended")
        }
    }

    /// The chat format of the tiny Qwen2.5-VL.
    static let chatFormat = ChatFormat.chatML(
        image: ChatFormat.ImagePlaceholder(
            prefix: "<|vision_start|>",
            token: "<|image_pad|>",
            suffix: "<|vision_end|>"
        )
    )

    /// The tiny Qwen2.5-VL, without its weights.
    static let model = model(ChatFormatRenderer(format: chatFormat))

    /// The same with another renderer of conversations.
    static func model(_ renderer: any ConversationRenderer) -> ServedModel {
        do {
            let tokenizer = try Tokenizer(contentsOf: "\(fixtures)/checkpoints/tiny-qwen25vl-a/tokenizer.json")
            let processor = try ImageProcessor(
                ImageProcessorConfiguration(
                    patchSize: 14,
                    temporalPatchSize: 2,
                    mergeSize: 2,
                    minimumPixels: 3136,
                    maximumPixels: 94080,
                    mean: [0, 0, 0],
                    standardDeviation: [1, 1, 1],
                    rescaleFactor: 1.0 / 255,
                    resampling: .bicubic
                )
            )
            return ServedModel(
                names: ["tiny", "other-name"],
                root: "checkpoints/tiny",
                loadedAt: 1,
                contextTokens: 512,
                vocabularySize: 326,
                tokenizer: tokenizer,
                renderer: renderer,
                constraints: ModelConstraints(tokenizer: tokenizer, vocabularySize: 326, endTokens: [endToken]),
                images: ImagePreparation(decoder: ImageDecoder(), processor: processor, maximumCount: 3),
                defaults: SamplingParameters()
            )
        } catch {
            preconditionFailure("\(error)")
        }
    }

    /// The token by which its answers end.
    static let endToken: Int32 = 306

    static let fixtures: String = {
        let parts = #filePath.split(separator: "/").dropLast(3)
        return "/" + parts.joined(separator: "/") + "/Fixtures"
    }()

    // MARK: Requests

    /// Asks on a connection of its own, on a thread that may block.
    func ask(_ method: String, _ path: String, _ body: String? = nil, headers: [String: String] = [:]) async throws
        -> TestResponse
    {
        let text = Self.request(method, path, body, headers)
        return try await Self.blocking { [port] in
            let connection = try TestConnection(port: port)
            try connection.send(text)
            return try connection.response()
        }
    }

    func post(_ path: String, _ body: String, headers: [String: String] = [:]) async throws -> TestResponse {
        try await ask("POST", path, body, headers: headers)
    }

    static func request(_ method: String, _ path: String, _ body: String?, _ headers: [String: String] = [:]) -> String
    {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if let body {
            if headers["Content-Type"] == nil { text += "Content-Type: application/json\r\n" }
            text += "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        } else {
            text += "\r\n"
        }
        return text
    }

    /// Runs what may block on a thread of its own, so that the server's tasks go on.
    static func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await threads.run(body)
    }

    private static let threads: WorkerThreads = {
        do { return try WorkerThreads("clients", count: 8) } catch { preconditionFailure("\(error)") }
    }()
}
