// What answers have to be, as requests ask for it: which texts the constraints of requests take, and which they do not.
// Not the automata themselves: StructuredOutputTests.

import InputProcessing
import ServingEngine
import Testing

@testable import Serving

@Suite struct AnswerConstraintTests {
    private static let chat = "/v1/chat/completions"
    private static let weather = tool("weather", #"{"properties":{"city":{"type":"string"}},"required":["city"]}"#)
    private static let clock = tool("clock", nil)

    private static func tool(_ name: String, _ parameters: String?, isStrict: Bool = false) -> String {
        let schema = parameters.map { #","parameters":\#($0)"# } ?? ""
        return #"{"type":"function","function":{"name":"\#(name)","strict":\#(isStrict)\#(schema)}}"#
    }

    /// Posts a request with these members, and gives the constraint that the engine was given.
    private static func constraint(
        _ members: String,
        path: String = chat,
        renderer: any ConversationRenderer = RecordingRenderer()
    ) async throws -> (any TokenConstraint)? {
        let engine = ScriptedEngine(["x"])
        let start = path == chat ? #""messages":[{"role":"user","content":"Hi"}]"# : #""prompt":"Hi""#
        let response = try await RunningServer.with(engine, model: RunningServer.model(renderer)) { server in
            try await server.post(path, "{\(start),\(members)}")
        }
        #expect(response.status == 200, "\(response.text)")
        return try #require(engine.requests.first).constraint
    }

    private static func refusal(_ members: String) async throws -> (message: String, param: String?, code: String?) {
        let response = try await RunningServer.with(
            ScriptedEngine(["x"]),
            model: RunningServer.model(RecordingRenderer())
        ) { server in
            try await server.post(chat, #"{"messages":[{"role":"user","content":"Hi"}],\#(members)}"#)
        }
        #expect(response.status == 400)
        return response.error
    }

    /// Which of the texts the constraint takes from their first to their last token.
    private static func taken(_ constraint: (any TokenConstraint)?, _ texts: [String]) throws -> [String] {
        let constraint = try #require(constraint)
        return texts.filter { text in
            var constraint = constraint
            func allows(_ token: Int32) -> Bool {
                constraint.allowedTokens()[Int(token) / 64] & (1 << UInt64(token % 64)) != 0
            }
            for token in RunningServer.model.tokenizer.encode(text) {
                let isAllowed = allows(token)
                #expect(isAllowed == constraint.accept(token))
                guard isAllowed else { return false }
            }
            return constraint.isFinished || allows(RunningServer.endToken)
        }
    }

    // MARK: Shapes

    @Test func objects() async throws {
        let constraint = try await Self.constraint(#""response_format":{"type":"json_object"}"#)
        let texts = [#"{}"#, #"{"a": [1, "보험"]}"#, "[1]", "1", "{", "words"]
        #expect(try Self.taken(constraint, texts) == Array(texts[..<2]))
        #expect(try await Self.constraint(#""response_format":{"type":"text"}"#) == nil)
    }

    @Test(arguments: [true, false]) func schemas(isStrict: Bool) async throws {
        let schema = #"{"type":"object","properties":{"total":{"type":"integer"}},"required":["total"]}"#
        let constraint = try await Self.constraint(
            #""response_format":{"type":"json_schema","json_schema":{"name":"n","strict":\#(isStrict),"schema":\#(schema)}}"#
        )
        let texts = [#"{"total":12}"#, #"{"total": 12, "more": 1}"#, #"{}"#, #"{"total":"12"}"#]
        #expect(try Self.taken(constraint, texts) == Array(texts[..<(isStrict ? 1 : 2)]))
    }

    @Test(arguments: ["/v1/chat/completions", "/v1/completions"]) func namesOfVLLM(path: String) async throws {
        let cases: [(members: String, texts: [String], takenCount: Int)] = [
            (#""structured_outputs":{"regex":"[0-9]{2}"}"#, ["12", "1", "123"], 1),
            (#""guided_regex":"[0-9]{2}""#, ["12", "1", "123"], 1),
            (#""structured_outputs":{"choice":["yes","no"]}"#, ["yes", "no", "y", "maybe"], 2),
            (#""guided_choice":["yes","no"]"#, ["yes", "no", "y", "maybe"], 2),
            (#""structured_outputs":{"grammar":"root ::= \"a\" root | \"b\""}"#, ["aab", "b", "aa"], 2),
            (#""guided_grammar":"root ::= \"a\" root | \"b\"""#, ["aab", "b", "aa"], 2),
            (#""structured_outputs":{"json":{"type":"integer"}}"#, ["7", "x"], 1),
            (#""structured_outputs":{"json":"{\"type\":\"integer\"}"}"#, ["7", "x"], 1),
            (#""guided_json":{"type":"integer"}"#, ["7", "x"], 1),
            (#""structured_outputs":{"json_object":true}"#, ["{}", #"{"a": 1}"#, "[]"], 2),
            (
                #""structured_outputs":{"json_object":true,"disable_any_whitespace":true}"#,
                ["{}", #"{"a":1}"#, #"{"a": 1}"#], 2
            ),
            (
                #""structured_outputs":{"json":{"properties":{"a":{}}},"disable_additional_properties":true}"#,
                ["{}", #"{"a":1}"#, #"{"b":1}"#], 2
            ),
            (
                #""structured_outputs":{"structural_tag":"{\"type\":\"structural_tag\",\"format\":{\"type\":\"or\",\"elements\":[{\"type\":\"const_string\",\"value\":\"a\"}]}}"}"#,
                ["a", "b"], 1
            ),
            (
                #""response_format":{"type":"structural_tag","format":{"type":"const_string","value":"a"}}"#,
                ["a", "b"], 1
            ),
            (
                #""response_format":{"type":"structural_tag","triggers":["<t"],"structures":[{"begin":"<t>","schema":{"type":"integer"},"end":"</t>"}]}"#,
                ["words", "see <t>7</t>.", "<t>x</t>"], 2
            ),
        ]
        for (members, texts, takenCount) in cases {
            let constraint = try await Self.constraint(members, path: path)
            #expect(try Self.taken(constraint, texts) == Array(texts[..<takenCount]), "\(members)")
        }
    }

    @Test func whatCannotBeObeyedIsRefusedByName() async throws {
        let cases: [(members: String, param: String, words: String)] = [
            (
                #""response_format":{"type":"json_schema","json_schema":{"schema":{"properties":{"a":{"not":{}}}}}}"#,
                "response_format", "#/properties/a/not"
            ),
            (#""structured_outputs":{"regex":"(?=a)"}"#, "structured_outputs.regex", "at character"),
            (#""structured_outputs":{"grammar":"root ::= missing"}"#, "structured_outputs.grammar", "missing"),
            (#""structured_outputs":{"structural_tag":"{"}"#, "structured_outputs.structural_tag", "1:"),
            (#""structured_outputs":{"whitespace_pattern":" "}"#, "structured_outputs.whitespace_pattern", "bounded"),
            (#""structured_outputs":{"regex":"a","choice":["a"]}"#, "structured_outputs.choice", "exclude"),
            (#""guided_regex":"a","response_format":{"type":"json_object"}"#, "guided_regex", "exclude"),
            (#""response_format":{"type":"json_schema"}"#, "response_format.json_schema", "missing"),
            (#""tool_choice":"required""#, "tool_choice", "no tools"),
            (
                #""tools":[\#(Self.tool("f", #"{"type":"array"}"#))],"tool_choice":"required""#, "tools[0]",
                "\"object\""
            ),
            (
                #""tools":[\#(Self.tool("f", #"{"properties":{"a":{"uniqueItems":true}}}"#))],"tool_choice":"required""#,
                "tools", "tool \"f\": #/properties/a/uniqueItems"
            ),
        ]
        for (members, param, words) in cases {
            let error = try await Self.refusal(members)
            #expect(error.param == param, "\(members)")
            #expect(error.message.contains(words), "\(error.message)")
        }
    }

    // MARK: Tools

    private static func call(_ name: String, _ arguments: String) -> String {
        "<tool_call>\n{\"name\": \"\(name)\", \"arguments\": \(arguments)}\n</tool_call>"
    }

    @Test func callsThatMustCome() async throws {
        let one = Self.call("weather", #"{"city": "서울"}"#)
        let other = Self.call("clock", "{}")
        let texts = [
            one, other, one + "\n" + other, "Hello", "Hello " + one, Self.call("weather", "{}"),
            Self.call("clock", #"{"a": 1}"#), Self.call("nothing", "{}"),
        ]
        let tools = #""tools":[\#(Self.weather),\#(Self.clock)]"#
        var constraint = try await Self.constraint(#"\#(tools),"tool_choice":"required""#)
        #expect(try Self.taken(constraint, texts) == Array(texts[..<3]))
        constraint = try await Self.constraint(#"\#(tools),"tool_choice":"required","parallel_tool_calls":false"#)
        #expect(try Self.taken(constraint, texts) == Array(texts[..<2]))
        constraint = try await Self.constraint(
            #"\#(tools),"tool_choice":{"type":"function","function":{"name":"clock"}}"#
        )
        #expect(try Self.taken(constraint, texts) == [other])
    }

    @Test func callsAtWill() async throws {
        let tools = #""tools":[\#(Self.weather)]"#
        #expect(try await Self.constraint(tools) == nil)
        #expect(try await Self.constraint(#"\#(tools),"tool_choice":"none""#) == nil)
        let strict = Self.tool("f", #"{"type":"object","properties":{"a":{"type":"integer"}}}"#, isStrict: true)
        let texts = [
            "words", Self.call("f", #"{"a": 1}"#), "First " + Self.call("f", "{}"), Self.call("weather", #"{"x": 1}"#),
            Self.call("f", #"{"b": 1}"#), Self.call("weather", "1"),
        ]
        let constraint = try await Self.constraint(#""tools":[\#(strict),\#(Self.weather)]"#)
        #expect(try Self.taken(constraint, texts) == Array(texts[..<4]))
    }

    @Test func aShapeOrCallsAtWill() async throws {
        let constraint = try await Self.constraint(
            #""tools":[\#(Self.weather)],"response_format":{"type":"json_object"}"#
        )
        let texts = [#"{"a": 1}"#, Self.call("weather", #"{"x": 1}"#), "words"]
        #expect(try Self.taken(constraint, texts) == Array(texts[..<2]))
    }

    // MARK: Thoughts

    @Test(arguments: [true, false]) func thoughtsAreFree(areBegun: Bool) async throws {
        let renderer = ThinkingRenderer(beginsThought: areBegun)
        let constraint = try await Self.constraint(
            #""structured_outputs":{"choice":["yes"]}"#,
            renderer: renderer
        )
        let texts = ["Let me see. </think>\n\nyes", "yes", "<think>Well</think>yes", "Let me see."]
        #expect(try Self.taken(constraint, texts) == (areBegun ? [texts[0], texts[2]] : Array(texts[1...2])))
    }

    /// Renders as a template of a model that thinks.
    private struct ThinkingRenderer: ConversationRenderer {
        let beginsThought: Bool
        let reasoningMarks: (begin: String, end: String)? = ("<think>", "</think>")

        func reads(variable name: String) -> Bool { false }

        func render(_ conversation: Conversation) -> RenderedChat {
            RenderedChat(
                text: "Hi <think> assistant:" + (beginsThought ? "<think>\n" : ""),
                messageText: [0..<10],
                images: [],
                imageToken: nil
            )
        }
    }

    @Test func aThoughtThatAMessageSpellsIsNone() async throws {
        struct Renderer: ConversationRenderer {
            let reasoningMarks: (begin: String, end: String)? = ("<think>", "</think>")
            func reads(variable name: String) -> Bool { false }
            func render(_ conversation: Conversation) -> RenderedChat {
                RenderedChat(text: "Hi <think>", messageText: [0..<10], images: [], imageToken: nil)
            }
        }
        let constraint = try await Self.constraint(#""structured_outputs":{"choice":["yes"]}"#, renderer: Renderer())
        #expect(try Self.taken(constraint, ["yes", "x</think>yes"]) == ["yes"])
    }

    // MARK: Tokens that must follow

    /// Follows the forced tokens wherever there are any, else the first allowed token; gives the text.
    private static func text(of constraint: inout any TokenConstraint) throws -> (text: String, forcedCount: Int) {
        var tokens: [Int32] = []
        var forcedCount = 0
        while !constraint.isFinished, tokens.count < 200 {
            let forced = constraint.forcedTokens()
            forcedCount += forced.count
            let words = constraint.allowedTokens()
            let first = try #require(words.indices.first { words[$0] != 0 })
            let free = [Int32(first * 64 + words[first].trailingZeroBitCount)]
            for token in forced.isEmpty ? free : forced {
                let isTaken = constraint.accept(token)
                try #require(isTaken)
                tokens.append(token)
            }
        }
        return (RunningServer.model.tokenizer.decode(tokens), forcedCount)
    }

    @Test(arguments: ["annual report", "진단서 발급 수수료", "<|im_end|> is text", "🇰🇷 코드", "a"]) func textThatMustCome(
        _ text: String
    )
        async throws
    {
        var constraint = try #require(
            try await Self.constraint(#""structured_outputs":{"choice":["\#(text)"]}"#)
        )
        let found = try Self.text(of: &constraint)
        #expect(found.text == text)
        #expect(found.forcedCount > 1 || text == "a")
    }

    /// The last token before a choice is the model's, as it may hold a part of what is chosen.
    @Test func theTokenBeforeAChoiceIsFree() async throws {
        let texts = ["the report of May", "the report on June"]
        var constraint = try #require(
            try await Self.constraint(#""structured_outputs":{"choice":["\#(texts[0])","\#(texts[1])"]}"#)
        )
        let tokenizer = RunningServer.model.tokenizer
        let forced = constraint.forcedTokens()
        let certain = tokenizer.encode("the report o")
        #expect(!forced.isEmpty && forced == certain.dropLast())
        #expect(try texts.contains(Self.text(of: &constraint).text))
    }
}
