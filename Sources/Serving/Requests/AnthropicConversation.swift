// Anthropic's messages as turns, and the rest of such a request. The body has been checked against AnthropicFields.
// Next: ChatRequest.swift.

import JSONText
import ModelRuntime

/// Reads the turns of a request in Anthropic's form.
struct AnthropicConversation {
    private(set) var turns: [ConversationTurn] = []
    private(set) var images: [ImageReference] = []
    /// Whether the last message is the model's own, with which the answer goes on.
    private(set) var endsWithAnswer = false

    init(_ body: JSONValue) throws(RequestError) {
        if let text = body["system"]?.string {
            turns.append(ConversationTurn(role: "system", parts: [.text(text)]))
        } else if let blocks = body["system"]?.array, !blocks.isEmpty {
            turns.append(ConversationTurn(role: "system", parts: blocks.map(Self.text)))
        }
        for (index, message) in (body["messages"]?.array ?? []).enumerated() {
            try append(message, at: "messages[\(index)]")
        }
        guard let last = turns.last, last.role == "assistant" else { return }
        guard last.toolCalls.isEmpty else {
            throw .invalid(
                "'messages' ends with a call of \"\(last.toolCalls[0].name)\"; right would be its tool_result after it",
                param: "messages"
            )
        }
        endsWithAnswer = true
    }

    private mutating func append(_ message: JSONValue, at path: String) throws(RequestError) {
        let role = message["role"]?.string ?? ""
        if let text = message["content"]?.string {
            turns.append(ConversationTurn(role: role, parts: [.text(text)]))
            return
        }
        let blocks = message["content"]?.array ?? []
        guard !blocks.isEmpty || role == "assistant" else {
            throw .invalid("'\(path).content' is empty; right would be at least one block", param: "\(path).content")
        }
        for (index, block) in blocks.enumerated() {
            try Self.check(block, of: role, at: "\(path).content[\(index)]")
        }
        if role == "user" {
            try appendUser(blocks, at: path)
        } else {
            turns.append(Self.turn(of: role, blocks))
        }
    }

    /// Refuses blocks that make no sense from this speaker.
    private static func check(_ block: JSONValue, of role: String, at path: String) throws(RequestError) {
        let right =
            switch role {
            case "user": ["text", "image", "tool_result"]
            case "assistant": ["text", "tool_use", "thinking"]
            default: ["text"]
            }
        let type = block["type"]?.string ?? ""
        guard right.contains(type) else {
            throw .invalid(
                "'\(path).type' is \"\(type)\"; right would be, with the role \(role), "
                    + ValueSchema.choice(right).phrase,
                param: "\(path).type"
            )
        }
    }

    /// What a user says becomes one turn; the results of tools among it become turns of their own.
    private mutating func appendUser(_ blocks: [JSONValue], at path: String) throws(RequestError) {
        var parts: [ConversationTurn.Part] = []
        for (index, block) in blocks.enumerated() {
            let place = "\(path).content[\(index)]"
            guard block["type"]?.string == "tool_result" else {
                parts.append(try part(block, at: place))
                continue
            }
            if !parts.isEmpty { turns.append(ConversationTurn(role: "user", parts: parts)) }
            parts = []
            turns.append(try result(block, at: place))
        }
        if !parts.isEmpty { turns.append(ConversationTurn(role: "user", parts: parts)) }
    }

    private mutating func result(_ block: JSONValue, at path: String) throws(RequestError) -> ConversationTurn {
        var turn = ConversationTurn(role: "tool", parts: [])
        turn.toolCallID = block["tool_use_id"]?.string
        if let text = block["content"]?.string { turn.parts = [.text(text)] }
        for (index, inner) in (block["content"]?.array ?? []).enumerated() {
            turn.parts.append(try part(inner, at: "\(path).content[\(index)]"))
        }
        // Chat templates have no place for failures but the text.
        if block["is_error"]?.boolean == true {
            if case .text(let text)? = turn.parts.first {
                turn.parts[0] = .text("Error: " + text)
            } else {
                turn.parts.insert(.text("Error"), at: 0)
            }
        }
        if turn.parts.isEmpty { turn.parts = [.text("")] }
        return turn
    }

    /// What the model, or whoever instructs it, said.
    private static func turn(of role: String, _ blocks: [JSONValue]) -> ConversationTurn {
        var turn = ConversationTurn(role: role, parts: [])
        var thoughts: [String] = []
        for block in blocks {
            switch block["type"]?.string {
            case "tool_use":
                turn.toolCalls.append(
                    ConversationTurn.ToolCall(
                        id: block["id"]?.string ?? "",
                        name: block["name"]?.string ?? "",
                        arguments: block["input"] ?? JSONValue(.object([]))
                    )
                )
            case "thinking": thoughts.append(block["thinking"]?.string ?? "")
            default: turn.parts.append(text(block))
            }
        }
        if !thoughts.isEmpty { turn.reasoning = thoughts.joined(separator: "\n") }
        return turn
    }

    private mutating func part(_ block: JSONValue, at path: String) throws(RequestError) -> ConversationTurn.Part {
        guard block["type"]?.string == "image" else { return Self.text(block) }
        let source = block["source"]
        if let data = source?["data"]?.string {
            let type = source?["media_type"]?.string ?? ""
            images.append(ImageReference(url: "data:\(type);base64,\(data)", field: "\(path).source.data"))
        } else {
            images.append(ImageReference(url: source?["url"]?.string ?? "", field: "\(path).source.url"))
        }
        return .image(images.count - 1)
    }

    private static func text(_ block: JSONValue) -> ConversationTurn.Part { .text(block["text"]?.string ?? "") }
}

extension ChatRequest {
    /// The request that a body in Anthropic's form makes.
    init(anthropic body: JSONValue, _ model: ServedModel) throws(RequestError) {
        try RefusedField.check(AnthropicFields.refused, body)
        let read = try AnthropicConversation(body)
        var conversation = Conversation(turns: read.turns)
        conversation.continuesLastMessage = read.endsWithAnswer
        conversation.addsGenerationPrompt = !read.endsWithAnswer
        conversation.variables = try Self.thinking(body, model.renderer)
        var parameters = model.defaults
        try parameters.apply(body)
        if let texts = body["stop_sequences"]?.array { parameters.stopStrings = texts.compactMap(\.string) }
        self.init(
            conversation: conversation,
            images: read.images,
            parameters: parameters,
            tools: try Self.tools(body)
        )
        if let schema = body["output_config"]?["format"]?["schema"] { shape = .jsonSchema(schema, isStrict: true) }
    }

    private static func tools(_ body: JSONValue) throws(RequestError) -> ToolPolicy {
        var policy = ToolPolicy()
        policy.tools = (body["tools"]?.array ?? []).map { tool in
            ToolDefinition(
                name: tool["name"]?.string ?? "",
                description: tool["description"]?.string,
                parameters: tool["input_schema"],
                isStrict: tool["strict"]?.boolean ?? false
            )
        }
        let choice = body["tool_choice"]
        switch choice?["type"]?.string {
        case "none": policy.choice = .never
        case "any": policy.choice = .required
        case "tool": policy.choice = .named(choice?["name"]?.string ?? "")
        default: policy.choice = .auto
        }
        policy.allowsParallel = choice?["disable_parallel_tool_use"]?.boolean != true
        try policy.check(field: "tool_choice")
        return policy
    }

    /// How much the model is to think. Without a word it thinks as its template has it.
    private static func thinking(
        _ body: JSONValue,
        _ renderer: any ConversationRenderer
    ) throws(RequestError) -> [TemplateVariable] {
        var variables = renderer.thinkingVariables(effort: body["output_config"]?["effort"]?.string)
        let type = body["thinking"]?["type"]?.string
        guard type == "enabled" || type == "disabled" else { return variables }
        if let budget = body["thinking"]?["budget_tokens"]?.integer, let most = body["max_tokens"]?.integer,
            budget >= most
        {
            throw .invalid(
                "'thinking.budget_tokens' is \(budget); right would be less than max_tokens, \(most)",
                param: "thinking.budget_tokens"
            )
        }
        if let variable = renderer.thinkingSwitch(type == "enabled") {
            variables.removeAll { $0.name == variable.name }
            variables.append(variable)
        } else if type == "enabled" {
            throw .unsupported("thinking", "the model's chat template cannot turn thoughts on")
        }
        return variables
    }
}
