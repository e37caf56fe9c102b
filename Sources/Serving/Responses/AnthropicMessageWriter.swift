// Messages as Anthropic's clients read them: whole ones, and the events of streamed ones.
// What is in a message: AnswerSegments.swift.

import JSONText
import ModelRuntime
import ServingEngine

/// Writes the answer to one request.
struct AnthropicMessageWriter: Sendable {
    /// The number of the request, of which the names of the message and of its calls are made.
    let requestID: String
    let model: String
    /// The texts that the request wanted to end the answer.
    let stopSequences: [String]

    // MARK: Whole messages

    /// A message that is complete.
    func message(_ answer: AnswerSegments) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writeHead(to: &writer)
            writer.array("content") { writer in
                for (index, segment) in answer.segments.enumerated() {
                    writer.object { writeBlock(index, segment, isWhole: true, to: &$0) }
                }
            }
            writeEnd(answer, to: &writer)
            write(answer.usage, to: &writer)
        }
        return writer.utf8
    }

    // MARK: Events

    /// The message begins.
    func start(_ usage: TokenUsage) -> ServerSentEvent {
        event("message_start") { writer in
            writer.object("message") { writer in
                writeHead(to: &writer)
                writer.array("content") { _ in }
                writer.member("stop_reason", nil as String?)
                writer.member("stop_sequence", nil as String?)
                write(usage, to: &writer)
            }
        }
    }

    /// Says nothing but that the connection is well.
    var ping: ServerSentEvent { event("ping") { _ in } }

    /// Something new about a block.
    func event(_ change: AnswerSegments.Change, of answer: AnswerSegments) -> ServerSentEvent? {
        switch change {
        case .begin(let index):
            event("content_block_start") { writer in
                writer.member("index", index)
                writer.object("content_block") { writer in
                    writeBlock(index, AnswerSegment(kind: answer.segments[index].kind), isWhole: false, to: &writer)
                }
            }
        // Tokens without text have no place in this interface.
        case .extend(_, text: "", _): nil
        case .extend(let index, let text, _):
            event("content_block_delta") { writer in
                writer.member("index", index)
                writer.object("delta") { writer in
                    switch answer.segments[index].kind {
                    case .text:
                        writer.member("type", "text_delta")
                        writer.member("text", text)
                    case .reasoning:
                        writer.member("type", "thinking_delta")
                        writer.member("thinking", text)
                    case .toolCall:
                        writer.member("type", "input_json_delta")
                        writer.member("partial_json", text)
                    }
                }
            }
        case .end(let index): event("content_block_stop") { $0.member("index", index) }
        }
    }

    /// The end of the message, and of the stream.
    func end(_ answer: AnswerSegments) -> [ServerSentEvent] {
        [
            event("message_delta") { writer in
                writer.object("delta") { writeEnd(answer, to: &$0) }
                write(answer.usage, to: &writer)
            },
            event("message_stop") { _ in },
        ]
    }

    private func event(_ name: String, _ members: (inout JSONWriter) -> Void) -> ServerSentEvent {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("type", name)
            members(&writer)
        }
        return ServerSentEvent(name: name, json: writer.utf8)
    }

    // MARK: Parts

    private func writeHead(to writer: inout JSONWriter) {
        writer.member("id", "msg_\(requestID)")
        writer.member("type", "message")
        writer.member("role", "assistant")
        writer.member("model", model)
    }

    private func writeBlock(_ index: Int, _ segment: AnswerSegment, isWhole: Bool, to writer: inout JSONWriter) {
        switch segment.kind {
        case .text:
            writer.member("type", "text")
            writer.member("text", segment.text)
        case .reasoning:
            writer.member("type", "thinking")
            writer.member("thinking", segment.text)
            // Clients expect the member; thoughts are not signed.
            writer.member("signature", "")
        case .toolCall(let name):
            writer.member("type", "tool_use")
            writer.member("id", "toolu_\(requestID)_\(index)")
            writer.member("name", name)
            writer.member("input", tree: isWhole ? Self.input(segment.text) : JSONValue(.object([])))
        }
    }

    /// The arguments of a call; an empty object if the answer ended in the middle of them, as `stop_reason` then tells.
    private static func input(_ text: String) -> JSONValue {
        guard let value = try? JSONDocument(text).root else { return JSONValue(.object([])) }
        // Some models write arguments as a text that holds JSON.
        if let inner = value.string, let object = try? JSONDocument(inner).root, object.kind == .object {
            return object
        }
        return value.isNull ? JSONValue(.object([])) : value
    }

    private func writeEnd(_ answer: AnswerSegments, to writer: inout JSONWriter) {
        var sequence: String?
        // The engine may end answers at other texts, too, which the request did not name.
        if case .stopString(let text)? = answer.finish, stopSequences.contains(text) { sequence = text }
        let reason =
            if answer.finish == .length { "max_tokens" } else if sequence != nil { "stop_sequence" } else {
                answer.callsTools ? "tool_use" : "end_turn"
            }
        writer.member("stop_reason", reason)
        writer.member("stop_sequence", sequence)
    }

    /// Tokens of the prompt that were known already are told apart from the others, not counted among them.
    private func write(_ usage: TokenUsage, to writer: inout JSONWriter) {
        writer.object("usage") { writer in
            writer.member("input_tokens", max(usage.promptTokens - usage.cachedTokens, 0))
            writer.member("cache_creation_input_tokens", 0)
            writer.member("cache_read_input_tokens", usage.cachedTokens)
            writer.member("output_tokens", usage.generatedTokens)
        }
    }
}
