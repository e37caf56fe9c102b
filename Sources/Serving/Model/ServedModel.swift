// What the server knows of the model it serves, whatever its type: names, tokenizer, chat template, images, defaults.
// Not the engine, which computes (ServingEngine). Next: ../Requests/PromptPreparation.swift.

import Generation
import InputProcessing
import ModelRuntime
import ServingEngine

/// A model as requests see it.
struct ServedModel: Sendable {
    /// The names that requests may call it by; answers bear the first.
    let names: [String]
    /// The checkpoint, as `root` of the list of models.
    let root: String
    /// When it was loaded, in seconds since 1970.
    let loadedAt: Int
    /// Tokens that prompt and answer may have together.
    let contextTokens: Int
    /// Tokens of the vocabulary.
    let vocabularySize: Int
    let tokenizer: Tokenizer
    let renderer: any ConversationRenderer
    /// What answers may have to be.
    let constraints: ModelConstraints
    /// How images become patches; nil if the model reads none.
    let images: ImagePreparation?
    /// How tokens are chosen unless a request says otherwise.
    let defaults: SamplingParameters

    /// The name in answers.
    var name: String { names[0] }
}

/// Turns conversations into the text that the model was trained on.
protocol ConversationRenderer: Sendable {
    /// The text of a conversation, and where messages and images stand in it.
    func render(_ conversation: Conversation) throws -> RenderedChat
    /// Whether the text depends on a variable of `Conversation.variables` with this name.
    func reads(variable name: String) -> Bool
    /// The marks around the model's thoughts; nil if it is not known to think.
    var reasoningMarks: (begin: String, end: String)? { get }
}

extension ConversationRenderer {
    var reasoningMarks: (begin: String, end: String)? { nil }
}

/// A conversation as a chat template takes it.
struct Conversation: Sendable {
    var turns: [ConversationTurn]
    /// The tools that the model may call, as the request gave them.
    var tools: [ToolDefinition] = []
    /// Whether the text ends where the model's answer begins.
    var addsGenerationPrompt = true
    /// Whether the answer goes on with the last message, which is the model's own.
    var continuesLastMessage = false
    /// Further variables of the template, by `chat_template_kwargs`.
    var variables: [TemplateVariable] = []
}

/// Images of requests: their bounds, and the steps from a file to patches.
struct ImagePreparation: Sendable {
    let decoder: ImageDecoder
    let processor: ImageProcessor
    /// Images of one request.
    let maximumCount: Int
    let decodable = DecodableImages()
}
