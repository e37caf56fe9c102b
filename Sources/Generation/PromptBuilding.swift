// From messages and image files to prompts: chat format, tokenizer and image processor of a loaded model in one place.
// Not what is done with a prompt: GenerationSession.swift.

import InputProcessing
import ModelRuntime

extension ChatFormat {
    /// The format that a model's constants name.
    init(_ chat: ChatConstants, image: String?) throws(LoadingError) {
        let placeholder = image.map {
            ImagePlaceholder(prefix: chat.imagePrefix, token: $0, suffix: chat.imageSuffix)
        }
        switch chat.format {
        case "chatml": self = .chatML(defaultSystem: chat.defaultSystem, image: placeholder)
        case "plain": self = .plain(image: placeholder)
        default: throw .chatFormat(chat.format)
        }
    }
}

extension LoadedModel {
    /// Decodes, resizes and cuts an image file.
    ///
    /// - Parameter onNote: Is told what in the file was decided for the user, such as a colour profile that was ignored.
    /// - Throws: `ImageError`, also if the model reads no images.
    public func patches(
        ofImageAt path: String,
        onNote: (ImageNote) -> Void = { _ in }
    ) throws -> PatchedImage {
        guard let imageProcessor else { throw PromptError.readsNoImages(model: manifest.name) }
        let decoded = try ImageDecoder().decode(contentsOf: path)
        decoded.notes.forEach(onNote)
        return try imageProcessor.process(decoded.image, in: device.pool.parallelLoop)
    }

    /// A question of a user, after its images, in the model's chat format.
    public func prompt(question: String, images: [PatchedImage], system: String? = nil) throws -> Prompt {
        let parts = images.indices.map { ChatMessage.Part.image($0) } + [.text(question)]
        let opening = system.map { [ChatMessage(role: chat.systemRole, text: $0)] } ?? []
        return try prompt(messages: opening + [ChatMessage(role: "user", content: parts)], images: images)
    }

    /// A conversation in the model's chat format, ready for the model's answer.
    ///
    /// - Parameter specialTokens: Whether text of messages may spell special tokens, as it may in transformers.
    /// - Throws: `ChatError`.
    public func prompt(
        messages: [ChatMessage],
        images: [PatchedImage],
        specialTokens: SpecialTokensInMessages = .literal
    ) throws -> Prompt {
        let rendered = try chat.render(messages)
        let counts = try images.map(tokenCount)
        let tokenized = try withinContext(imageTokens: counts.reduce(0, +)) {
            try tokenizer.tokenize(
                rendered,
                imageTokenCounts: counts,
                specialTokens: specialTokens,
                limits: encodingLimits
            )
        }
        return Prompt(
            tokens: tokenized.ids,
            images: tokenized.images.map { Prompt.Image(firstToken: $0.tokens.lowerBound, patches: images[$0.image]) }
        )
    }

    /// A text as it is, special tokens included, with one placeholder for each image.
    ///
    /// - Throws: `TokenizerError`; `PromptError` if placeholders and images differ in number.
    public func prompt(text: String, images: [PatchedImage]) throws -> Prompt {
        let ids = try withinContext(imageTokens: 0) {
            try tokenizer.encode(text, addSpecialTokens: false, limits: encodingLimits)
        }
        let placeholders = imageToken.map { token in ids.count { $0 == token } } ?? 0
        guard placeholders == images.count else {
            throw PromptError.placeholders(
                found: placeholders,
                images: images.count,
                token: manifest.tokenizer.image ?? ""
            )
        }
        var tokens: [Int32] = []
        var placed: [Prompt.Image] = []
        for id in ids {
            guard id == imageToken else {
                tokens.append(id)
                continue
            }
            let image = images[placed.count]
            placed.append(Prompt.Image(firstToken: tokens.count, patches: image))
            tokens += repeatElement(id, count: try tokenCount(image))
        }
        return Prompt(tokens: tokens, images: placed)
    }

    /// A text longer than the context is refused while it is read, not after.
    private var encodingLimits: EncodingLimits { EncodingLimits(tokens: 16 * limits.cacheTokens) }

    /// Says of a text that the tokenizer refused for its length how much of it the context would hold.
    private func withinContext<Result>(imageTokens: Int, _ body: () throws -> Result) throws -> Result {
        func refusal(_ tokens: Int) -> GenerationError {
            .promptTooLong(tokens: tokens, imageTokens: imageTokens, context: limits.cacheTokens)
        }
        do {
            return try body()
        } catch let error as TokenizerError {
            guard case .textTooLong(let count, _, _) = error.problem else { throw error }
            throw refusal(count)
        } catch let error as ChatError {
            switch error {
            case .tooManyTokens(let count, _): throw refusal(count)
            case .tokenizer(let inner):
                guard case .textTooLong(let count, _, _) = inner.problem else { throw error }
                throw refusal(count + imageTokens)
            default: throw error
            }
        }
    }

    private func tokenCount(_ image: PatchedImage) throws(ChatError) -> Int {
        try TokenizedPrompt.imageTokenCount(
            temporal: image.grid.temporal,
            height: image.grid.height,
            width: image.grid.width,
            mergeSize: manifest.vision?.merge ?? 1
        )
    }
}

/// A prompt that cannot be put together.
public enum PromptError: Error, Sendable, CustomStringConvertible {
    /// There is an image for a model without an encoder.
    case readsNoImages(model: String)
    /// A text has another number of placeholders than there are images.
    case placeholders(found: Int, images: Int, token: String)

    /// One sentence.
    public var description: String {
        switch self {
        case .readsNoImages(let model): "\(model) reads no images"
        case .placeholders(let found, let images, let token):
            "the text has \(found) placeholders `\(token)` for \(images) images; each image needs one"
        }
    }
}

extension ThreadPool {
    /// The pool as image processing takes it.
    public var parallelLoop: ParallelLoop {
        ParallelLoop { [self] count, body in forEach(count, body) }
    }
}
