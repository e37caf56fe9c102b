// What the engine tells about a request while it works on it, and how a request ends.
// Next: GenerationStream.swift.

import InputProcessing
import ModelRuntime

/// Something new about one answer of a request.
public struct GenerationUpdate: Sendable {
    /// The answer, from 0.
    public let choice: Int
    /// Further text: whole characters, never a part of a stop string.
    public let text: String
    /// Further tokens; their text may come later.
    public let tokens: [SampledToken]
    /// Why the answer ended with this update; nil if it goes on.
    public let finish: FinishReason?
    /// What the whole request took so far.
    public let usage: TokenUsage

    /// An update.
    public init(choice: Int, text: String, tokens: [SampledToken], finish: FinishReason?, usage: TokenUsage) {
        self.choice = choice
        self.text = text
        self.tokens = tokens
        self.finish = finish
        self.usage = usage
    }
}

/// The tokens of a request.
public struct TokenUsage: Sendable, Hashable {
    /// Tokens of the prompt, those of images included.
    public var promptTokens: Int
    /// Tokens of the prompt whose keys and values were there already.
    public var cachedTokens: Int
    /// Tokens of all answers.
    public var generatedTokens: Int

    /// Counts.
    public init(promptTokens: Int, cachedTokens: Int = 0, generatedTokens: Int = 0) {
        self.promptTokens = promptTokens
        self.cachedTokens = cachedTokens
        self.generatedTokens = generatedTokens
    }
}

/// A request that is not taken.
public enum AdmissionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The prompt has no tokens.
    case emptyPrompt
    /// The prompt alone fills the context.
    case promptTooLong(tokens: Int, context: Int)
    /// More tokens are asked for than the context has left.
    case tooManyTokens(prompt: Int, asked: Int, context: Int)
    /// More answers are asked for than sequences run at once.
    case tooManyChoices(Int, allowed: Int)
    /// The images have more tokens than are kept at a time.
    case tooManyImageTokens(Int, allowed: Int)
    /// The adapter is larger than this engine was started for.
    case adapterTooLarge(rank: Int, allowed: Int)
    /// A parameter is out of range.
    case parameters(SamplingParametersError)
    /// As many requests wait as may wait.
    case queueFull(waiting: Int, retryAfterSeconds: Int)
    /// The server is about to end.
    case shuttingDown

    /// One sentence.
    public var description: String {
        switch self {
        case .emptyPrompt: "the prompt is empty"
        case .promptTooLong(let tokens, let context):
            "the prompt has \(tokens) tokens and leaves no room for an answer: this model's maximum context length is "
                + "\(context) tokens"
        case .tooManyTokens(let prompt, let asked, let context):
            // Their sum is not told: a client may ask for as many tokens as there are numbers.
            "\(prompt) tokens of the prompt and \(asked) of the answer are too many: this model's maximum context "
                + "length is \(context) tokens"
        case .tooManyChoices(let choices, let allowed): "\(choices) answers at once; at most \(allowed) are possible"
        case .tooManyImageTokens(let tokens, let allowed):
            "the images take \(tokens) tokens; at most \(allowed) can be kept at a time"
        case .adapterTooLarge(let rank, let allowed):
            "the adapter has the rank \(rank); at most \(allowed) is planned for"
        case .parameters(let error): error.description
        case .queueFull(let waiting, let seconds):
            "\(waiting) requests are waiting, as many as may; try again in \(seconds) s"
        case .shuttingDown: "the server is shutting down"
        }
    }
}

/// A request that was taken and cannot be answered.
public enum GenerationFailure: Error, Sendable, CustomStringConvertible {
    /// An image cannot be decoded; it is counted from 0.
    case image(Int, ImageError)
    /// No token can be chosen.
    case sampling(SamplingError)
    /// The server ended before the answer did.
    case shutDown
    /// A mistake of this program.
    case `internal`(String)

    /// One sentence.
    public var description: String {
        switch self {
        case .image(let index, let error): "image \(index): \(error)"
        case .sampling(let error): "\(error)"
        case .shutDown: "the server was shut down before the answer was complete"
        case .internal(let message): "internal error: \(message)"
        }
    }
}
