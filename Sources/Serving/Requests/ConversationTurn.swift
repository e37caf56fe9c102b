// The messages of a request, checked and in one form, whichever of the interfaces they came by.
// Not their text for the model: Model/ServedModel.swift, `ConversationRenderer`.

import JSONText

/// One message of a conversation.
struct ConversationTurn: Sendable {
    /// A part of a message.
    enum Part: Sendable {
        case text(String)
        /// The image with this index among those of the request.
        case image(Int)
    }

    /// A call of a tool that the model asked for.
    struct ToolCall: Sendable {
        let id: String
        let name: String
        /// The arguments, an object.
        let arguments: JSONValue
    }

    /// Who speaks: `system`, `user`, `assistant` or `tool`.
    var role: String
    var parts: [Part]
    /// What the model thought before it spoke.
    var reasoning: String?
    var toolCalls: [ToolCall] = []
    /// The call that a message of a tool answers.
    var toolCallID: String?
    var name: String?

    /// The text of all parts, or nil if there are images.
    var text: String? {
        var text: [String] = []
        for part in parts {
            guard case .text(let piece) = part else { return nil }
            text.append(piece)
        }
        return text.joined(separator: "\n")
    }
}

/// A tool that the model may call.
struct ToolDefinition: Sendable {
    let name: String
    /// The parameters as a JSON schema; nil for none.
    let parameters: JSONValue?
    /// Whether arguments have no members that the schema does not name.
    let isStrict: Bool
    /// The whole definition as the template shows it to the model: `{"type": "function", "function": {...}}`.
    let definition: JSONValue
}

/// A variable of a chat template.
struct TemplateVariable: Sendable {
    let name: String
    let value: JSONValue
}
