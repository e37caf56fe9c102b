// A conversation of several turns: messages, images, and the session that remembers what was read.

import InputProcessing
import ModelRuntime

/// A conversation with a loaded model.
public struct Conversation<Model: CompiledModel> {
    private let loaded: LoadedModel<Model>
    private let session: GenerationSession<Model>
    private var messages: [ChatMessage] = []
    private var images: [PatchedImage] = []
    /// Images that stand before the next message.
    private var waiting: [Int] = []

    /// A conversation, opened by `system` or by the model's own system message.
    ///
    /// - Throws: `MemoryRefused`.
    public init(_ loaded: LoadedModel<Model>, system: String? = nil) throws {
        self.loaded = loaded
        session = try GenerationSession(loaded)
        restart(system: system)
    }

    /// Begins anew.
    public mutating func restart(system: String? = nil) {
        messages = system.map { [ChatMessage(role: loaded.chat.systemRole, text: $0)] } ?? []
        images = []
        waiting = []
    }

    /// Shows an image with the next message.
    ///
    /// - Throws: `ImageError`, `PromptError`; the conversation stays as it was.
    public mutating func show(imageAt path: String, onNote: (ImageNote) -> Void = { _ in }) throws {
        images.append(try loaded.patches(ofImageAt: path, onNote: onNote))
        waiting.append(images.count - 1)
    }

    /// Sends a message and takes the answer into the conversation.
    ///
    /// - Throws: as `GenerationSession.generate`; the conversation stays as it was.
    public mutating func send(
        _ text: String,
        _ parameters: SamplingParameters,
        onEvent: (GenerationEvent) -> Void = { _ in },
        isCancelled: () -> Bool = { false }
    ) throws -> GenerationResult {
        let message = ChatMessage(role: "user", content: waiting.map(ChatMessage.Part.image) + [.text(text)])
        let prompt = try loaded.prompt(messages: messages + [message], images: images)
        let result = try session.generate(prompt, parameters, onEvent: onEvent, isCancelled: isCancelled)
        messages += [message, ChatMessage(role: "assistant", text: result.text)]
        waiting = []
        return result
    }
}
