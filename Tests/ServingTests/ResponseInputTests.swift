// How the bodies of /v1/responses become turns, tools, shapes and variables, and which are refused.

import JSONText
import ServingEngine
import Testing

@testable import Serving

@Suite struct ResponseInputTests {
    private static func conversation(_ body: String, reads variables: Set<String> = []) async throws -> Conversation {
        let renderer = RecordingRenderer(reads: variables)
        let response = try await RunningServer.with(ScriptedEngine(["x"]), model: RunningServer.model(renderer)) {
            try await $0.post(ModelResponsesTests.path, body)
        }
        try #require(response.status == 200, "\(response.text)")
        return try #require(renderer.conversations.first)
    }

    @Test func messages() async throws {
        let image = ImageBytes.base64(try ImageBytes.read("bill-300x220.png"))
        let conversation = try await Self.conversation(
            """
            {"instructions":"Be brief.","input":[
             {"role":"developer","content":"In French."},
             {"type":"message","role":"user","content":[{"type":"input_text","text":"Total?"},
              {"type":"input_image","image_url":"data:image/png;base64,\(image)","detail":"auto"}]},
             {"id":"msg_1","type":"message","role":"assistant","status":"completed","content":[
              {"type":"output_text","text":"12.","annotations":[],"logprobs":[]},{"type":"refusal","refusal":"No."}]},
             {"role":"user","content":"Sure?"}]}
            """
        )
        #expect(conversation.turns.map(\.role) == ["system", "system", "user", "assistant", "user"])
        #expect(
            conversation.turns.map(\.summary)
                == [["Be brief."], ["In French."], ["Total?", "image 0"], ["12.", "No."], ["Sure?"]]
        )
        #expect(conversation.addsGenerationPrompt)
    }

    @Test func functionsBothWays() async throws {
        let conversation = try await Self.conversation(
            """
            {"input":[
             {"role":"user","content":"Add."},
             {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"short"}],
              "content":[{"type":"reasoning_text","text":"Hm."}],"encrypted_content":null,"status":"completed"},
             {"type":"message","role":"assistant","content":"I will."},
             {"type":"function_call","id":"fc_1","call_id":"c1","name":"add","arguments":"{\\"a\\":1}","status":"completed"},
             {"type":"function_call","call_id":"c2","name":"now","arguments":""},
             {"type":"function_call_output","call_id":"c1","output":"2"},
             {"type":"function_call_output","call_id":"c2","output":[{"type":"input_text","text":"noon"}]},
             {"type":"reasoning","summary":[{"type":"summary_text","text":"only short"}]},
             {"type":"function_call","call_id":"c3","name":"now","arguments":"{}"},
             {"type":"function_call_output","call_id":"c3","output":"one"}],
             \(ModelResponsesTests.tools)}
            """
        )
        let turns = conversation.turns
        #expect(turns.map(\.role) == ["user", "assistant", "tool", "tool", "assistant", "tool"])
        #expect(turns[1].reasoning == "Hm.")
        #expect(turns[1].summary == ["I will."])
        #expect(turns[1].toolCalls.map(\.id) == ["c1", "c2"])
        #expect(turns[1].toolCalls[0].arguments["a"]?.integer == 1)
        #expect(turns[1].toolCalls[1].arguments.object?.isEmpty == true)
        #expect(turns[2].toolCallID == "c1")
        #expect(turns[2...3].map(\.summary) == [["2"], ["noon"]])
        #expect(turns[4].reasoning == "only short")
        #expect(turns[4].toolCalls.map(\.id) == ["c3"])
        #expect(conversation.tools.map(\.name) == ["add", "now"])
        let expected = #"{"type":"function","function":{"name":"now"}}"#
        #expect(conversation.tools[1].definition == (try JSONDocument(expected).root))
    }

    @Test func choicesOfFunctions() throws {
        func policy(_ choice: String) throws -> ToolPolicy {
            let body = try JSONDocument(#"{"input":"Hi","tool_choice":\#(choice),\#(ModelResponsesTests.tools)}"#).root
            return try ChatRequest(response: body, RunningServer.model).tools
        }
        #expect(try policy(#""auto""#).choice == .auto)
        #expect(try policy(#""required""#).choice == .required)
        #expect(try policy(#""none""#).offered.isEmpty)
        #expect(try policy(#"{"type":"function","name":"now"}"#).choice == .named("now"))
        #expect(try policy("null").choice == .auto)
    }

    @Test func shapesOfAnswers() throws {
        func shape(_ format: String) throws -> AnswerShape {
            let body = try JSONDocument(#"{"input":"Hi","text":{"format":\#(format)}}"#).root
            return try ChatRequest(response: body, RunningServer.model).shape
        }
        guard case .text = try shape(#"{"type":"text"}"#), case .text = try shape("null"),
            case .jsonObject = try shape(#"{"type":"json_object"}"#),
            case .jsonSchema(let schema, isStrict: true) = try shape(
                #"{"type":"json_schema","name":"n","schema":{"type":"array"},"strict":true}"#
            ),
            case .jsonSchema(_, isStrict: false) = try shape(#"{"type":"json_schema","name":"n","schema":{}}"#)
        else {
            Issue.record("a wrong shape")
            return
        }
        #expect(schema["type"]?.string == "array")
    }

    @Test func efforts() async throws {
        func variables(_ effort: String, _ names: Set<String>) async throws -> [String] {
            try await Self.conversation(#"{"input":"Hi","reasoning":{"effort":"\#(effort)"}}"#, reads: names)
                .variables.map { "\($0.name)=\($0.value.boolean?.description ?? $0.value.string ?? "?")" }
        }
        #expect(try await variables("low", ["reasoning_effort", "enable_thinking"]) == ["reasoning_effort=low"])
        #expect(try await variables("low", ["enable_thinking"]) == ["enable_thinking=true"])
        #expect(try await variables("none", ["enable_thinking"]) == ["enable_thinking=false"])
        #expect(try await variables("high", []) == [])
    }

    /// Each is refused with 400, and the answer names the field.
    @Test(
        arguments: [
            ("{}", "input"),
            (#"{"input":[]}"#, "input"),
            (#"{"input":1}"#, "input"),
            (#"{"messages":[{"role":"user","content":"x"}]}"#, "messages"),
            (#"{"input":[{"type":"item_reference","id":"a"}]}"#, "input[0].type"),
            (#"{"input":[{"content":"x"}]}"#, "input[0].role"),
            (#"{"input":[{"role":"tool","content":"x"}]}"#, "input[0].role"),
            (#"{"input":[{"role":"user","content":[]}]}"#, "input[0].content"),
            (#"{"input":[{"role":"user","content":[{"type":"text","text":"x"}]}]}"#, "input[0].content[0].type"),
            (
                #"{"input":[{"role":"user","content":[{"type":"input_file","file_id":"x"}]}]}"#,
                "input[0].content[0].type"
            ),
            (#"{"input":[{"role":"user","content":[{"type":"input_text"}]}]}"#, "input[0].content[0].text"),
            (
                #"{"input":[{"role":"user","content":[{"type":"input_image","file_id":"x","image_url":"data:,"}]}]}"#,
                "input[0].content[0].file_id"
            ),
            (
                #"{"input":[{"role":"user","content":[{"type":"input_image","image_url":"https://a/b.png"}]}]}"#,
                "input[0].content[0].image_url"
            ),
            (
                #"{"input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,AAAA"}]}]}"#,
                "input[0].content[0].image_url"
            ),
            (
                #"{"input":[{"type":"function_call","call_id":"a","name":"b","arguments":"{"}]}"#,
                "input[0].arguments"
            ),
            (#"{"input":[{"type":"function_call","call_id":"a","name":"b"}]}"#, "input[0].arguments"),
            (#"{"input":[{"type":"function_call_output","output":"b"}]}"#, "input[0].call_id"),
            (#"{"input":[{"type":"reasoning","summary":[],"encrypted_content":"x"}]}"#, "input[0].encrypted_content"),
            (#"{"input":"x","store":true}"#, "store"),
            (#"{"input":"x","previous_response_id":"resp_1"}"#, "previous_response_id"),
            (#"{"input":"x","conversation":{"id":"c"}}"#, "conversation"),
            (#"{"input":"x","background":true}"#, "background"),
            (#"{"input":"x","prompt":{"id":"p"}}"#, "prompt"),
            (#"{"input":"x","max_tool_calls":1}"#, "max_tool_calls"),
            (#"{"input":"x","context_management":[]}"#, "context_management"),
            (#"{"input":"x","truncation":"auto"}"#, "truncation"),
            (#"{"input":"x","service_tier":"flex"}"#, "service_tier"),
            (#"{"input":"x","include":["web_search_call.results"]}"#, "include[0]"),
            (#"{"input":"x","top_logprobs":2}"#, "top_logprobs"),
            (#"{"input":"x","tools":[{"type":"web_search"}]}"#, "tools[0].type"),
            (#"{"input":"x","tools":[{"type":"function"}]}"#, "tools[0].name"),
            (#"{"input":"x","tool_choice":"required"}"#, "tool_choice"),
            (#"{"input":"x","tool_choice":{"type":"function","name":"f"}}"#, "tool_choice"),
            (#"{"input":"x","tool_choice":{"type":"file_search"}}"#, "tool_choice.type"),
            (#"{"input":"x","text":{"format":{"type":"json_schema","name":"n"}}}"#, "text.format.schema"),
            (#"{"input":"x","text":{"format":{"type":"grammar"}}}"#, "text.format.type"),
            (#"{"input":"x","text":{"verbosity":"low"}}"#, "text.verbosity"),
            (#"{"input":"x","reasoning":{"effort":"enormous"}}"#, "reasoning.effort"),
            (#"{"input":"x","metadata":{"a":1}}"#, "metadata.a"),
            (#"{"input":"x","stream_options":{"include_obfuscation":true}}"#, "stream_options.include_obfuscation"),
            (#"{"input":"x","max_tokens":5}"#, "max_tokens"),
            (#"{"input":"x","n":2}"#, "n"),
            (#"{"input":"x","max_output_tokens":0}"#, "max_output_tokens"),
            (#"{"input":"x","min_tokens":5,"max_output_tokens":2}"#, "min_tokens"),
            (#"{"input":"x","temperature":-1}"#, "temperature"),
        ] as [(String, String?)]
    ) func wrongRequests(_ body: String, _ param: String?) async throws {
        let engine = ScriptedEngine(["x"])
        let response = try await RunningServer.with(engine) { try await $0.post(ModelResponsesTests.path, body) }
        #expect(response.status == 400, "\(response.text)")
        #expect(response.error.param == param, "\(response.text)")
        #expect(response.json["error"]?["type"]?.string == "invalid_request_error")
        #expect(!response.error.message.isEmpty)
        #expect(engine.requests.isEmpty)
    }
}
