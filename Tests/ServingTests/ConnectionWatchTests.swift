// Connections outlive answers, and answers do not outlive connections.

import ServingEngine
import Testing

@testable import Serving

@Suite struct ConnectionWatchTests {
    private static let bodies = [
        ("/v1/chat/completions", #"{"messages":[{"role":"user","content":"Hi"}],"stream":false}"#),
        ("/v1/chat/completions", #"{"messages":[{"role":"user","content":"Hi"}],"stream":true}"#),
        ("/v1/completions", #"{"prompt":"Hi","stream":true}"#),
        ("/v1/messages", #"{"max_tokens":9,"messages":[{"role":"user","content":"Hi"}],"stream":true}"#),
        ("/v1/responses", #"{"input":"Hi","stream":true}"#),
        ("/v1/responses", #"{"input":"Hi","stream":7}"#),
        ("/v1/responses", #"{"input":"Hi"}"#),
    ]

    /// One connection serves request after request, whole answers, streams and errors.
    @Test func connectionsAreKept() async throws {
        let engine = ScriptedEngine(["Hel", "lo"])
        try await RunningServer.with(engine) { server in
            let statuses = try await RunningServer.blocking { [port = server.port] in
                let connection = try TestConnection(port: port)
                return try (0..<21).map { index in
                    let (path, body) = Self.bodies[index % Self.bodies.count]
                    try connection.send(RunningServer.request("POST", path, body))
                    return try connection.response().status
                }
            }
            #expect(statuses == (0..<21).map { $0 % 7 == 5 ? 400 : 200 })
        }
    }

    /// A request that comes before the answer to the one before it waits, and cuts nothing short.
    @Test func requestsMayComeEarly() async throws {
        try await RunningServer.with(ScriptedEngine(["Hel", "lo"])) { server in
            let responses = try await RunningServer.blocking { [port = server.port] in
                let connection = try TestConnection(port: port)
                let requests = Self.bodies.map { RunningServer.request("POST", $0.0, $0.1) }
                try connection.send(requests.joined())
                return try requests.map { _ in try connection.response() }
            }
            #expect(responses.map(\.status) == [200, 200, 200, 200, 200, 400, 200])
            #expect(responses[0].json["choices"]?.array?.first?["message"]?["content"]?.string == "Hello")
            #expect(responses[1].events.last == "[DONE]")
            #expect(responses[3].namedEvents.last?.name == "message_stop")
            #expect(responses[6].json["status"]?.string == "completed")
        }
    }
}
