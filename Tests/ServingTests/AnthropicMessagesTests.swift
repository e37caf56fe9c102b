// POST /v1/messages and /v1/messages/count_tokens, from bytes to bytes: answers, streams, errors, disconnects.
// How messages are understood: AnthropicConversationTests.swift.

import JSONText
import ModelRuntime
import ServingEngine
import Testing

@testable import Serving

@Suite struct AnthropicMessagesTests {
    static let path = "/v1/messages"
    static let hello = #"{"model":"tiny","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}"#
    /// What the model writes to call two tools after a word.
    static let calls = [
        "Let me ", "see.\n<tool_", "call>\n{\"name\": \"add\", \"argu", "ments\": {\"a\": 1, ",
        "\"b\": [2]}}\n</tool_call>",
        "\n<tool_call>{\"name\": \"now\", \"arguments\": {}}</tool_call>",
    ]
    static let tools = """
        "tools":[{"name":"add","description":"Adds.","input_schema":{"type":"object","properties":{"a":{}}}},
        {"type":"custom","name":"now","input_schema":{"type":"object"}}]
        """

    // MARK: Whole messages

    @Test func wholeMessages() async throws {
        let engine = ScriptedEngine(["Hel", "lo", "!"])
        let response = try await RunningServer.with(engine) { server in
            try await server.post(Self.path, Self.hello, headers: ["anthropic-version": "2023-06-01"])
        }
        #expect(response.status == 200)
        #expect(response.headers["content-type"] == "application/json")
        let number = try #require(response.headers["request-id"])
        #expect(response.headers["x-request-id"] == number)
        let prompt = try #require(engine.requests.first).tokens.count
        let expected = """
            {"id":"msg_\(number)","type":"message","role":"assistant","model":"tiny",\
            "content":[{"type":"text","text":"Hello!"}],"stop_reason":"end_turn","stop_sequence":null,\
            "usage":{"input_tokens":\(prompt - 2),"cache_creation_input_tokens":0,"cache_read_input_tokens":2,\
            "output_tokens":3}}
            """
        #expect(response.text == expected)
    }

    @Test(
        arguments: [
            (.length, "max_tokens", nil), (.stopString("END"), "stop_sequence", "END"), (.complete, "end_turn", nil),
            // A text at which the request did not ask to stop.
            (.stopString("other"), "end_turn", nil),
        ] as [(FinishReason, String, String?)]
    ) func stopReasons(_ finish: FinishReason, _ reason: String, _ sequence: String?) async throws {
        let body = Self.hello.replacing("}]}", with: #"}],"stop_sequences":["a","END"]}"#)
        let streamed = body.replacing("}],", with: #"}],"stream":true,"#)
        let (whole, stream) = try await RunningServer.with(ScriptedEngine(["x"], finish: finish)) { server in
            (try await server.post(Self.path, body), try await server.post(Self.path, streamed))
        }
        #expect(whole.json["stop_reason"]?.string == reason)
        #expect(whole.json["stop_sequence"]?.string == sequence)
        let delta = stream.namedEvents.first { $0.name == "message_delta" }?.data["delta"]
        #expect(delta?["stop_reason"]?.string == reason)
        #expect(delta?["stop_sequence"]?.string == sequence)
    }

    @Test func callsOfTools() async throws {
        let response = try await RunningServer.with(
            ScriptedEngine(Self.calls),
            model: RunningServer.model(RecordingRenderer())
        ) { server in
            try await server.post(Self.path, Self.hello.replacing("}]}", with: "}],\(Self.tools)}"))
        }
        #expect(response.status == 200, "\(response.text)")
        let number = try #require(response.headers["request-id"])
        let content = try #require(response.json["content"])
        let expected = try JSONDocument(
            """
            [{"type":"text","text":"Let me see.\\n"},
             {"type":"tool_use","id":"toolu_\(number)_1","name":"add","input":{"a":1,"b":[2]}},
             {"type":"tool_use","id":"toolu_\(number)_2","name":"now","input":{}}]
            """
        ).root
        #expect(content == expected)
        #expect(response.json["stop_reason"]?.string == "tool_use")
    }

    /// A call that the limit of tokens cuts off has no arguments that could be obeyed.
    @Test func callsThatAreCutOff() async throws {
        let response = try await RunningServer.with(
            ScriptedEngine([#"<tool_call>{"name": "add", "arguments": {"a": 1, "#], finish: .length),
            model: RunningServer.model(RecordingRenderer())
        ) { server in
            try await server.post(Self.path, Self.hello.replacing("}]}", with: "}],\(Self.tools)}"))
        }
        #expect(response.json["content"]?.array?.first?["name"]?.string == "add")
        #expect(response.json["content"]?.array?.first?["input"]?.object?.isEmpty == true)
        #expect(response.json["stop_reason"]?.string == "max_tokens")
    }

    @Test func emptyMessages() async throws {
        let response = try await RunningServer.with(ScriptedEngine([""])) { server in
            try await server.post(Self.path, Self.hello)
        }
        #expect(response.json["content"]?.array?.isEmpty == true)
        #expect(response.json["stop_reason"]?.string == "end_turn")
    }

    @Test func parametersArrive() async throws {
        let engine = ScriptedEngine(["x"])
        let response = try await RunningServer.with(engine) { server in
            try await server.post(
                Self.path,
                """
                {"model":"other-name","max_tokens":7,"messages":[{"role":"user","content":"Hi"}],"temperature":0.5,
                 "top_p":0.9,"top_k":5,"stop_sequences":["a","b"],"metadata":{"user_id":"ann"},"service_tier":"auto",
                 "cache_control":{"type":"ephemeral"},"thinking":{"type":"disabled"},"stream":false,"container":null}
                """
            )
        }
        #expect(response.status == 200, "\(response.text)")
        #expect(response.json["model"]?.string == "other-name")
        let request = try #require(engine.requests.first)
        var expected = SamplingParameters()
        expected.maximumTokens = 7
        expected.temperature = 0.5
        expected.topP = 0.9
        expected.topK = 5
        expected.stopStrings = ["a", "b"]
        #expect(request.parameters == expected)
        #expect(request.user == "/ann")
        #expect(request.choices == 1)
    }

    // MARK: Streams

    @Test func streamedMessages() async throws {
        let engine = ScriptedEngine(["Hel", "", "lo"])
        let response = try await RunningServer.with(engine) { server in
            try await server.post(Self.path, Self.hello.replacing("}]}", with: #"}],"stream":true}"#))
        }
        #expect(response.status == 200)
        #expect(response.headers["content-type"]?.hasPrefix("text/event-stream") == true)
        let number = try #require(response.headers["request-id"])
        let prompt = try #require(engine.requests.first).tokens.count
        let usage = #""input_tokens":\#(prompt - 2),"cache_creation_input_tokens":0,"cache_read_input_tokens":2"#
        let expected = """
            event: message_start
            data: {"type":"message_start","message":{"id":"msg_\(number)","type":"message","role":"assistant",\
            "model":"tiny","content":[],"stop_reason":null,"stop_sequence":null,"usage":{\(usage),"output_tokens":1}}}

            event: ping
            data: {"type":"ping"}

            event: content_block_start
            data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"lo"}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":0}

            event: message_delta
            data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},\
            "usage":{\(usage),"output_tokens":3}}

            event: message_stop
            data: {"type":"message_stop"}


            """
        #expect(response.text == expected)
    }

    @Test func streamedCallsOfTools() async throws {
        let response = try await RunningServer.with(
            ScriptedEngine(Self.calls),
            model: RunningServer.model(RecordingRenderer())
        ) { server in
            try await server.post(
                Self.path,
                Self.hello.replacing("}]}", with: #"}],"stream":true,\#(Self.tools)}"#)
            )
        }
        let events = response.namedEvents
        let starts = events.filter { $0.name == "content_block_start" }.compactMap { $0.data["content_block"] }
        #expect(starts.map { $0["type"]?.string } == ["text", "tool_use", "tool_use"])
        #expect(starts[1]["name"]?.string == "add")
        #expect(starts[1]["input"]?.object?.isEmpty == true)
        #expect(starts[1]["id"]?.string?.hasPrefix("toolu_") == true)
        #expect(starts[1]["id"]?.string != starts[2]["id"]?.string)
        var texts = ["", "", ""]
        var open: Int?
        for event in events {
            let index = event.data["index"]?.integer
            switch event.name {
            case "content_block_start":
                // One block ends before the next begins.
                #expect(open == nil)
                open = index
            case "content_block_stop":
                #expect(open == index)
                open = nil
            case "content_block_delta":
                let block = try #require(index)
                #expect(open == block)
                let delta = try #require(event.data["delta"])
                #expect(delta["type"]?.string == (block == 0 ? "text_delta" : "input_json_delta"))
                texts[block] += delta["text"]?.string ?? delta["partial_json"]?.string ?? ""
            default: #expect(open == nil)
            }
        }
        #expect(texts == ["Let me see.\n", #"{"a": 1, "b": [2]}"#, "{}"])
        // Arguments come in pieces, as the model writes them.
        #expect(events.count { $0.data["index"]?.integer == 1 && $0.name == "content_block_delta" } > 1)
        let end = try #require(events.first { $0.name == "message_delta" })
        #expect(end.data["delta"]?["stop_reason"]?.string == "tool_use")
        #expect(events.last?.name == "message_stop")
    }

    // MARK: Tokens

    @Test func countsTokens() async throws {
        let engine = ScriptedEngine(["x"])
        let bytes = try ImageBytes.read("bill-300x220.png")
        let content = """
            [{"type":"image","source":{"type":"base64","media_type":"image/png","data":"\(ImageBytes.base64(bytes))"}},
             {"type":"text","text":"Total?"}]
            """
        let body = Self.hello.replacing(#""Hi""#, with: content)
        try await RunningServer.with(engine) { server in
            for body in [Self.hello, body] {
                let counted = try await server.post(
                    "\(Self.path)/count_tokens",
                    body.replacing(#""max_tokens":9,"#, with: "")
                )
                #expect(counted.status == 200, "\(counted.text)")
                _ = try await server.post(Self.path, body)
                let request = try #require(engine.requests.last)
                #expect(counted.text == #"{"input_tokens":\#(request.tokens.count)}"#)
            }
        }
        #expect(engine.requests.count == 2)
        let pad = try #require(RunningServer.model.tokenizer.tokenID("<|image_pad|>"))
        #expect(engine.requests[1].tokens.count { $0 == pad } == 88)
    }

    // MARK: Errors

    @Test func errorsHaveAnthropicsForm() async throws {
        let engine = ScriptedEngine(["x"])
        try await RunningServer.with(engine, { $0.apiKeys = ["key"] }) { server in
            @Sendable func post(_ body: String, _ headers: [String: String] = ["x-api-key": "key"]) async throws
                -> TestResponse
            {
                try await server.post(Self.path, body, headers: headers)
            }
            let refusals: [(TestResponse, Int, String)] = [
                (try await post(Self.hello, [:]), 401, "authentication_error"),
                (try await post(Self.hello, ["x-api-key": "other"]), 401, "authentication_error"),
                (try await post(Self.hello.replacing("tiny", with: "gpt")), 404, "not_found_error"),
                (try await post("{"), 400, "invalid_request_error"),
                (try await post("{}"), 400, "invalid_request_error"),
                (
                    try await post(Self.hello.replacing("tiny\",", with: "tiny\",\"maxtokens\":1,")), 400,
                    "invalid_request_error"
                ),
                (
                    try await server.post("/v1/messages/count_tokens", "{}", headers: ["x-api-key": "key"]), 400,
                    "invalid_request_error"
                ),
            ]
            for (response, status, type) in refusals { Self.expect(response, status, type) }
            #expect(refusals[5].0.error.message == "unrecognized request argument: maxtokens; did you mean max_tokens?")
            engine.refuse(.queueFull(waiting: 5, retryAfterSeconds: 7))
            let full = try await post(Self.hello)
            Self.expect(full, 429, "rate_limit_error")
            #expect(full.headers["retry-after"] == "7")
            engine.refuse(.shuttingDown)
            Self.expect(try await post(Self.hello), 503, "overloaded_error")
            engine.refuse(.promptTooLong(tokens: 600, context: 512))
            Self.expect(try await post(Self.hello), 400, "invalid_request_error")
            engine.refuse(nil)
            engine.fail(.sampling(.logitNotFinite(token: 3)))
            Self.expect(try await post(Self.hello), 500, "api_error")
            // The answer has begun when this error comes: it is the last event.
            let stream = try await post(Self.hello.replacing("}]}", with: #"}],"stream":true}"#))
            let last = try #require(stream.namedEvents.last)
            #expect(stream.status == 200)
            #expect(last.name == "error")
            #expect(last.data["type"]?.string == "error")
            #expect(last.data["error"]?["type"]?.string == "api_error")
            // Paths below this one that nobody answers.
            let below = try await server.ask("GET", "/v1/messages/batches")
            #expect(below.status == 404)
            #expect(below.json["error"]?["type"]?.string == "not_found_error")
            #expect(below.json["type"]?.string == "error")
            #expect(try await server.ask("GET", "/v1/messages-of-others").json["type"] == nil)
        }
    }

    private static func expect(_ response: TestResponse, _ status: Int, _ type: String) {
        #expect(response.status == status, "\(response.text)")
        #expect(response.json["type"]?.string == "error", "\(response.text)")
        #expect(response.json["error"]?["type"]?.string == type, "\(response.text)")
        #expect(response.json["error"]?["message"]?.string?.isEmpty == false)
        #expect(response.json["request_id"]?.string == response.headers["request-id"])
        #expect(response.headers["request-id"]?.isEmpty == false)
    }

    @Test func bodiesThatAreTooLarge() async throws {
        let response = try await RunningServer.with(ScriptedEngine(["x"]), { $0.maximumBodyBytes = 100 }) { server in
            try await server.post(Self.path, Self.hello.replacing("Hi", with: String(repeating: "a", count: 100)))
        }
        Self.expect(response, 413, "request_too_large")
    }

    @Test func loading() async throws {
        let response = try await RunningServer.with(ScriptedEngine(["x"]), isLoaded: false) { server in
            try await server.post(Self.path, Self.hello)
        }
        Self.expect(response, 503, "overloaded_error")
        #expect(response.headers["retry-after"] == "1")
    }

    /// A client that goes away ends its request, before the first event and after it.
    @Test(arguments: [true, false]) func disconnects(isStreamed: Bool) async throws {
        let engine = ScriptedEngine(["x"], isEndless: true)
        try await RunningServer.with(engine) { server in
            let body = Self.hello.replacing("}]}", with: #"}],"stream":\#(isStreamed)}"#)
            try await RunningServer.blocking { [port = server.port] in
                let connection = try TestConnection(port: port)
                try connection.send(RunningServer.request("POST", Self.path, body))
                if isStreamed { _ = try connection.read(until: #""text":"x""#) }
            }
            for _ in 0..<400 where engine.endedCount == 0 { try await Task.sleep(for: .milliseconds(10)) }
            #expect(engine.requests.count == 1)
            #expect(engine.endedCount == 1)
        }
    }
}
