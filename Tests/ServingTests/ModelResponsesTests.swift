// POST /v1/responses, from bytes to bytes: responses, streams, errors, disconnects.
// How the input is understood: ResponseInputTests.swift.

import InputProcessing
import JSONText
import ModelRuntime
import ServingEngine
import Testing

@testable import Serving

@Suite struct ModelResponsesTests {
    static let path = "/v1/responses"
    static let tools = """
        "tools":[{"type":"function","name":"add","description":"Adds.","parameters":{"type":"object"},"strict":true},
        {"type":"function","name":"now"}]
        """

    // MARK: Whole responses

    @Test func wholeResponses() async throws {
        let engine = ScriptedEngine(["Hel", "lo", "!"])
        let response = try await RunningServer.with(engine) { server in
            try await server.post(Self.path, #"{"model":"tiny","input":"Hi"}"#)
        }
        #expect(response.status == 200)
        #expect(response.headers["content-type"] == "application/json")
        let number = try #require(response.headers["x-request-id"])
        let request = try #require(engine.requests.first)
        #expect(
            RunningServer.model.tokenizer.decode(request.tokens)
                == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
        )
        let prompt = request.tokens.count
        let created = try #require(response.json["created_at"]?.integer)
        #expect(created > 1_700_000_000)
        let expected = """
            {"id":"resp_\(number)","object":"response","created_at":\(created),"status":"completed","error":null,\
            "incomplete_details":null,"model":"tiny","output":[{"id":"msg_\(number)-0","type":"message",\
            "role":"assistant","content":[{"type":"output_text","text":"Hello!","annotations":[],"logprobs":[]}],\
            "status":"completed"}],"instructions":null,"background":false,"max_output_tokens":null,\
            "max_tool_calls":null,"metadata":{},"parallel_tool_calls":true,"previous_response_id":null,\
            "prompt_cache_key":null,"reasoning":{"effort":null,"summary":null},"safety_identifier":null,\
            "service_tier":"default","store":false,"temperature":1.0,"text":{"format":{"type":"text"},\
            "verbosity":"medium"},"tool_choice":"auto","tools":[],"top_logprobs":0,"top_p":1.0,\
            "truncation":"disabled","user":null,"usage":{"input_tokens":\(prompt),\
            "input_tokens_details":{"cached_tokens":2,"cache_write_tokens":0},"output_tokens":3,\
            "output_tokens_details":{"reasoning_tokens":0},"total_tokens":\(prompt + 3)}}
            """
        #expect(response.text == expected)
    }

    /// What was asked is told again, and reaches the engine.
    @Test func parametersArrive() async throws {
        let engine = ScriptedEngine(["x"], finish: .stopString("a"))
        let renderer = RecordingRenderer()
        let response = try await RunningServer.with(engine, model: RunningServer.model(renderer)) { server in
            try await server.post(
                Self.path,
                """
                {"model":"other-name","input":"Hi","instructions":"Be brief.","max_output_tokens":9,"temperature":0.5,
                 "top_p":0.9,"top_logprobs":2,"include":["message.output_text.logprobs","reasoning.encrypted_content"],
                 \(Self.tools),"tool_choice":{"type":"function","name":"now"},"parallel_tool_calls":false,
                 "text":{"format":{"type":"text"},"verbosity":"medium"},"metadata":{"a":"b"},"user":"ann",
                 "truncation":"disabled","store":false,"reasoning":{"effort":"low","summary":"auto"},
                 "service_tier":"auto","prompt_cache_key":"k","safety_identifier":"s","background":false,
                 "previous_response_id":null,"stream":false,"top_k":7,"min_p":0.1,"repetition_penalty":1.1,
                 "presence_penalty":0.2,"frequency_penalty":-0.3,"logit_bias":{"17":-5},"seed":3,"stop":["a"],
                 "stop_token_ids":[4],"min_tokens":2,"ignore_eos":true,"priority":3,"cache_salt":"c",
                 "skip_special_tokens":false,"stream_options":{"include_obfuscation":false}}
                """
            )
        }
        #expect(response.status == 200, "\(response.text)")
        let request = try #require(engine.requests.first)
        var expected = SamplingParameters()
        expected.temperature = 0.5
        expected.topP = 0.9
        expected.topK = 7
        expected.minP = 0.1
        expected.repetitionPenalty = 1.1
        expected.presencePenalty = 0.2
        expected.frequencyPenalty = -0.3
        expected.logitBias = [17: -5]
        expected.seed = 3
        expected.stopStrings = ["a"]
        expected.stopTokens = [4]
        expected.maximumTokens = 9
        expected.minimumTokens = 2
        expected.ignoresEndOfSequence = true
        expected.topLogProbabilities = 2
        #expect(request.parameters == expected)
        #expect(request.user == "/ann")
        #expect(request.priority == 3)
        #expect(request.cacheSalt == "c")
        #expect(!request.skipsSpecialTokens)
        let json = response.json
        let told = try JSONDocument(
            """
            {"model":"other-name","instructions":"Be brief.","max_output_tokens":9,"temperature":0.5,"top_p":0.9,
             "top_logprobs":2,"tool_choice":{"type":"function","name":"now"},"parallel_tool_calls":false,
             "text":{"format":{"type":"text"},"verbosity":"medium"},"metadata":{"a":"b"},"user":"ann",
             "truncation":"disabled","store":false,"reasoning":{"effort":"low","summary":null},
             "service_tier":"default","prompt_cache_key":"k","safety_identifier":"s","background":false,
             "previous_response_id":null,"status":"completed",
             "tools":[{"type":"function","name":"add","description":"Adds.","parameters":{"type":"object"},"strict":true},
             {"type":"function","name":"now","description":null,"parameters":null,"strict":false}]}
            """
        ).root
        for member in told.object ?? [] { #expect(json[member.key] == member.value, "\(member.key)") }
        #expect(renderer.conversations.first?.tools.map(\.isStrict) == [true, false])
    }

    @Test func answersThatAreCutOff() async throws {
        let (whole, stream) = try await RunningServer.with(ScriptedEngine(["Hel"], finish: .length)) { server in
            (
                try await server.post(Self.path, #"{"input":"Hi"}"#),
                try await server.post(Self.path, #"{"input":"Hi","stream":true}"#)
            )
        }
        let last = try #require(stream.namedEvents.last)
        #expect(last.name == "response.incomplete")
        for response in [whole.json, last.data["response"] ?? JSONValue(.null)] {
            #expect(response["status"]?.string == "incomplete")
            #expect(response["incomplete_details"]?["reason"]?.string == "max_output_tokens")
            #expect(response["output"]?.array?.first?["status"]?.string == "incomplete")
        }
    }

    @Test func callsOfFunctions() async throws {
        let response = try await RunningServer.with(
            ScriptedEngine(AnthropicMessagesTests.calls),
            model: RunningServer.model(RecordingRenderer())
        ) { server in
            try await server.post(Self.path, #"{"input":"Hi",\#(Self.tools)}"#)
        }
        #expect(response.status == 200, "\(response.text)")
        let number = try #require(response.headers["x-request-id"])
        let output = try #require(response.json["output"]?.array)
        #expect(output.map { $0["type"]?.string } == ["message", "function_call", "function_call"])
        #expect(output[0]["content"]?.array?.first?["text"]?.string == "Let me see.\n")
        let call = try JSONDocument(
            #"""
            {"id":"fc_\#(number)-1","type":"function_call","call_id":"call_\#(number)-1","name":"add",
             "arguments":"{\"a\": 1, \"b\": [2]}","status":"completed"}
            """#
        ).root
        #expect(output[1] == call)
        #expect(output[2]["arguments"]?.string == "{}")
        #expect(response.json["status"]?.string == "completed")
    }

    @Test func logProbabilities() async throws {
        let include = #""include":["message.output_text.logprobs"],"top_logprobs":2"#
        let (whole, stream) = try await RunningServer.with(ScriptedEngine(["a", "", "c"])) { server in
            (
                try await server.post(Self.path, #"{"input":"Hi",\#(include)}"#),
                try await server.post(Self.path, #"{"input":"Hi","stream":true,\#(include)}"#)
            )
        }
        let told = try #require(whole.json["output"]?.array?.first?["content"]?.array?.first?["logprobs"]?.array)
        #expect(told.count == 3)
        for (index, token) in told.enumerated() {
            let bytes = try #require(RunningServer.model.tokenizer.bytes(of: Int32(65 + index)))
            #expect(token["bytes"]?.array?.compactMap(\.integer) == bytes.map(Int.init))
            #expect(token["token"]?.string == String(decoding: bytes, as: UTF8.self))
            #expect(try #require(token["logprob"]?.double) < 0)
            #expect(token["top_logprobs"]?.array?.count == 2)
        }
        // The pieces of a stream have the same between them, those of tokens without text, too.
        let events = stream.namedEvents
        let pieces = events.filter { $0.name == "response.output_text.delta" }
        #expect(pieces.map { $0.data["delta"]?.string } == ["a", "", "c"])
        #expect(pieces.flatMap { $0.data["logprobs"]?.array ?? [] } == told)
        let done = try #require(events.first { $0.name == "response.output_text.done" })
        #expect(done.data["logprobs"]?.array == told)
    }

    // MARK: Streams

    @Test func streamedResponses() async throws {
        let response = try await RunningServer.with(ScriptedEngine(["Hel", "lo"])) { server in
            try await server.post(Self.path, #"{"input":"Hi","stream":true}"#)
        }
        #expect(response.status == 200)
        #expect(response.headers["content-type"]?.hasPrefix("text/event-stream") == true)
        let number = try #require(response.headers["x-request-id"])
        let events = response.namedEvents
        #expect(
            events.map(\.name) == [
                "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
                "response.output_text.delta", "response.output_text.delta", "response.output_text.done",
                "response.content_part.done", "response.output_item.done", "response.completed",
            ]
        )
        #expect(events.map { $0.data["sequence_number"]?.integer } == Array(0..<10))
        #expect(events.allSatisfy { $0.data["type"]?.string == $0.name })
        for event in events[..<2] {
            #expect(event.data["response"]?["status"]?.string == "in_progress")
            #expect(event.data["response"]?["output"]?.array?.isEmpty == true)
            #expect(event.data["response"]?["usage"]?.isNull == true)
        }
        let place = #""item_id":"msg_\#(number)-0","output_index":0,"content_index":0"#
        let part = #""annotations":[],"logprobs":[]}"#
        let item = #"{"id":"msg_\#(number)-0","type":"message","role":"assistant","content":["#
        let expected = [
            #"{"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":\#(item)],"status":"in_progress"}}"#,
            #"{"type":"response.content_part.added","sequence_number":3,\#(place),"part":{"type":"output_text","text":"",\#(part)}"#,
            #"{"type":"response.output_text.delta","sequence_number":4,\#(place),"delta":"Hel","logprobs":[]}"#,
            #"{"type":"response.output_text.delta","sequence_number":5,\#(place),"delta":"lo","logprobs":[]}"#,
            #"{"type":"response.output_text.done","sequence_number":6,\#(place),"text":"Hello","logprobs":[]}"#,
            #"{"type":"response.content_part.done","sequence_number":7,\#(place),"part":{"type":"output_text","text":"Hello",\#(part)}"#,
            #"{"type":"response.output_item.done","sequence_number":8,"output_index":0,"item":\#(item){"type":"output_text","text":"Hello",\#(part)],"status":"completed"}}"#,
        ]
        #expect(Array(response.events[2..<9]) == expected)
        let last = try #require(events.last?.data["response"])
        #expect(last["status"]?.string == "completed")
        #expect(last["id"]?.string == "resp_\(number)")
        #expect(last["usage"]?["output_tokens"]?.integer == 2)
        #expect(last["output"]?.array?.first == events[8].data["item"])
    }

    @Test func streamedCallsOfFunctions() async throws {
        let response = try await RunningServer.with(
            ScriptedEngine(AnthropicMessagesTests.calls),
            model: RunningServer.model(RecordingRenderer())
        ) { server in
            try await server.post(Self.path, #"{"input":"Hi","stream":true,\#(Self.tools)}"#)
        }
        let events = response.namedEvents
        #expect(events.map { $0.data["sequence_number"]?.integer } == Array(0..<events.count))
        let added = events.filter { $0.name == "response.output_item.added" }.compactMap { $0.data["item"] }
        #expect(added.map { $0["type"]?.string } == ["message", "function_call", "function_call"])
        #expect(added[1]["arguments"]?.string == "")
        #expect(added[1]["status"]?.string == "in_progress")
        var arguments: [String: String] = [:]
        for event in events where event.name == "response.function_call_arguments.delta" {
            arguments[try #require(event.data["item_id"]?.string), default: ""] += event.data["delta"]?.string ?? ""
        }
        let done = events.filter { $0.name == "response.function_call_arguments.done" }
        #expect(done.map { $0.data["arguments"]?.string } == [#"{"a": 1, "b": [2]}"#, "{}"])
        #expect(done.map { $0.data["name"]?.string } == ["add", "now"])
        #expect(done.map { $0.data["output_index"]?.integer } == [1, 2])
        for event in done { #expect(arguments[event.data["item_id"]?.string ?? ""] == event.data["arguments"]?.string) }
        // Items end before the next begins, and are in the response as they ended.
        let order = events.filter { $0.name.hasPrefix("response.output_item.") }
        #expect(order.map { $0.data["output_index"]?.integer } == [0, 0, 1, 1, 2, 2])
        let ended = order.filter { $0.name.hasSuffix("done") }.compactMap { $0.data["item"] }
        #expect(events.last?.data["response"]?["output"]?.array == ended)
    }

    // MARK: Errors

    @Test func failures() async throws {
        let engine = ScriptedEngine(["x"])
        let responses = try await RunningServer.with(engine) { server in
            engine.refuse(.queueFull(waiting: 5, retryAfterSeconds: 7))
            let full = try await server.post(Self.path, #"{"input":"Hi"}"#)
            engine.refuse(.tooManyTokens(prompt: 5, asked: 600, context: 512))
            let long = try await server.post(Self.path, #"{"input":"Hi","max_output_tokens":600}"#)
            engine.refuse(.promptTooLong(tokens: 600, context: 512))
            let longer = try await server.post(Self.path, #"{"input":"Hi","stream":true}"#)
            engine.refuse(nil)
            engine.fail(.sampling(.logitNotFinite(token: 3)))
            let broken = try await server.post(Self.path, #"{"input":"Hi"}"#)
            let stream = try await server.post(Self.path, #"{"input":"Hi","stream":true}"#)
            engine.fail(.image(0, ImageError(.empty)))
            let image = try await server.post(Self.path, #"{"input":"Hi","stream":true}"#)
            return [full, long, longer, broken, stream, image]
        }
        #expect(responses.map(\.status) == [429, 400, 400, 500, 200, 200])
        #expect(responses[0].headers["retry-after"] == "7")
        #expect(responses[1].error.param == "max_output_tokens")
        #expect(responses[2].error.param == "input")
        #expect(responses[2].error.code == "context_length_exceeded")
        // The response has begun when these errors come.
        for (response, code) in [(responses[4], "server_error"), (responses[5], "invalid_image")] {
            let events = response.namedEvents
            let last = try #require(events.last)
            #expect(last.name == "response.failed")
            #expect(last.data["sequence_number"]?.integer == events.count - 1)
            #expect(last.data["response"]?["status"]?.string == "failed")
            #expect(last.data["response"]?["error"]?["code"]?.string == code)
            #expect(last.data["response"]?["error"]?["message"]?.string?.isEmpty == false)
            // What there was of the answer is there, and is not called complete.
            #expect(last.data["response"]?["output"]?.array?.first?["status"]?.string == "incomplete")
        }
    }

    /// A client that goes away ends its request, before the first piece and after it.
    @Test(arguments: [true, false]) func disconnects(isStreamed: Bool) async throws {
        let engine = ScriptedEngine(["x"], isEndless: true)
        try await RunningServer.with(engine) { server in
            try await RunningServer.blocking { [port = server.port] in
                let connection = try TestConnection(port: port)
                let body = #"{"input":"Hi","stream":\#(isStreamed)}"#
                try connection.send(RunningServer.request("POST", Self.path, body))
                if isStreamed { _ = try connection.read(until: #""delta":"x""#) }
            }
            for _ in 0..<400 where engine.endedCount == 0 { try await Task.sleep(for: .milliseconds(10)) }
            #expect(engine.requests.count == 1)
            #expect(engine.endedCount == 1)
        }
    }
}
