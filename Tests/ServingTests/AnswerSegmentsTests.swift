// Answers as rows of stretches, and how both interfaces that have such rows write thoughts.

import InputProcessing
import JSONText
import ModelRuntime
import ServingEngine
import Testing

@testable import Serving

@Suite struct AnswerSegmentsTests {
    private static let format: AnswerFormat = {
        var format = AnswerFormat()
        format.toolCallMarks = ("<tool_call>", "</tool_call>")
        format.reasoningMarks = ("<think>", "</think>")
        return format
    }()

    /// An answer that comes in these pieces, a token for each, and all that changes.
    private static func answer(_ pieces: [String], finish: FinishReason = .stopToken(0)) -> (
        AnswerSegments, [(AnswerSegments.Change, AnswerSegments)]
    ) {
        var answer = AnswerSegments(format)
        var changes: [(AnswerSegments.Change, AnswerSegments)] = []
        var usage = TokenUsage(promptTokens: 5)
        for (index, piece) in pieces.enumerated() {
            usage.generatedTokens += 1
            let update = GenerationUpdate(
                choice: 0,
                text: piece,
                tokens: [SampledToken(token: Int32(index))],
                finish: index == pieces.count - 1 ? finish : nil,
                usage: usage
            )
            changes += answer.append(update).map { ($0, answer) }
        }
        return (answer, changes)
    }

    private static let pieces = [
        "<thi", "nk>\nHm", ". So.\n</think>", "\n\nI will.", "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\":",
        " 1}}</tool_call>", "\nDone",
    ]

    @Test func stretches() {
        let (answer, changes) = Self.answer(Self.pieces)
        #expect(answer.segments.map(\.kind) == [.reasoning, .text, .toolCall(name: "f"), .text])
        #expect(answer.segments.map(\.text) == ["Hm. So.\n", "I will.", #"{"a": 1}"#, "Done"])
        // No token is lost, and none counts twice.
        #expect(answer.segments.reduce(0) { $0 + $1.tokenCount } == Self.pieces.count)
        #expect(answer.segments[0].tokenCount == 3)
        #expect(!answer.isOpen)
        #expect(answer.callsTools)
        // Every stretch begins, grows and ends, one after the other.
        var open: Int?
        var texts = ["", "", "", ""]
        for (change, _) in changes {
            switch change {
            case .begin(let index):
                #expect(open == nil)
                open = index
            case .extend(let index, let text, _):
                #expect(open == index)
                texts[index] += text
            case .end(let index):
                #expect(open == index)
                open = nil
            }
        }
        #expect(open == nil)
        #expect(texts == answer.segments.map(\.text))
    }

    @Test func aCallCutBeforeItsArgumentsIsWhatTheModelWrote() {
        let (answer, _) = Self.answer(["Well.\n<tool_call>\n{\"name\": ", "\"f\","], finish: .length)
        #expect(answer.segments.map(\.kind) == [.text])
        #expect(answer.segments.map(\.text) == ["Well.\n<tool_call>\n{\"name\": \"f\","])
        #expect(!answer.callsTools)
    }

    @Test func answersThatAreCutOffCallNothing() {
        let (answer, _) = Self.answer(["<tool_call>{\"name\": \"f\", \"arguments\": {", "\"a\""], finish: .length)
        #expect(answer.segments.map(\.kind) == [.toolCall(name: "f")])
        #expect(!answer.callsTools)
        #expect(!answer.isOpen)
    }

    @Test func thoughtsAsAnthropicsBlocks() throws {
        let writer = AnthropicMessageWriter(requestID: "1", model: "m", stopSequences: [])
        let (answer, changes) = Self.answer(Self.pieces)
        let whole = try JSONDocument(writer.message(answer)).root
        let expected = """
            [{"type":"thinking","thinking":"Hm. So.\\n","signature":""},{"type":"text","text":"I will."},
            {"type":"tool_use","id":"toolu_1_2","name":"f","input":{"a":1}},{"type":"text","text":"Done"}]
            """
        #expect(whole["content"] == (try JSONDocument(expected).root))
        #expect(whole["stop_reason"]?.string == "tool_use")
        let events = try changes.compactMap { change, answer in writer.event(change, of: answer) }
            .map { try JSONDocument($0.json).root }
        let first = events.filter { $0["index"]?.integer == 0 }
        #expect(
            first.first?["content_block"]
                == (try JSONDocument(#"{"type":"thinking","thinking":"","signature":""}"#).root)
        )
        let deltas = first.compactMap { $0["delta"] }
        #expect(deltas.allSatisfy { $0["type"]?.string == "thinking_delta" })
        #expect(deltas.compactMap { $0["thinking"]?.string }.joined() == "Hm. So.\n")
    }

    @Test func thoughtsAsItemsOfResponses() throws {
        let model = RunningServer.model
        let body = try JSONDocument(#"{"input":"Hi"}"#).root
        let writer = ResponseObjectWriter(
            requestID: "1",
            model: "m",
            created: 1,
            body: body,
            tools: ToolPolicy(),
            parameters: SamplingParameters(),
            tokenizer: model.tokenizer
        )
        let (answer, changes) = Self.answer(Self.pieces)
        let whole = try JSONDocument(writer.response(.ended, answer)).root
        let thoughts = try JSONDocument(
            """
            {"id":"rs_1-0","type":"reasoning","summary":[],
             "content":[{"type":"reasoning_text","text":"Hm. So.\\n"}],"encrypted_content":null,"status":"completed"}
            """
        ).root
        #expect(whole["output"]?.array?.first == thoughts)
        #expect(whole["usage"]?["output_tokens_details"]?["reasoning_tokens"]?.integer == 3)
        var events = ResponseEvents(writer)
        let written = changes.flatMap { change, answer in events.events(change, of: answer) }
        let first = try written.map { try JSONDocument($0.json).root }.filter { $0["output_index"]?.integer == 0 }
        #expect(
            Set(first.compactMap { $0["type"]?.string }) == [
                "response.output_item.added", "response.content_part.added", "response.reasoning_text.delta",
                "response.reasoning_text.done", "response.content_part.done", "response.output_item.done",
            ]
        )
        let deltas = first.filter { $0["type"]?.string == "response.reasoning_text.delta" }
        #expect(deltas.compactMap { $0["delta"]?.string }.joined() == "Hm. So.\n")
        #expect(first.last?["item"] == thoughts)
    }

    /// Arguments that are no object, as models that are not constrained may write them.
    @Test(
        arguments: [
            (#"{"a": 1}"#, #"{"a": 1}"#), (#""{\"a\": 1}""#, #"{"a": 1}"#), ("null", "{}"), ("[1]", "[1]"),
            (#""text""#, #""text""#),
        ]
    ) func argumentsOfCalls(_ written: String, _ input: String) throws {
        let (answer, _) = Self.answer([#"<tool_call>{"name": "f", "arguments": \#(written)}</tool_call>"#])
        let writer = AnthropicMessageWriter(requestID: "1", model: "m", stopSequences: [])
        let block = try #require(try JSONDocument(writer.message(answer)).root["content"]?.array?.first)
        #expect(block["input"] == (try JSONDocument(input).root))
    }
}
