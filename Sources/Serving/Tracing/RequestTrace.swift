// The span of one request over HTTP, from its head to the last byte of its answer, and what ties others to it.
// Nothing of a prompt and nothing of an answer goes into spans. Next: GenerationSpans.swift.

import HTTPTypes
import Hummingbird
import ModelRuntime
import ServingEngine
import Synchronization
import Tracing

/// A request's span. It ends with the response, however that ends.
final class RequestTrace: Sendable {
    let tracer: any Tracer
    /// Nil for requests that are not traced: those of orchestrators and dashboards, every few seconds.
    private let span: (any Span)?
    /// The trace's identity, for the logs, if whoever keeps spans has one in W3C's form; else that of the client.
    let traceID: String?
    private let operation: String
    private let servedModel: String?
    private let requestID: String

    /// Begins the span, as part of the trace that the request's headers name.
    init(_ request: Request, _ endpoint: Endpoint, _ server: Server, id: String) {
        tracer = server.tracer
        operation = endpoint.operation
        servedModel = server.loadedModel?.model.name
        requestID = id
        guard endpoint.access == .keyHolders else {
            (span, traceID) = (nil, nil)
            return
        }
        var context = ServiceContext.topLevel
        tracer.extract(request.headers, into: &context, using: HeaderExtractor())
        let method = endpoint.method.rawValue
        let span = tracer.startSpan("\(method) \(endpoint.path)", context: context, ofKind: .server)
        span.updateAttributes { attributes in
            attributes["http.request.method"] = method
            attributes["http.route"] = endpoint.path
            attributes["url.path"] = request.uri.path
            attributes["url.scheme"] = server.configuration.tls == nil ? "http" : "https"
            attributes["vlmc.request_id"] = id
        }
        self.span = span
        var headers: [String: String] = [:]
        tracer.inject(span.context, into: &headers, using: TableInjector())
        let parent = headers["traceparent"] ?? HeaderExtractor().extract(key: "traceparent", from: request.headers)
        traceID = parent.flatMap { TraceContext(traceParent: $0) }?.traceID
    }

    deinit { span?.end() }

    /// Takes note of how the request is answered.
    func answered(_ status: HTTPResponse.Status) {
        guard let span else { return }
        span.updateAttributes { $0["http.response.status_code"] = status.code }
        if status.kind == .serverError {
            span.updateAttributes { $0["error.type"] = "\(status.code)" }
            span.setStatus(SpanStatus(code: .error))
        }
    }

    /// A body that keeps the span open until it has been written, or is given up.
    func held(until body: ResponseBody) -> ResponseBody {
        guard span != nil, body.contentLength == nil else { return body }
        return ResponseBody { writer in
            defer { withExtendedLifetime(self) {} }
            try await body.write(writer)
        }
    }

    /// Runs a part of the request's work within a span of its own.
    func part<Result: Sendable>(_ name: String, _ body: () async throws -> Result) async rethrows -> Result {
        guard let span else { return try await body() }
        let part = tracer.startSpan(name, context: span.context)
        defer { part.end() }
        do {
            return try await body()
        } catch {
            // Whose message may hold what the client wrote.
            part.updateAttributes { $0["error.type"] = (error as? RequestError)?.code ?? "\(type(of: error))" }
            part.setStatus(SpanStatus(code: .error))
            throw error
        }
    }

    /// Makes the spans of a generation once it has ended; nil if nobody keeps them.
    func generationObserver(
        _ parameters: SamplingParameters,
        model: String?
    ) -> (@Sendable (RequestReport) -> Void)? {
        guard let span, span.isRecording else { return nil }
        let spans = GenerationSpans(
            operation: operation,
            requestedModel: model ?? servedModel ?? "",
            servedModel: servedModel ?? "",
            requestID: requestID,
            parameters: parameters,
            parent: span.context
        )
        return { [tracer] report in
            let end = DefaultTracerClock.now
            // Not on the engine's thread: how long a backend of another program takes is not known.
            Task.detached { spans.record(report, end: end, with: tracer) }
        }
    }
}
