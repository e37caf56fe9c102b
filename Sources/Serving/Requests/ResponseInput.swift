// The input of OpenAI's responses as turns, and the rest of such a request. The body has been checked against
// ResponseFields. Next: ChatRequest.swift.

import JSONText
import ModelRuntime

/// Reads the turns of a request to `/v1/responses`.
struct ResponseInput {
    private(set) var turns: [ConversationTurn] = []
    private(set) var images: [ImageReference] = []

    init(_ body: JSONValue) throws(RequestError) {
        if let text = body["instructions"]?.string {
            turns.append(ConversationTurn(role: "system", parts: [.text(text)]))
        }
        if let text = body["input"]?.string {
            turns.append(ConversationTurn(role: "user", parts: [.text(text)]))
        }
        for (index, item) in (body["input"]?.array ?? []).enumerated() {
            try append(item, at: "input[\(index)]")
        }
    }

    private mutating func append(_ item: JSONValue, at path: String) throws(RequestError) {
        switch item["type"]?.string {
        case "function_call": try appendCall(item, at: path)
        case "function_call_output":
            var turn = ConversationTurn(role: "tool", parts: try parts(item["output"], at: "\(path).output"))
            turn.toolCallID = item["call_id"]?.string
            turns.append(turn)
        case "reasoning": try appendReasoning(item, at: path)
        default: try appendMessage(item, at: path)
        }
    }

    private mutating func appendMessage(_ item: JSONValue, at path: String) throws(RequestError) {
        let role = item["role"]?.string ?? ""
        let parts = try parts(item["content"], at: "\(path).content")
        // Words follow the thoughts that stand before them.
        if role == "assistant", let last = turns.last, last.role == role, last.parts.isEmpty, last.toolCalls.isEmpty {
            turns[turns.count - 1].parts = parts
        } else {
            turns.append(ConversationTurn(role: role == "developer" ? "system" : role, parts: parts))
        }
    }

    /// Calls belong to what the model said before them.
    private mutating func appendCall(_ item: JSONValue, at path: String) throws(RequestError) {
        let text = item["arguments"]?.string ?? ""
        let arguments: JSONValue
        do {
            arguments = text.isEmpty ? JSONValue(.object([])) : try JSONDocument(text).root
        } catch {
            throw .invalid("'\(path).arguments' is not valid JSON: \(error)", param: "\(path).arguments")
        }
        if turns.last?.role != "assistant" { turns.append(ConversationTurn(role: "assistant", parts: [])) }
        turns[turns.count - 1].toolCalls.append(
            ConversationTurn.ToolCall(
                id: item["call_id"]?.string ?? "",
                name: item["name"]?.string ?? "",
                arguments: arguments
            )
        )
    }

    private mutating func appendReasoning(_ item: JSONValue, at path: String) throws(RequestError) {
        if let encrypted = item["encrypted_content"], !encrypted.isNull {
            throw .unsupported("\(path).encrypted_content", "thoughts are read in clear only")
        }
        let content = item["content"]?.array ?? []
        let texts = (content.isEmpty ? item["summary"]?.array ?? [] : content).compactMap { $0["text"]?.string }
        var turn = ConversationTurn(role: "assistant", parts: [])
        turn.reasoning = texts.joined(separator: "\n")
        turns.append(turn)
    }

    /// The parts of a content, be it a text or a list.
    private mutating func parts(
        _ content: JSONValue?,
        at path: String
    ) throws(RequestError) -> [ConversationTurn.Part] {
        if let text = content?.string { return [.text(text)] }
        var parts: [ConversationTurn.Part] = []
        for (index, part) in (content?.array ?? []).enumerated() {
            let place = "\(path)[\(index)]"
            guard part["type"]?.string == "input_image" else {
                parts.append(.text(part["text"]?.string ?? part["refusal"]?.string ?? ""))
                continue
            }
            if let file = part["file_id"], !file.isNull {
                throw .unsupported("\(place).file_id", "files are not stored; send the image as 'image_url'")
            }
            images.append(ImageReference(url: part["image_url"]?.string ?? "", field: "\(place).image_url"))
            parts.append(.image(images.count - 1))
        }
        guard !parts.isEmpty else {
            throw .invalid("'\(path)' is empty; right would be at least one part", param: path)
        }
        return parts
    }
}

extension ChatRequest {
    /// The request that the body of `/v1/responses` makes.
    init(response body: JSONValue, _ model: ServedModel) throws(RequestError) {
        try AcceptedFields.check(body)
        try RefusedField.check(ResponseFields.refused, body)
        if body["stream_options"]?["include_obfuscation"]?.boolean == true {
            throw .unsupported("stream_options.include_obfuscation", "pieces are sent as they are")
        }
        let input = try ResponseInput(body)
        var conversation = Conversation(turns: input.turns)
        conversation.variables = model.renderer.thinkingVariables(effort: body["reasoning"]?["effort"]?.string)
        var parameters = model.defaults
        try parameters.apply(body)
        if let most = body["max_output_tokens"]?.integer { parameters.maximumTokens = most }
        let included = (body["include"]?.array ?? []).compactMap(\.string)
        if included.contains(ResponseFields.logProbabilities) {
            parameters.topLogProbabilities = body["top_logprobs"]?.integer ?? 0
        } else if body["top_logprobs"]?.integer ?? 0 > 0 {
            throw .invalid(
                "'top_logprobs' needs \"\(ResponseFields.logProbabilities)\" in 'include'",
                param: "top_logprobs"
            )
        }
        self.init(
            conversation: conversation,
            images: input.images,
            parameters: parameters,
            tools: try Self.functions(body),
            shape: Self.format(body["text"]?["format"])
        )
    }

    private static func functions(_ body: JSONValue) throws(RequestError) -> ToolPolicy {
        var policy = ToolPolicy()
        policy.tools = (body["tools"]?.array ?? []).map { tool in
            ToolDefinition(
                name: tool["name"]?.string ?? "",
                description: tool["description"]?.string,
                parameters: tool["parameters"].flatMap { $0.isNull ? nil : $0 },
                isStrict: tool["strict"]?.boolean ?? false
            )
        }
        policy.allowsParallel = body["parallel_tool_calls"]?.boolean ?? true
        policy.choice = ToolPolicy.Choice(body["tool_choice"]?.string)
        if let name = body["tool_choice"]?["name"]?.string { policy.choice = .named(name) }
        try policy.check(field: "tool_choice")
        return policy
    }

    private static func format(_ format: JSONValue?) -> AnswerShape {
        switch format?["type"]?.string {
        case "json_object": .jsonObject
        case "json_schema":
            .jsonSchema(
                format?["schema"] ?? JSONValue(.object([])),
                isStrict: format?["strict"]?.boolean ?? false
            )
        default: .text
        }
    }
}
