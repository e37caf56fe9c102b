// How bodies in Anthropic's form become turns, tools and variables, and which are refused.

import JSONText
import ServingEngine
import Testing

@testable import Serving

@Suite struct AnthropicConversationTests {
    /// The conversation that a body makes; `members` stand beside the model's name and the limit of tokens.
    private static func conversation(_ members: String, reads variables: Set<String> = []) async throws -> Conversation
    {
        let renderer = RecordingRenderer(reads: variables)
        let response = try await RunningServer.with(ScriptedEngine(["x"]), model: RunningServer.model(renderer)) {
            try await $0.post(AnthropicMessagesTests.path, #"{"model":"tiny","max_tokens":99,\#(members)}"#)
        }
        try #require(response.status == 200, "\(response.text)")
        return try #require(renderer.conversations.first)
    }

    @Test func instructions() async throws {
        let text = try await Self.conversation(#""system":"Be brief.","messages":[{"role":"user","content":"Hi"}]"#)
        #expect(text.turns.map(\.role) == ["system", "user"])
        #expect(text.turns[0].summary == ["Be brief."])
        #expect(text.addsGenerationPrompt)
        #expect(!text.continuesLastMessage)
        let blocks = try await Self.conversation(
            """
            "system":[{"type":"text","text":"One."},{"type":"text","text":"Two.","cache_control":{"type":"ephemeral"}}],
            "messages":[{"role":"user","content":"Hi"},{"role":"system","content":[{"type":"text","text":"Three."}]}]
            """
        )
        #expect(blocks.turns.map(\.role) == ["system", "user", "system"])
        #expect(blocks.turns[0].summary == ["One.", "Two."])
        #expect(blocks.turns[2].summary == ["Three."])
        let none = try await Self.conversation(#""system":[],"messages":[{"role":"user","content":"Hi"}]"#)
        #expect(none.turns.map(\.role) == ["user"])
    }

    @Test func toolsBothWays() async throws {
        let image = ImageBytes.base64(try ImageBytes.read("bill-300x220.png"))
        let conversation = try await Self.conversation(
            """
            \(AnthropicMessagesTests.tools),"tool_choice":{"type":"auto","disable_parallel_tool_use":true},"messages":[
            {"role":"user","content":[{"type":"text","text":"Add "},{"type":"text","text":"these."}]},
            {"role":"assistant","content":[{"type":"thinking","thinking":"Hm.","signature":""},
              {"type":"text","text":"I will."},
              {"type":"tool_use","id":"t1","name":"add","input":{"a":1}},
              {"type":"tool_use","id":"t2","name":"now","input":{},"cache_control":null}]},
            {"role":"user","content":[
              {"type":"tool_result","tool_use_id":"t1","content":"2"},
              {"type":"tool_result","tool_use_id":"t2","is_error":true,"content":[{"type":"text","text":"no clock"},
                {"type":"image","source":{"type":"base64","media_type":"image/png","data":"\(image)"}}]},
              {"type":"tool_result","tool_use_id":"t3","is_error":true},
              {"type":"tool_result","tool_use_id":"t4"},
              {"type":"text","text":"And now?"}]}]
            """
        )
        let turns = conversation.turns
        #expect(turns.map(\.role) == ["user", "assistant", "tool", "tool", "tool", "tool", "user"])
        #expect(turns[0].summary == ["Add ", "these."])
        #expect(turns[1].summary == ["I will."])
        #expect(turns[1].reasoning == "Hm.")
        #expect(turns[1].toolCalls.map(\.id) == ["t1", "t2"])
        #expect(turns[1].toolCalls.map(\.name) == ["add", "now"])
        #expect(turns[1].toolCalls[0].arguments == (try JSONDocument(#"{"a":1}"#).root))
        #expect(turns[2...5].map(\.toolCallID) == ["t1", "t2", "t3", "t4"])
        #expect(turns[2...5].map(\.summary) == [["2"], ["Error: no clock", "image 0"], ["Error"], [""]])
        #expect(turns[6].summary == ["And now?"])
        #expect(conversation.tools.map(\.name) == ["add", "now"])
        let expected = """
            {"type":"function","function":{"name":"add","description":"Adds.",
            "parameters":{"type":"object","properties":{"a":{}}}}}
            """
        #expect(conversation.tools[0].definition == (try JSONDocument(expected).root))
        #expect(conversation.tools[0].parameters?["type"]?.string == "object")
    }

    @Test func choicesOfTools() throws {
        func policy(_ choice: String) throws -> ToolPolicy {
            let body = try JSONDocument(
                #"{"messages":[{"role":"user","content":"Hi"}],"tool_choice":\#(choice),\#(AnthropicMessagesTests.tools)}"#
            ).root
            return try ChatRequest(anthropic: body, RunningServer.model).tools
        }
        #expect(try policy(#"{"type":"auto"}"#).choice == .auto)
        #expect(try policy(#"{"type":"auto"}"#).allowsParallel)
        #expect(try policy(#"{"type":"any","disable_parallel_tool_use":true}"#).choice == .required)
        #expect(try !policy(#"{"type":"any","disable_parallel_tool_use":true}"#).allowsParallel)
        #expect(try policy(#"{"type":"tool","name":"now"}"#).choice == .named("now"))
        #expect(try policy(#"{"type":"none"}"#).choice == .never)
        #expect(try policy(#"{"type":"none"}"#).offered.isEmpty)
        #expect(try policy("null").choice == .auto)
    }

    /// With a last message of its own the model goes on where that ends.
    @Test func beginningsOfAnswers() async throws {
        let conversation = try await Self.conversation(
            #""messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hel"}]"#
        )
        #expect(conversation.continuesLastMessage)
        #expect(!conversation.addsGenerationPrompt)
    }

    @Test func thoughts() async throws {
        let hello = #""messages":[{"role":"user","content":"Hi"}]"#
        func variables(_ members: String, _ names: Set<String>) async throws -> [String] {
            try await Self.conversation("\(hello),\(members)", reads: names).variables.map {
                "\($0.name)=\($0.value.boolean?.description ?? $0.value.string ?? "?")"
            }
        }
        let both: Set = ["enable_thinking", "reasoning_effort"]
        #expect(
            try await variables(#""thinking":{"type":"enabled","budget_tokens":50}"#, ["enable_thinking"])
                == ["enable_thinking=true"]
        )
        #expect(try await variables(#""thinking":{"type":"disabled"}"#, both) == ["enable_thinking=false"])
        #expect(try await variables(#""thinking":{"type":"disabled"}"#, []) == [])
        #expect(try await variables(#""thinking":{"type":"adaptive"}"#, both) == [])
        #expect(try await variables(#""output_config":{"effort":"low"}"#, both) == ["reasoning_effort=low"])
        #expect(
            try await variables(#""output_config":{"effort":"low"}"#, ["enable_thinking"]) == ["enable_thinking=true"]
        )
        #expect(try await variables(#""output_config":{"effort":"low"}"#, []) == [])
        #expect(
            try await variables(
                #""output_config":{"effort":"low"},"thinking":{"type":"disabled"}"#,
                ["enable_thinking"]
            ) == ["enable_thinking=false"]
        )
    }

    @Test func shapesOfAnswers() throws {
        let body = try JSONDocument(
            """
            {"messages":[{"role":"user","content":"Hi"}],
             "output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}}
            """
        ).root
        guard case .jsonSchema(let schema, isStrict: true) = try ChatRequest(anthropic: body, RunningServer.model).shape
        else {
            Issue.record("no schema")
            return
        }
        #expect(schema["type"]?.string == "object")
    }

    /// Each is refused with 400, and the message names what is at fault.
    @Test(
        arguments: [
            (#"{"messages":[{"role":"user","content":"x"}]}"#, "'max_tokens' is missing"),
            (#"{"max_tokens":0,"messages":[{"role":"user","content":"x"}]}"#, "'max_tokens'"),
            (#"{"max_tokens":9}"#, "'messages' is missing"),
            (#"{"max_tokens":9,"messages":[]}"#, "'messages'"),
            (#"{"max_tokens":9,"messages":[{"role":"user"}]}"#, "'messages[0].content' is missing"),
            (#"{"max_tokens":9,"messages":[{"role":"tool","content":"x"}]}"#, "'messages[0].role' is \"tool\""),
            (#"{"max_tokens":9,"messages":[{"role":"user","content":[]}]}"#, "'messages[0].content' is empty"),
            (
                #"{"max_tokens":9,"messages":[{"role":"user","content":[{"text":"x"}]}]}"#,
                "'messages[0].content[0].type'"
            ),
            (
                #"{"max_tokens":9,"messages":[{"role":"user","content":[{"type":"document"}]}]}"#,
                "'messages[0].content[0].type' is \"document\""
            ),
            (
                #"{"max_tokens":9,"messages":[{"role":"user","content":[{"type":"text"}]}]}"#,
                "'messages[0].content[0].text' is missing"
            ),
            (
                #"{"max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":"x","txet":1}]}]}"#,
                "messages[0].content[0].txet; did you mean text?"
            ),
            (
                #"{"max_tokens":9,"messages":[{"role":"user","content":[{"type":"tool_use","id":"a","name":"b","input":{}}]}]}"#,
                "'messages[0].content[0].type' is \"tool_use\""
            ),
            (
                #"{"max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"b","input":{}}]}]}"#,
                "'messages' ends with a call of \"b\""
            ),
            (
                #"{"max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"b","input":1}]}]}"#,
                "'messages[0].content[0].input' is a number"
            ),
            (
                #"{"max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://a/b.png"}}]}]}"#,
                "'messages[0].content[0].source.url' is not supported: this server fetches no images"
            ),
            (
                #"{"max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"file","file_id":"f"}}]}]}"#,
                "'messages[0].content[0].source.type' is \"file\""
            ),
            (
                #"{"max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]}]}"#,
                "'messages[0].content[0].source.data'"
            ),
            (
                #"{"max_tokens":9,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"image","source":{"type":"base64","data":"?"}}]}]}]}"#,
                "'messages[0].content[0].content[0].source.data'"
            ),
            (
                #"{"max_tokens":9,"system":[{"type":"image"}],"messages":[{"role":"user","content":"x"}]}"#,
                "'system[0].type'"
            ),
            (#"{"max_tokens":9,"n":2,"messages":[{"role":"user","content":"x"}]}"#, "unrecognized request argument: n"),
            (#"{"max_tokens":9,"temperature":-1,"messages":[{"role":"user","content":"x"}]}"#, "temperature is -1"),
            (
                #"{"max_tokens":9,"stop_sequences":["a",""],"messages":[{"role":"user","content":"x"}]}"#,
                "stop_sequences[1] is 0 bytes"
            ),
            (#"{"max_tokens":9,"stop_sequences":"x","messages":[{"role":"user","content":"x"}]}"#, "'stop_sequences'"),
            (
                #"{"max_tokens":9,"tools":[{"type":"bash_20250124","name":"bash"}],"messages":[{"role":"user","content":"x"}]}"#,
                "'tools[0].type' is \"bash_20250124\""
            ),
            (
                #"{"max_tokens":9,"tools":[{"name":"bash"}],"messages":[{"role":"user","content":"x"}]}"#,
                "'tools[0].input_schema' is missing"
            ),
            (
                #"{"max_tokens":9,"tool_choice":{"type":"any"},"messages":[{"role":"user","content":"x"}]}"#,
                "'tool_choice' demands a call"
            ),
            (
                #"{"max_tokens":9,"tool_choice":{"type":"tool","name":"b"},"messages":[{"role":"user","content":"x"}]}"#,
                "'tool_choice' names the tool \"b\""
            ),
            (
                #"{"max_tokens":9,"thinking":{"type":"enabled","budget_tokens":5},"messages":[{"role":"user","content":"x"}]}"#,
                "'thinking' is not supported"
            ),
            (
                #"{"max_tokens":9,"thinking":{"type":"enabled","budget_tokens":9},"messages":[{"role":"user","content":"x"}]}"#,
                "'thinking.budget_tokens' is 9; right would be less than max_tokens, 9"
            ),
            (
                #"{"max_tokens":9,"output_config":{"format":{"type":"json"}},"messages":[{"role":"user","content":"x"}]}"#,
                "'output_config.format.type'"
            ),
            (
                #"{"max_tokens":9,"container":"c","messages":[{"role":"user","content":"x"}]}"#,
                "'container' is not supported"
            ),
            (#"{"max_tokens":9,"mcp_servers":[],"messages":[{"role":"user","content":"x"}]}"#, "'mcp_servers' is not"),
            (
                #"{"max_tokens":9,"context_management":{},"messages":[{"role":"user","content":"x"}]}"#,
                "'context_management'"
            ),
            // What the checkpoint without a template cannot do is said in this interface's words.
            (
                #"{"max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y"}]}"#,
                "'messages[-1].role' is not supported: the checkpoint has no chat template"
            ),
        ]
    ) func wrongRequests(_ body: String, _ message: String) async throws {
        let engine = ScriptedEngine(["x"])
        let response = try await RunningServer.with(engine) { try await $0.post(AnthropicMessagesTests.path, body) }
        #expect(response.status == 400, "\(response.text)")
        #expect(response.json["error"]?["type"]?.string == "invalid_request_error")
        #expect(response.error.message.contains(message), "\(response.error.message)")
        #expect(engine.requests.isEmpty)
    }
}
