// POST /v1/completions, from bytes to bytes.

import JSONText
import ServingEngine
import Testing

@testable import Serving

@Suite struct CompletionsTests {
    private static func post(_ body: String, _ engine: ScriptedEngine = ScriptedEngine(["Hel", "lo"])) async throws
        -> (response: TestResponse, requests: [GenerationRequest])
    {
        let response = try await RunningServer.with(engine) { try await $0.post("/v1/completions", body) }
        return (response, engine.requests)
    }

    @Test func prompts() async throws {
        let tokenizer = RunningServer.model.tokenizer
        let hi = tokenizer.encode("Hi")
        let list = hi.map(String.init).joined(separator: ",")
        let cases: [(prompt: String, tokens: [[Int32]])] = [
            (#""Hi""#, [hi]), ("[\(list)]", [hi]), (#"["Hi","Hi there"]"#, [hi, tokenizer.encode("Hi there")]),
            ("[[\(list)],[65,66]]", [hi, [65, 66]]), (#"["Hi",[65]]"#, [hi, [65]]),
            // Special tokens of a text are recognised.
            (#""<|im_start|>""#, [[305]]),
        ]
        for (prompt, tokens) in cases {
            let (response, requests) = try await Self.post(#"{"prompt":\#(prompt)}"#)
            #expect(response.status == 200)
            #expect(requests.map(\.tokens) == tokens)
            let choices = try #require(response.json["choices"]?.array)
            #expect(choices.map { $0["text"]?.string } == [String?](repeating: "Hello", count: tokens.count))
            #expect(choices.compactMap { $0["index"]?.integer } == Array(tokens.indices))
            let usage = response.json["usage"]
            #expect(usage?["prompt_tokens"]?.integer == tokens.map(\.count).reduce(0, +))
            #expect(usage?["completion_tokens"]?.integer == 2 * tokens.count)
        }
    }

    /// There may be more tokens in one prompt than prompts in one request.
    @Test func longLists() async throws {
        let tokens = [String](repeating: "65", count: 3000).joined(separator: ",")
        let (response, requests) = try await Self.post(#"{"prompt":[\#(tokens)]}"#)
        #expect(response.status == 200)
        #expect(requests.first?.tokens.count == 3000)
        let texts = [String](repeating: #""a""#, count: 1025).joined(separator: ",")
        let (refused, _) = try await Self.post(#"{"prompt":[\#(texts)]}"#)
        #expect(refused.status == 400)
        #expect(refused.error.param == "prompt")
        #expect(refused.error.message.contains("1025"))
    }

    @Test func severalAnswersAndEcho() async throws {
        let (response, requests) = try await Self.post(#"{"prompt":["Hi","Ho"],"n":2,"echo":true,"max_tokens":5}"#)
        let choices = try #require(response.json["choices"]?.array)
        #expect(choices.map { $0["text"]?.string } == ["HiHello", "HiHello", "HoHello", "HoHello"])
        #expect(choices.compactMap { $0["index"]?.integer } == [0, 1, 2, 3])
        #expect(requests.map(\.parameters.maximumTokens) == [5, 5])
    }

    @Test func streams() async throws {
        let (response, _) = try await Self.post(
            #"{"prompt":["Hi","Ho"],"stream":true,"echo":true,"logprobs":1,"stream_options":{"include_usage":true}}"#
        )
        // The probabilities of an echoed prompt are not computed.
        #expect(response.status == 400)
        #expect(response.error.param == "echo")
        let (streamed, _) = try await Self.post(
            #"{"prompt":["Hi","Ho"],"stream":true,"logprobs":1,"stream_options":{"include_usage":true}}"#
        )
        var events = streamed.events
        #expect(events.popLast() == "[DONE]")
        let chunks = try events.map { try JSONDocument($0).root }
        #expect(chunks.last?["usage"]?["completion_tokens"]?.integer == 4)
        var texts = ["", ""]
        var offsets: [[Int]] = [[], []]
        for chunk in chunks.dropLast() {
            let choice = try #require(chunk["choices"]?.array?.first)
            let index = try #require(choice["index"]?.integer)
            texts[index] += choice["text"]?.string ?? ""
            offsets[index] += (choice["logprobs"]?["text_offset"]?.array ?? []).compactMap(\.integer)
        }
        #expect(texts == ["Hello", "Hello"])
        #expect(offsets == [[0, 3], [0, 3]])
    }

    @Test(arguments: [
        (#"{"prompt":[400]}"#, "prompt"), (#"{"prompt":[[65],[-1]]}"#, "prompt[1]"), (#"{"prompt":[1.5]}"#, "prompt"),
        (#"{"prompt":[true]}"#, "prompt"), (#"{"prompt":[]}"#, "prompt"), (#"{}"#, "prompt"),
        (#"{"prompt":"a","suffix":"b"}"#, "suffix"), (#"{"prompt":"a","best_of":2}"#, "best_of"),
    ]) func refusals(_ body: String, _ param: String) async throws {
        let (response, requests) = try await Self.post(body)
        #expect(response.status == 400, "\(body)")
        #expect(response.error.param == param, "\(response.text)")
        #expect(requests.isEmpty)
    }
}
