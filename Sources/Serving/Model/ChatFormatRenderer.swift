// Conversations in the chat format that the model's description names, for checkpoints without a chat template.

import InputProcessing

/// Renders by a format that is known by its name.
struct ChatFormatRenderer: ConversationRenderer {
    let format: ChatFormat

    func reads(variable name: String) -> Bool { false }

    func render(_ conversation: Conversation) throws -> RenderedChat {
        guard conversation.tools.isEmpty, conversation.turns.allSatisfy({ $0.toolCalls.isEmpty }) else {
            throw RequestError.unsupported("tools", "the checkpoint has no chat template")
        }
        if let variable = conversation.variables.first {
            throw RequestError.unsupported(
                "chat_template_kwargs.\(variable.name)",
                "the checkpoint has no chat template"
            )
        }
        guard !conversation.continuesLastMessage else {
            throw RequestError.unsupported("continue_final_message", "the checkpoint has no chat template")
        }
        let messages = conversation.turns.map { turn in
            ChatMessage(
                role: turn.role,
                content: turn.parts.map { part in
                    switch part {
                    case .text(let text): .text(text)
                    case .image(let index): .image(index)
                    }
                }
            )
        }
        return try format.render(messages, addsGenerationPrompt: conversation.addsGenerationPrompt)
    }
}
