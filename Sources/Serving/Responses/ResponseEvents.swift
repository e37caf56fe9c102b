// The events of a streamed response, as OpenAI's clients read them. The objects in them: ResponseObjectWriter.swift.

import JSONText
import ModelRuntime

/// Writes the events of one response, and counts them.
struct ResponseEvents: Sendable {
    private let writer: ResponseObjectWriter
    private var count = 0

    init(_ writer: ResponseObjectWriter) { self.writer = writer }

    /// The response begins.
    mutating func begin(_ answer: AnswerSegments) -> [ServerSentEvent] {
        ["response.created", "response.in_progress"].map { response($0, .inProgress, answer) }
    }

    /// The answer is complete, or was cut off.
    mutating func end(_ answer: AnswerSegments) -> ServerSentEvent {
        response(answer.finish == .length ? "response.incomplete" : "response.completed", .ended, answer)
    }

    /// There will be no further answer.
    mutating func fail(_ error: RequestError, _ answer: AnswerSegments) -> ServerSentEvent {
        response("response.failed", .failed(error), answer)
    }

    /// Something new about an item.
    mutating func events(_ change: AnswerSegments.Change, of answer: AnswerSegments) -> [ServerSentEvent] {
        switch change {
        case .begin(let index): beginItem(index, answer.segments[index].kind)
        case .extend(let index, let text, let tokens): [extendItem(index, answer.segments[index].kind, text, tokens)]
        case .end(let index): endItem(index, of: answer)
        }
    }

    // MARK: Items

    private mutating func beginItem(_ index: Int, _ kind: AnswerSegment.Kind) -> [ServerSentEvent] {
        var events = [
            event("response.output_item.added") { [writer] json in
                json.member("output_index", index)
                json.key("item")
                writer.writeNewItem(index, kind, to: &json)
            }
        ]
        guard Self.hasContent(kind) else { return events }
        events.append(
            itemEvent("response.content_part.added", index, kind) { [writer] json in
                json.key("part")
                writer.writePart(of: AnswerSegment(kind: kind), to: &json)
            }
        )
        return events
    }

    private mutating func extendItem(
        _ index: Int,
        _ kind: AnswerSegment.Kind,
        _ text: String,
        _ tokens: [SampledToken]
    ) -> ServerSentEvent {
        itemEvent("\(Self.eventName(kind)).delta", index, kind) { [writer] json in
            json.member("delta", text)
            guard kind == .text else { return }
            json.key("logprobs")
            json.tokenLogProbabilities(tokens, writer.tokenizer)
        }
    }

    private mutating func endItem(_ index: Int, of answer: AnswerSegments) -> [ServerSentEvent] {
        let segment = answer.segments[index]
        let kind = segment.kind
        var events = [
            itemEvent("\(Self.eventName(kind)).done", index, kind) { [writer] json in
                switch kind {
                case .text:
                    json.member("text", segment.text)
                    json.key("logprobs")
                    json.tokenLogProbabilities(segment.tokens, writer.tokenizer)
                case .reasoning: json.member("text", segment.text)
                case .toolCall(let name):
                    json.member("name", name)
                    json.member("arguments", segment.text)
                }
            }
        ]
        if Self.hasContent(kind) {
            events.append(
                itemEvent("response.content_part.done", index, kind) { [writer] json in
                    json.key("part")
                    writer.writePart(of: segment, to: &json)
                }
            )
        }
        events.append(
            event("response.output_item.done") { [writer] json in
                json.member("output_index", index)
                json.key("item")
                writer.writeItem(index, of: answer, to: &json)
            }
        )
        return events
    }

    /// Whether an item of this kind has a list of parts.
    private static func hasContent(_ kind: AnswerSegment.Kind) -> Bool {
        switch kind {
        case .text, .reasoning: true
        case .toolCall: false
        }
    }

    private static func eventName(_ kind: AnswerSegment.Kind) -> String {
        switch kind {
        case .text: "response.output_text"
        case .reasoning: "response.reasoning_text"
        case .toolCall: "response.function_call_arguments"
        }
    }

    // MARK: Frames

    private mutating func response(
        _ name: String,
        _ status: ResponseObjectWriter.Status,
        _ answer: AnswerSegments
    ) -> ServerSentEvent {
        event(name) { [writer] json in
            json.key("response")
            writer.write(status, answer, to: &json)
        }
    }

    private mutating func itemEvent(
        _ name: String,
        _ index: Int,
        _ kind: AnswerSegment.Kind,
        _ members: (inout JSONWriter) -> Void
    ) -> ServerSentEvent {
        event(name) { [writer] json in
            json.member("item_id", writer.itemID(index, kind))
            json.member("output_index", index)
            if Self.hasContent(kind) { json.member("content_index", 0) }
            members(&json)
        }
    }

    private mutating func event(_ name: String, _ members: (inout JSONWriter) -> Void) -> ServerSentEvent {
        var json = JSONWriter()
        json.object { json in
            json.member("type", name)
            json.member("sequence_number", count)
            members(&json)
        }
        count += 1
        return ServerSentEvent(name: name, json: json.utf8)
    }
}
