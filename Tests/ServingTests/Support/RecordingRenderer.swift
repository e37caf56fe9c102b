// A renderer of conversations that keeps what it was given, so that tests see how requests were understood.

import InputProcessing
import Synchronization

@testable import Serving

/// Renders the words of a conversation, and keeps all of it.
final class RecordingRenderer: ConversationRenderer {
    private let recorded = Mutex<[Conversation]>([])
    private let variables: Set<String>

    /// A renderer that pretends to read these variables.
    init(reads variables: Set<String> = []) { self.variables = variables }

    /// What it was given.
    var conversations: [Conversation] { recorded.withLock { $0 } }

    func reads(variable name: String) -> Bool { variables.contains(name) }

    func render(_ conversation: Conversation) throws -> RenderedChat {
        recorded.withLock { $0.append(conversation) }
        var messages = conversation.tools.map { ChatMessage(role: "system", text: "You have \($0.name).") }
        messages += conversation.turns.map { turn in
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
        return try RunningServer.chatFormat.render(
            messages,
            addsGenerationPrompt: conversation.addsGenerationPrompt
        )
    }
}

extension ConversationTurn {
    /// The parts in short: texts as they are, images by their numbers.
    var summary: [String] {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .image(let index): "image \(index)"
            }
        }
    }
}
