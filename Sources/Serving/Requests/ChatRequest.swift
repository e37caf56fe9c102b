// What all interfaces for conversations come down to: OpenAI's chat completions and responses, and Anthropic's messages.
// Each reads its own fields into a `ChatRequest`; here it becomes a request for the engine.

import InputProcessing
import JSONText
import ModelRuntime
import ServingEngine

/// A conversation to be answered, and how.
struct ChatRequest: Sendable {
    var conversation: Conversation
    /// The images, in the order of their indices in the turns.
    var images: [ImageReference]
    var parameters: SamplingParameters
    var tools = ToolPolicy()
    var shape = AnswerShape.text
}

/// Which tools the model may call.
struct ToolPolicy: Sendable {
    /// Whether the model calls tools.
    enum Choice: Sendable, Equatable {
        /// It does not.
        case never
        /// As it likes.
        case auto
        /// At least one of them.
        case required
        /// This one.
        case named(String)
    }

    var tools: [ToolDefinition] = []
    var choice = Choice.auto
    /// Whether it may call several at once.
    var allowsParallel = true

    /// The tools that the model is told of.
    var offered: [ToolDefinition] { choice == .never ? [] : tools }
}

extension ServedModel {
    /// The tokens and images of a conversation, with the tools that the model may call.
    func prompt(_ chat: ChatRequest, from source: ImageSource) throws -> PreparedPrompt {
        var conversation = chat.conversation
        conversation.tools = chat.tools.offered
        return try prompt(conversation, images: chat.images, from: source)
    }

    /// The request for the engine, and how its answers are to be read.
    func answerRequest(_ chat: ChatRequest, _ incoming: IncomingRequest, _ source: ImageSource) throws -> AnswerRequest
    {
        let prompt = try self.prompt(chat, from: source)
        var request = AnswerRequest(incoming, prompt, chat.parameters)
        request.format.toolCallMarks = chat.tools.offered.isEmpty ? nil : ("<tool_call>", "</tool_call>")
        request.format.reasoningMarks = renderer.reasoningMarks
        request.format.startsInReasoning = prompt.endsInReasoning
        request.generation.constraint = try constraint(chat, request.format)
        return request
    }
}
