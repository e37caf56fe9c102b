// What the server does for every endpoint: keys, limits, unknown paths, health, damaged requests, the end.

import Glibc
import JSONText
import ModelRuntime
import ServingEngine
import TestRandomness
import Testing

@testable import Serving

@Suite struct ServerTests {
    private static let chat = "/v1/chat/completions"
    private static let hello = #"{"messages":[{"role":"user","content":"Hi"}]}"#

    @Test func keys() async throws {
        let engine = ScriptedEngine(["x"])
        try await RunningServer.with(engine, { $0.apiKeys = ["first-key", "second"] }) { server in
            let none = try await server.post(Self.chat, Self.hello)
            #expect(none.status == 401)
            #expect(none.error.code == "missing_api_key")
            #expect(none.headers["www-authenticate"] == "Bearer")
            for wrong in ["first-ke", "first-keyy", "", "first-kez", "FIRST-KEY"] {
                let headers = ["Authorization": "Bearer \(wrong)"]
                #expect(try await server.post(Self.chat, Self.hello, headers: headers).status == 401, "\(wrong)")
            }
            for headers in [
                ["Authorization": "Bearer first-key"], ["authorization": "bearer second"], ["x-api-key": "second"],
            ] {
                #expect(try await server.post(Self.chat, Self.hello, headers: headers).status == 200, "\(headers)")
            }
            // What orchestrators ask is open.
            for path in ["/health", "/ready", "/live", "/metrics", "/version"] {
                #expect(try await server.ask("GET", path).status == 200, "\(path)")
            }
            #expect(try await server.ask("GET", "/v1/models").status == 401)
        }
        // Users of different keys are different users, whatever they call themselves.
        #expect(Set(engine.requests.map(\.user)) == ["key-0", "key-1"])
    }

    @Test func loading() async throws {
        try await RunningServer.with(ScriptedEngine(["x"]), isLoaded: false) { server in
            let health = try await server.ask("GET", "/health")
            #expect(health.status == 503)
            #expect(
                health.text == #"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#
            )
            #expect(try await server.ask("GET", "/live").status == 200)
            let chat = try await server.post(Self.chat, Self.hello)
            #expect(chat.status == 503)
            #expect(chat.headers["retry-after"] == "1")
            #expect(try await server.ask("GET", "/metrics").status == 200)
            server.server.begin(Server.Loaded(model: RunningServer.model, engine: ScriptedEngine(["x"])))
            let ready = try await server.ask("GET", "/health")
            #expect(ready.status == 200)
            #expect(ready.text == #"{"status":"ok"}"#)
            #expect(try await server.post(Self.chat, Self.hello).status == 200)
        }
    }

    @Test func draining() async throws {
        let engine = ScriptedEngine(["x"], isEndless: true)
        try await RunningServer.with(engine) { server in
            async let running = server.post(Self.chat, Self.hello)
            for _ in 0..<400 where engine.requests.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
            server.server.drain()
            #expect(engine.isClosed)
            #expect(try await server.ask("GET", "/ready").status == 503)
            #expect(try await server.ask("GET", "/live").status == 200)
            let refused = try await server.post(Self.chat, Self.hello)
            #expect(refused.status == 503)
            #expect(refused.error.code == "503")
            // What was taken is answered.
            #expect(try await running.status == 200)
        }
    }

    @Test func unknownPathsAndMethods() async throws {
        try await RunningServer.with(ScriptedEngine(["x"])) { server in
            let path = try await server.ask("GET", "/v1/nothing")
            #expect(path.status == 404)
            #expect(path.error.message.contains("/openapi.json"))
            #expect(try await server.ask("GET", Self.chat).status == 404)
            #expect(try await server.post("/health", "{}").status == 404)
            let type = try await server.post(Self.chat, Self.hello, headers: ["Content-Type": "text/plain"])
            #expect(type.status == 415)
            let model = try await server.post(Self.chat, #"{"model":"gpt","messages":[{"role":"user","content":"x"}]}"#)
            #expect(model.status == 404)
            #expect(model.error.code == "model_not_found")
        }
    }

    @Test func limits() async throws {
        let engine = ScriptedEngine(["x"])
        try await RunningServer.with(
            engine,
            {
                $0.maximumBodyBytes = 1000
                $0.maximumHeaderBytes = 2000
            },
            { server in
                let long = Self.hello.replacing("Hi", with: String(repeating: "a", count: 1000))
                let stated = try await server.post(Self.chat, long)
                #expect(stated.status == 413)
                #expect(stated.error.code == "body_too_large")
                // The same without a length that is stated.
                let chunked = try await RunningServer.blocking { [port = server.port] in
                    let connection = try TestConnection(port: port)
                    try connection.send(
                        "POST \(Self.chat) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                            + "\(String(long.utf8.count, radix: 16))\r\n\(long)\r\n0\r\n\r\n"
                    )
                    return try connection.response()
                }
                #expect(chunked.status == 413)
                let header = try await server.ask(
                    "GET",
                    "/health",
                    headers: ["X-Long": String(repeating: "a", count: 3000)]
                )
                #expect(header.status == 400)
                let many = Dictionary(uniqueKeysWithValues: (0..<150).map { ("X-\($0)", "a") })
                #expect(try await server.ask("GET", "/health", headers: many).status == 400)
                #expect(try await server.post(Self.chat, Self.hello).status == 200)
            }
        )
    }

    /// A body that breaks off the rules of its transfer is the client's fault.
    @Test(arguments: [
        "Content-Length: 18446744073709551615\r\n\r\n{}", "Content-Length: -1\r\n\r\n{}",
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n",
        "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "Content-Length: 9\r\n\r\n{}",
    ])
    func bodiesOutOfTheirFrame(_ rest: String) async throws {
        try await RunningServer.with(ScriptedEngine(["x"])) { server in
            let statuses = try await RunningServer.blocking { [port = server.port] in
                let connection = try TestConnection(port: port)
                try connection.send("POST \(Self.chat) HTTP/1.1\r\nHost: a\r\n" + rest)
                connection.finishSending()
                let answer = String(decoding: try connection.readToEnd(), as: UTF8.self)
                let lines = answer.split(separator: "\r\n").filter { $0.hasPrefix("HTTP/1.1 ") }
                return lines.map { String($0.dropFirst(9).prefix(3)) }
            }
            // At the end of what it sends, a client may be taken for one that has gone, and be told nothing.
            #expect(statuses.allSatisfy { $0 == "400" || $0 == "499" }, "\(statuses)")
            #expect(try await server.post(Self.chat, Self.hello).status == 200)
        }
    }

    @Test func bytesInFlightAreBounded() async throws {
        let engine = ScriptedEngine(["x"], isEndless: true)
        try await RunningServer.with(engine, { $0.maximumBytesInFlight = 150 }) { server in
            let streamed = Self.hello.replacing("}]}", with: #"}],"stream":true,"seed":1234567890}"#)
            let port = server.port
            let first = try await RunningServer.blocking { () -> TestConnectionBox in
                let connection = try TestConnection(port: port)
                try connection.send(RunningServer.request("POST", Self.chat, streamed))
                _ = try connection.read(until: #""content":"x""#)
                return TestConnectionBox(connection)
            }
            let second = try await server.post(Self.chat, streamed)
            #expect(second.status == 429)
            #expect(second.headers["retry-after"] == "1")
            first.close()
            // The memory comes back when the first client has gone.
            for _ in 0..<400 where engine.endedCount == 0 { try await Task.sleep(for: .milliseconds(10)) }
            try await Task.sleep(for: .milliseconds(100))
            engine.close()
            #expect(try await server.post(Self.chat, streamed).status == 200)
        }
    }

    @Test func slowClientsAreLeft() async throws {
        try await RunningServer.with(ScriptedEngine(["x"]), { $0.slowClientSeconds = 1 }) { server in
            let rest = try await RunningServer.blocking { [port = server.port] in
                let connection = try TestConnection(port: port)
                try connection.send("POST \(Self.chat) HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
                return try connection.readToEnd()
            }
            #expect(rest.isEmpty)
        }
    }

    @Test func models() async throws {
        try await RunningServer.with(ScriptedEngine(["x"])) { server in
            let list = try await server.ask("GET", "/v1/models").json
            #expect(list["data"]?.array?.compactMap { $0["id"]?.string } == ["tiny", "other-name"])
            #expect(list["data"]?.array?.first?["max_model_len"]?.integer == 512)
            #expect(try await server.ask("GET", "/v1/models/tiny").json["id"]?.string == "tiny")
            #expect(try await server.ask("GET", "/v1/models/none").status == 404)
        }
    }

    @Test func tokenization() async throws {
        try await RunningServer.with(ScriptedEngine(["x"])) { server in
            let text = "The total, 총액."
            let found = try await server.post("/tokenize", #"{"prompt":"\#(text)","return_token_strs":true}"#).json
            let tokens = RunningServer.model.tokenizer.encode(text, addSpecialTokens: true)
            #expect(found["tokens"]?.array?.compactMap(\.integer) == tokens.map(Int.init))
            #expect(found["count"]?.integer == tokens.count)
            #expect(found["token_strs"]?.array?.count == tokens.count)
            let list = tokens.map(String.init).joined(separator: ",")
            let back = try await server.post("/detokenize", #"{"tokens":[\#(list)]}"#)
            #expect(back.json["prompt"]?.string == text)
            let chat = try await server.post("/tokenize", Self.hello).json
            let conversation = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
            #expect(chat["count"]?.integer == RunningServer.model.tokenizer.encode(conversation).count)
            #expect(try await server.post("/tokenize", "{}").status == 400)
            #expect(try await server.post("/detokenize", #"{"tokens":[99999]}"#).status == 400)
        }
    }

    @Test func completions() async throws {
        let engine = ScriptedEngine(["a", "b"], finish: .length)
        try await RunningServer.with(engine) { server in
            let path = "/v1/completions"
            let two = try await server.post(path, #"{"prompt":["one","two"],"n":2,"echo":true,"max_tokens":5}"#).json
            #expect(
                two["choices"]?.array?.compactMap { $0["text"]?.string } == ["oneab", "oneab", "twoab", "twoab"]
            )
            #expect(two["choices"]?.array?.compactMap { $0["index"]?.integer } == [0, 1, 2, 3])
            #expect(two["usage"]?["completion_tokens"]?.integer == 8)
            let tokens = try await server.post(path, #"{"prompt":[5,6,7]}"#)
            #expect(tokens.json["object"]?.string == "text_completion")
            #expect(engine.requests.last?.tokens == [5, 6, 7])
            #expect(engine.requests.last?.parameters.maximumTokens == 16)
            let stream = try await server.post(path, #"{"prompt":"x","stream":true}"#)
            #expect(stream.events.last == "[DONE]")
            let texts = try stream.events.dropLast().map {
                try JSONDocument($0).root["choices"]?.array?.first?["text"]?.string ?? ""
            }
            #expect(texts.joined() == "ab")
            for wrong in [
                #"{"prompt":[5,-1]}"#, #"{"prompt":[5,"a"]}"#, #"{"prompt":[]}"#, #"{"prompt":"x","suffix":"y"}"#,
            ] {
                #expect(try await server.post(path, wrong).status == 400, "\(wrong)")
            }
        }
    }

    /// Damaged requests of all kinds: every one is answered or its connection closed, and the next good one is served.
    @Test func damagedRequests() async throws {
        let engine = ScriptedEngine(["x"])
        try await RunningServer.with(engine) { server in
            let good = Array(RunningServer.request("POST", Self.chat, Self.hello).utf8)
            var generator = TestRandomness.SeededGenerator(seed: 4)
            for _ in 0..<150 * FuzzRounds.factor {
                var bytes = good
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    let place = Int.random(in: 0..<bytes.count, using: &generator)
                    switch Int.random(in: 0..<4, using: &generator) {
                    case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                    case 1: bytes.remove(at: place)
                    case 2: bytes.insert(contentsOf: [0x0D, 0x0A], at: place)
                    default: bytes.removeLast(min(place, bytes.count - 1))
                    }
                }
                let damaged = bytes
                try await RunningServer.blocking { [port = server.port] in
                    let connection = try TestConnection(port: port)
                    try connection.send(damaged)
                    connection.finishSending()
                    _ = try? connection.readToEnd()
                }
            }
            #expect(try await server.post(Self.chat, Self.hello).status == 200)
        }
    }

    @Test func theDescriptionHoldsEveryEndpoint() async throws {
        let description = try await RunningServer.with(ScriptedEngine(["x"])) {
            try await $0.ask("GET", "/openapi.json")
        }
        let paths = try #require(description.json["paths"]?.object).map(\.key)
        #expect(Set(paths) == Set(EndpointList.all.map(\.path)))
        let schema = description.json["components"]?["schemas"]?["ChatCompletionRequest"]
        #expect(schema?["required"]?.array?.compactMap(\.string) == ["messages"])
        #expect(schema?["properties"]?["temperature"] != nil)
    }

    /// `VLMC_RECORD_GOLDENS=1` writes the file anew, and fails.
    @Test func theDescriptionIsAsRecorded() throws {
        let path = RunningServer.fixtures + "/../../docs/openapi.json"
        let text = OpenAPIDescription(EndpointList.all, version: "0").json(.indented) + Array("\n".utf8)
        if getenv("VLMC_RECORD_GOLDENS") != nil {
            let file = try #require(fopen(path, "w"))
            #expect(fwrite(text, 1, text.count, file) == text.count)
            fclose(file)
            Issue.record("recorded \(path)")
        }
        #expect(try ImageBytes.read(path: path) == text)
    }
}
