// From a request of the network to an endpoint and back: API keys, bodies, limits, errors, metrics and logs.
// Not what endpoints do, and not connections (HTTPServer.swift).

import HTTPTypes
import Hummingbird
import JSONText
import Logging
import Metrics
import NIOCore
import Synchronization

/// Answers requests for one endpoint.
struct EndpointResponder: Sendable {
    let endpoint: Endpoint
    let server: Server
    let keys: APIKeys

    func respond(to request: Request, _ context: ServingContext) async -> Response {
        let start = ContinuousClock.now
        let id = server.nextRequestID()
        let trace = RequestTrace(request, endpoint, server, id: id)
        var response: Response
        do {
            response = try await answer(request, context, id, trace)
        } catch is CancellationError {
            // The client has gone; nobody reads this.
            response = Response(status: .init(code: 499))
        } catch {
            let error = RequestError(any: error)
            if error.status.kind == .serverError, error.type == "server_error" {
                var metadata: Logger.Metadata = ["request_id": "\(id)", "error": "\(error.message)"]
                if let traceID = trace.traceID { metadata["trace_id"] = "\(traceID)" }
                server.logger.error("request failed", metadata: metadata)
            }
            if error.status == .tooManyRequests { server.engineMetrics.rejected(error.code ?? "other") }
            response = Response(error, in: endpoint.errors, requestID: id)
        }
        if let name = endpoint.errors.requestIDHeader { response.headers[name] = id }
        if let name = HTTPField.Name("x-request-id") { response.headers[name] = id }
        note(response.status, id, trace.traceID, since: start)
        trace.answered(response.status)
        response.body = trace.held(until: response.body)
        return response
    }

    private func answer(
        _ request: Request,
        _ context: ServingContext,
        _ id: String,
        _ trace: RequestTrace
    ) async throws -> Response {
        var keyHolder = ""
        if endpoint.access == .keyHolders { keyHolder = try keys.holder(of: request.headers) }
        var request = request
        var body = JSONValue(.null)
        var lease: BytesInFlight.Lease?
        if let schema = endpoint.body {
            let bytes: [UInt8]
            (bytes, lease) = try await read(&request, context)
            body = try await server.workers.run {
                let root = try JSONDocument(bytes).root
                try schema.validate(root)
                return root
            }
        }
        let incoming = IncomingRequest(
            request: request,
            body: body,
            id: id,
            keyHolder: keyHolder,
            errors: endpoint.errors,
            parameters: Dictionary(
                context.parameters.map { (String($0.key), String($0.value)) },
                uniquingKeysWith: { $1 }
            ),
            trace: trace,
            channel: context.channel,
            slowClients: server.slowClients
        )
        var response = try await endpoint.respond(incoming, server)
        if let lease { response.body = lease.held(until: response.body) }
        return response
    }

    /// Reads the body of a request, within the bounds of time and memory.
    private func read(_ request: inout Request, _ context: ServingContext) async throws -> (
        [UInt8], BytesInFlight.Lease
    ) {
        // A page of another site could post a form, but not JSON, without asking first.
        let type = request.headers[.contentType]?.lowercased() ?? ""
        guard type.hasPrefix("application/json") || type.isEmpty else {
            throw RequestError(.unsupportedMediaType, "the content type is \(type); right would be application/json")
        }
        let limit = server.configuration.maximumBodyBytes
        let stated = request.headers[.contentLength].flatMap { Int($0) }
        let tooLarge = RequestError(
            .contentTooLarge,
            "the body has more than the \(limit) bytes that this server takes",
            code: "body_too_large"
        )
        if let stated, stated > limit { throw tooLarge }
        let lease = try server.bytesInFlight.lease(stated ?? limit)
        let watch = server.slowClients.begin(context.channel)
        defer { server.slowClients.end(watch) }
        do {
            let buffer = try await request.collectBody(upTo: limit)
            return (Array(buffer.readableBytesView), lease)
        } catch is NIOTooManyBytesError {
            throw tooLarge
        } catch let error where !(error is CancellationError) {
            throw RequestError.invalid("the body does not come as its headers say: \(error)", param: nil)
        }
    }

    private func note(
        _ status: HTTPResponse.Status,
        _ id: String,
        _ traceID: String?,
        since start: ContinuousClock.Instant
    ) {
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let labels = [
            ("path", endpoint.path), ("method", endpoint.method.rawValue), ("status", "\(status.code)"),
        ]
        Counter(label: "vlmc:http_requests_total", dimensions: labels, factory: server.metrics).increment()
        Recorder(
            label: "vlmc:http_request_seconds",
            dimensions: [labels[0]],
            aggregate: true,
            factory: server.metrics
        ).record(seconds)
        // What orchestrators and dashboards ask every few seconds is not worth a line.
        let level: Logger.Level = endpoint.access == .everyone ? .debug : .info
        var metadata: Logger.Metadata = [
            "request_id": "\(id)", "method": "\(endpoint.method.rawValue)", "path": "\(endpoint.path)",
            "status": "\(status.code)", "seconds": "\(seconds)",
        ]
        if let traceID { metadata["trace_id"] = "\(traceID)" }
        server.logger.log(level: level, "request", metadata: metadata)
    }
}

/// Bounds the memory that the bodies of all requests take together.
final class BytesInFlight: Sendable {
    /// Memory of one body, given back when it is let go.
    final class Lease: Sendable {
        private let owner: BytesInFlight
        private let count: Mutex<Int>

        fileprivate init(_ owner: BytesInFlight, _ count: Int) {
            self.owner = owner
            self.count = Mutex(count)
        }

        deinit {
            let count = count.withLock { $0 }
            owner.used.withLock { $0 -= count }
        }

        /// Memory for more of the same body, or an error if others have it.
        func extend(by more: Int) throws(RequestError) {
            try owner.take(more)
            count.withLock { $0 += more }
        }

        /// A body that keeps the lease until it has been written.
        func held(until body: ResponseBody) -> ResponseBody {
            guard body.contentLength == nil else { return body }
            return ResponseBody { writer in
                defer { withExtendedLifetime(self) {} }
                try await body.write(writer)
            }
        }
    }

    private let used = Mutex(0)
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Memory for a body, or an error if others have it.
    func lease(_ count: Int) throws(RequestError) -> Lease {
        try take(count)
        return Lease(self, count)
    }

    private func take(_ count: Int) throws(RequestError) {
        let isFree = used.withLock { used in
            guard used == 0 || used + count <= limit else { return false }
            used += count
            return true
        }
        guard isFree else {
            var error = RequestError(
                .tooManyRequests,
                "the bodies of requests take all the memory that they may; try again",
                type: "rate_limit_error",
                code: "memory"
            )
            error.retryAfterSeconds = 1
            throw error
        }
    }
}
