// One endpoint: a path, what it takes, and what it does. All of them are listed in Endpoints/EndpointList.swift.
// Adding one: docs/adding-an-endpoint.md.

import HTTPTypes
import Hummingbird
import JSONText
import NIOCore

/// A path of the server.
struct Endpoint: Sendable {
    /// Who may ask.
    enum Access: Sendable {
        /// Anyone, also where API keys are set.
        case everyone
        /// Those with an API key, where keys are set.
        case keyHolders
    }

    let method: HTTPRequest.Method
    let path: String
    /// What it does, in a sentence.
    let summary: String
    let access: Access
    /// What the body may hold; nil for requests without a body.
    let body: ObjectSchema?
    /// The content type of answers that are not streamed.
    let contentType: String
    /// How errors are written.
    let errors: ErrorForm
    /// What OpenTelemetry calls that for which the model is asked.
    let operation: String
    let respond: @Sendable (IncomingRequest, Server) async throws -> Response

    /// An endpoint.
    init(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ summary: String,
        access: Access = .keyHolders,
        body: ObjectSchema? = nil,
        contentType: String = "application/json",
        errors: ErrorForm = .openAI,
        operation: String = "chat",
        respond: @escaping @Sendable (IncomingRequest, Server) async throws -> Response
    ) {
        self.method = method
        self.path = path
        self.summary = summary
        self.access = access
        self.body = body
        self.contentType = contentType
        self.errors = errors
        self.operation = operation
        self.respond = respond
    }
}

/// A request whose body has been read and checked against the endpoint's table.
struct IncomingRequest: Sendable {
    /// The request as it came.
    let request: Request
    /// The body; null if the endpoint takes none.
    let body: JSONValue
    /// The number under which the logs speak of it, which answers bear.
    let id: String
    /// The API key that it bore, or a name for all without one.
    let keyHolder: String
    /// How errors are written.
    let errors: ErrorForm
    /// The parts of the path that the endpoint names in braces.
    let parameters: [String: String]
    /// The span of the request.
    let trace: RequestTrace
    /// The connection.
    let channel: any Channel
    let slowClients: SlowClients

    /// Whom the work is done for: users that a key holder names are told apart, but never from other holders' users.
    var user: String { user(named: body["user"]) }

    /// The same, for interfaces that name users elsewhere.
    func user(named name: JSONValue?) -> String { name?.string.map { "\(keyHolder)/\($0)" } ?? keyHolder }

    /// Runs `body`, and cancels it if the client goes away.
    func whileConnected<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let watch: ConnectionWatch
        do {
            watch = try await channel.pipeline.handler(type: ConnectionWatch.self).get()
        } catch {
            // The pipeline of a connection that has been closed is empty.
            throw CancellationError()
        }
        return try await watch.whileOpen(body)
    }
}
