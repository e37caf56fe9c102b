// Conversations by the chat template of the checkpoint, as transformers renders them.
// Not where the template comes from: ChatTemplateFile.swift. Not Jinja: ChatTemplates.

import ChatTemplates
import InputProcessing
import JSONText

/// Renders by a checkpoint's chat template.
///
/// *Source*: transformers@5.23.0 `tokenization_utils_base.py`, `apply_chat_template`.
/// *Differs from source*: text of messages stays text, whatever it spells.
struct ChatTemplateRenderer: ConversationRenderer {
    let file: ChatTemplateFile
    /// The token that stands for an image in the template's text; nil if the model reads none.
    let imageToken: String?

    func reads(variable name: String) -> Bool { file.mentions(name) }

    /// Templates of models that think write, or take away, the marks of earlier thoughts.
    var reasoningMarks: (begin: String, end: String)? {
        file.contains("</think>") ? ("<think>", "</think>") : nil
    }

    func render(_ conversation: Conversation) throws -> RenderedChat {
        var variables = file.specialTokens.mapValues { TemplateValue.text($0) }
        for variable in conversation.variables {
            variables[variable.name] = TemplateValue(variable.value, isMessageText: true)
        }
        variables["messages"] = .list(conversation.turns.map { message($0) })
        variables["tools"] =
            conversation.tools.isEmpty
            ? .null : .list(conversation.tools.map { TemplateValue($0.definition, isMessageText: true) })
        variables["documents"] = .null
        variables["add_generation_prompt"] = .boolean(conversation.addsGenerationPrompt)
        let template = file.template(withTools: !conversation.tools.isEmpty)
        let rendered: RenderedTemplate
        do {
            do {
                rendered = try template.render(variables)
            } catch let error where error.kind != .raised && conversation.turns.contains(where: \.parts.isEmpty) {
                // Some templates tell by a null content that a message has calls only; others cannot read it.
                variables["messages"] = .list(conversation.turns.map { message($0, emptyContent: .text("")) })
                rendered = try template.render(variables)
            }
        } catch {
            // A template that refuses says why in its own words.
            let message = error.kind == .raised ? error.message : "the chat template cannot be rendered: \(error)"
            throw RequestError.invalid(message, param: "messages", code: "chat_template")
        }
        var text = rendered.text
        var messageText = rendered.messageText
        if conversation.continuesLastMessage {
            guard let end = Self.end(of: conversation.turns.last, in: rendered) else {
                throw RequestError.unsupported(
                    "continue_final_message",
                    "the chat template changes the text of the last message"
                )
            }
            text = String(decoding: text.utf8.prefix(end), as: UTF8.self)
            messageText = messageText.compactMap { range in
                range.lowerBound < end ? range.lowerBound..<min(range.upperBound, end) : nil
            }
        }
        let images = conversation.turns.flatMap(\.parts).compactMap { part in
            if case .image(let index) = part { index } else { nil }
        }
        return RenderedChat(text: text, messageText: messageText, images: images, imageToken: imageToken)
    }

    /// Where the last message ends in the text, white space at its end included if the template keeps that.
    private static func end(of turn: ConversationTurn?, in rendered: RenderedTemplate) -> Int? {
        let texts = (turn?.parts ?? []).compactMap { if case .text(let text) = $0 { text } else { nil } }
        let message = Substring(texts.last ?? "").drop(while: \.isWhitespace)
        let trimmed = String(message.reversed().drop(while: \.isWhitespace).reversed())
        guard !trimmed.isEmpty else { return rendered.text.utf8.count }
        let bytes = Array(rendered.text.utf8)
        for range in rendered.messageText.reversed() {
            for text in [String(message), trimmed] where bytes[range].suffix(text.utf8.count).elementsEqual(text.utf8) {
                return range.upperBound
            }
        }
        return nil
    }

    /// A message as templates expect it: text alone is a text, anything else a list of parts.
    private func message(_ turn: ConversationTurn, emptyContent: TemplateValue = .null) -> TemplateValue {
        var members: [TemplateValue.Member] = [.init(key: TemplateText("role"), value: .text(turn.role))]
        func add(_ key: String, _ value: TemplateValue) { members.append(.init(key: TemplateText(key), value: value)) }
        if let text = turn.text {
            add("content", turn.parts.isEmpty ? emptyContent : .text(TemplateText(text, isMessageText: true)))
        } else {
            add("content", .list(turn.parts.map(part)))
        }
        if let name = turn.name { add("name", .text(TemplateText(name, isMessageText: true))) }
        if let id = turn.toolCallID { add("tool_call_id", .text(TemplateText(id, isMessageText: true))) }
        if let reasoning = turn.reasoning {
            // Templates call it by one of three names.
            for key in ["reasoning_content", "reasoning", "thinking"] {
                add(key, .text(TemplateText(reasoning, isMessageText: true)))
            }
        }
        if !turn.toolCalls.isEmpty { add("tool_calls", .list(turn.toolCalls.map(toolCall))) }
        return .dictionary(members)
    }

    private func part(_ part: ConversationTurn.Part) -> TemplateValue {
        switch part {
        case .text(let text):
            .dictionary(["type": .text("text"), "text": .text(TemplateText(text, isMessageText: true))])
        case .image: .dictionary(["type": .text("image")])
        }
    }

    private func toolCall(_ call: ConversationTurn.ToolCall) -> TemplateValue {
        .dictionary([
            "id": .text(TemplateText(call.id, isMessageText: true)), "type": .text("function"),
            "function": .dictionary([
                "name": .text(TemplateText(call.name, isMessageText: true)),
                "arguments": TemplateValue(call.arguments, isMessageText: true),
            ]),
        ])
    }
}
