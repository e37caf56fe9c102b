// Everything that answers requests over HTTP, without the network: state, endpoints, and what they share.
// The network: HTTPServer.swift. Read on: Endpoint.swift, ../Endpoints/ChatCompletions.swift.

import Hummingbird
import JSONText
import Logging
import ModelRuntime
import ServingEngine
import Synchronization
import Tracing

/// A server of one model.
final class Server: Sendable {
    /// Where the server is in its life.
    enum Phase: Sendable, Equatable {
        /// The model is being loaded; 503 to everyone.
        case loading
        /// Requests are answered.
        case ready
        /// No requests are taken any more; those that were taken are answered.
        case draining
    }

    /// A model that is loaded, and the engine that runs it.
    struct Loaded: Sendable {
        let model: ServedModel
        let engine: any GenerationEngine
        /// The adapters; nil for a server without any.
        var adapters: ServedAdapters?
        /// The adapter that a request has chosen, which it keeps to its end.
        var adapter: NamedAdapter?

        /// Everything that requests may call their model.
        var names: [String] { model.names + (adapters?.names ?? []) }

        /// Hands a request to the engine, with the adapter that it has chosen.
        func submit(_ request: GenerationRequest) throws(AdmissionError) -> GenerationStream {
            var request = request
            request.adapter = adapter
            return try engine.submit(request)
        }
    }

    let configuration: ServerConfiguration
    let workers: WorkerThreads
    let metrics: PrometheusRegistry
    let engineMetrics: EngineMetrics
    let slowClients: SlowClients
    let bytesInFlight: BytesInFlight
    let logger: Logger
    /// What makes the spans of requests.
    let tracer: any Tracer
    private let state = Mutex<(phase: Phase, loaded: Loaded?)>((.loading, nil))
    private let requestNumber = Mutex<UInt64>(0)
    private let processName: String

    init(
        _ configuration: ServerConfiguration,
        metrics: PrometheusRegistry,
        engineMetrics: EngineMetrics,
        logger: Logger,
        tracer: any Tracer = InstrumentationSystem.tracer
    ) throws {
        self.configuration = configuration
        self.metrics = metrics
        self.engineMetrics = engineMetrics
        slowClients = SlowClients(seconds: configuration.slowClientSeconds)
        bytesInFlight = BytesInFlight(limit: configuration.maximumBytesInFlight)
        self.logger = logger
        self.tracer = tracer
        workers = try WorkerThreads("preparation", count: 2)
        processName = String(UInt64.random(in: .min ... .max), radix: 36)
    }

    // MARK: Life

    var phase: Phase { state.withLock { $0.phase } }

    /// The model, once it is there.
    var loadedModel: Loaded? { state.withLock { $0.loaded } }

    /// Begins to answer.
    func begin(_ loaded: Loaded) {
        state.withLock { state in
            state.loaded = loaded
            if state.phase == .loading { state.phase = .ready }
        }
    }

    /// Takes no further requests.
    func drain() {
        state.withLock { $0.phase = .draining }
        loadedModel?.engine.close()
    }

    /// The model, or the error that says why there is none.
    func loaded() throws(RequestError) -> Loaded {
        let (phase, loaded) = state.withLock { $0 }
        if phase != .draining, let loaded { return loaded }
        var error = RequestError(
            .serviceUnavailable,
            phase == .draining ? "the server is shutting down" : "Loading model",
            type: "unavailable_error",
            code: "503"
        )
        error.retryAfterSeconds = phase == .draining ? 5 : 1
        throw error
    }

    /// The model, with the adapter if a request calls it by an adapter's name. Requests may leave the name out.
    func model(named name: JSONValue?) throws(RequestError) -> Loaded {
        var loaded = try loaded()
        if let name = name?.string, !loaded.model.names.contains(name) {
            guard let adapter = loaded.adapters?[name] else { throw .unknownModel(name, known: loaded.names) }
            loaded.adapter = adapter
        }
        return loaded
    }

    /// A name that no other request of any process has.
    func nextRequestID() -> String {
        let number = requestNumber.withLock { number in
            number += 1
            return number
        }
        return "\(processName)-\(String(number, radix: 36))"
    }
}
