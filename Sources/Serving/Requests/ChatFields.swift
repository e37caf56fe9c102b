// The messages and tools of a chat request: their table, and how they become turns.
// Not other interfaces' messages: those have files of their own beside their endpoints.

import JSONText

/// Fields of `/v1/chat/completions` that are not about the choice of tokens.
enum ChatFields {
    static let imageURL = ObjectSchema(
        "ImageURL",
        [
            .required(
                "url",
                .string,
                "A data URI such as data:image/png;base64,..., or a URL that the server allows."
            ),
            FieldSchema("detail", .choice(["auto", "low", "high"]), "Has no effect: images keep their size."),
        ]
    )

    static let part = ObjectSchema(
        "ContentPart",
        [
            .required("type", .choice(["text", "image_url", "refusal"]), "What the part is."),
            FieldSchema("text", .string, "The text of a part of type text."),
            FieldSchema("image_url", .either([.object(imageURL), .string]), "The image of a part of type image_url."),
            FieldSchema("refusal", .string, "The text of a part of type refusal."),
            FieldSchema("uuid", .string, "Has no effect: images are told apart by their content."),
        ]
    )

    static let toolCall = ObjectSchema(
        "ToolCall",
        [
            FieldSchema("id", .string, "The name of the call, which its answer refers to."),
            FieldSchema("index", .integer(), "Has no effect."),
            FieldSchema("type", .choice(["function"]), "The kind of tool."),
            .required(
                "function",
                .object(
                    ObjectSchema(
                        "FunctionCall",
                        [
                            .required("name", .string, "The function."),
                            .required("arguments", .either([.string, .object(anyObject)]), "Its arguments, as JSON."),
                        ]
                    )
                ),
                "The function and its arguments."
            ),
        ]
    )

    /// An object of any members; those are checked where it is used.
    static let anyObject = ObjectSchema("AnyObject", [], isOpen: true)

    static let message = ObjectSchema(
        "Message",
        [
            .required("role", .choice(["system", "developer", "user", "assistant", "tool"]), "Who speaks."),
            FieldSchema("content", .either([.string, .array(.object(part))]), "What is said: text, or parts."),
            FieldSchema("name", .string, "The name of whoever speaks."),
            FieldSchema("tool_calls", .array(.object(toolCall)), "Calls that the model asked for."),
            FieldSchema("tool_call_id", .string, "The call that a message of a tool answers."),
            FieldSchema("reasoning_content", .string, "What the model thought before it spoke."),
            FieldSchema("reasoning", .string, "The same, by its newer name."),
            FieldSchema("refusal", .string, "Why the model did not answer; read as its text."),
            FieldSchema("audio", .any, "Only null: the model neither hears nor speaks."),
            FieldSchema("annotations", .any, "Has no effect."),
            FieldSchema("function_call", .any, "Only null: an older form of tool_calls."),
        ]
    )

    /// The turns of a request, and the URLs of its images with their places.
    static func turns(_ messages: [JSONValue]) throws(RequestError) -> (
        turns: [ConversationTurn], images: [ImageReference]
    ) {
        var turns: [ConversationTurn] = []
        var images: [ImageReference] = []
        for (index, message) in messages.enumerated() {
            turns.append(try turn(message, at: "messages[\(index)]", &images))
        }
        return (turns, images)
    }

    private static func turn(
        _ message: JSONValue,
        at path: String,
        _ images: inout [ImageReference]
    ) throws(RequestError) -> ConversationTurn {
        for name in ["audio", "function_call"] where message[name].map({ !$0.isNull }) == true {
            throw .unsupported("\(path).\(name)", "only null is accepted")
        }
        let role = message["role"]?.string ?? ""
        var turn = ConversationTurn(role: role == "developer" ? "system" : role, parts: [])
        if let text = message["content"]?.string { turn.parts.append(.text(text)) }
        for (index, part) in (message["content"]?.array ?? []).enumerated() {
            turn.parts.append(try self.part(part, at: "\(path).content[\(index)]", &images))
        }
        if let refusal = message["refusal"]?.string { turn.parts.append(.text(refusal)) }
        turn.reasoning = message["reasoning"]?.string ?? message["reasoning_content"]?.string
        turn.name = message["name"]?.string
        turn.toolCallID = message["tool_call_id"]?.string
        for (index, call) in (message["tool_calls"]?.array ?? []).enumerated() {
            turn.toolCalls.append(try toolCall(call, at: "\(path).tool_calls[\(index)]"))
        }
        guard !turn.parts.isEmpty || !turn.toolCalls.isEmpty || role == "assistant" else {
            throw .invalid("'\(path).content' is missing: what is said", param: "\(path).content")
        }
        return turn
    }

    private static func part(
        _ part: JSONValue,
        at path: String,
        _ images: inout [ImageReference]
    ) throws(RequestError) -> ConversationTurn.Part {
        switch part["type"]?.string {
        case "image_url":
            guard let url = part["image_url"]?.string ?? part["image_url"]?["url"]?.string else {
                throw .invalid("'\(path).image_url' is missing: the image", param: "\(path).image_url")
            }
            images.append(ImageReference(url: url, field: "\(path).image_url.url"))
            return .image(images.count - 1)
        case let type:
            guard let text = part[type ?? "text"]?.string else {
                throw .invalid("'\(path).text' is missing: the text", param: "\(path).text")
            }
            return .text(text)
        }
    }

    private static func toolCall(_ call: JSONValue, at path: String) throws(RequestError) -> ConversationTurn.ToolCall {
        var arguments = call["function"]?["arguments"] ?? JSONValue(.object([]))
        if let text = arguments.string {
            do {
                arguments = text.isEmpty ? JSONValue(.object([])) : try JSONDocument(text).root
            } catch {
                let field = "\(path).function.arguments"
                throw .invalid("'\(field)' is not valid JSON: \(error)", param: field)
            }
        }
        return ConversationTurn.ToolCall(
            id: call["id"]?.string ?? "",
            name: call["function"]?["name"]?.string ?? "",
            arguments: arguments
        )
    }
}

/// An image that a request names.
struct ImageReference: Sendable {
    let url: String
    /// Where the URL stands in the request.
    let field: String
}
