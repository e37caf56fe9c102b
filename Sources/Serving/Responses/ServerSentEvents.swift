// The pieces of an answer as they are made, in the form that browsers and OpenAI's clients read.

import HTTPTypes
import Hummingbird
import NIOCore

/// *Source*: WHATWG HTML, section 9.2, server-sent events.
enum ServerSentEvents {
    /// A response that `write` sends piece by piece. If the client goes away, `write` is cancelled; an error that it throws
    /// becomes the last piece.
    static func response(
        to incoming: IncomingRequest,
        _ write: @escaping @Sendable (inout EventWriter) async throws -> Void
    ) -> Response {
        var headers: HTTPFields = [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache"]
        // Some proxies would otherwise hold pieces back until the answer is complete.
        if let name = HTTPField.Name("x-accel-buffering") { headers[name] = "no" }
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody { writer in
                // This task touches it again only after the one that writes has ended.
                nonisolated(unsafe) var events = EventWriter(writer, incoming.slowClients, incoming.channel)
                try await incoming.whileConnected {
                    do {
                        try await write(&events)
                    } catch let error where !(error is CancellationError) {
                        let form = incoming.errors
                        try await events.send(
                            form.body(RequestError(any: error), requestID: incoming.id),
                            named: form.eventName
                        )
                    }
                }
                try await writer.finish(nil)
            }
        )
    }
}

/// An event with a name.
struct ServerSentEvent: Sendable {
    let name: String
    /// Its data, which have no line ends.
    let json: [UInt8]
}

/// Writes events to a client.
struct EventWriter {
    private var writer: any ResponseBodyWriter
    private let slowClients: SlowClients
    private let channel: any Channel

    init(_ writer: any ResponseBodyWriter, _ slowClients: SlowClients, _ channel: any Channel) {
        self.writer = writer
        self.slowClients = slowClients
        self.channel = channel
    }

    /// Sends one event with these data, which have no line ends.
    mutating func send(_ json: [UInt8], named name: String? = nil) async throws {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(json.count + 16)
        if let name { buffer.writeString("event: \(name)\n") }
        buffer.writeString("data: ")
        buffer.writeBytes(json)
        buffer.writeString("\n\n")
        try await send(buffer)
    }

    /// Sends one event with its name.
    mutating func send(_ event: ServerSentEvent) async throws { try await send(event.json, named: event.name) }

    /// Sends what OpenAI's clients take for the end.
    mutating func sendDone() async throws { try await send(ByteBuffer(string: "data: [DONE]\n\n")) }

    private mutating func send(_ buffer: ByteBuffer) async throws {
        try Task.checkCancellation()
        let watch = slowClients.begin(channel)
        defer { slowClients.end(watch) }
        try await writer.write(buffer)
    }
}
