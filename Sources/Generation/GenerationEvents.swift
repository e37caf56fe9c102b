// What a session tells while it works, and what it gives back.

import ModelRuntime

/// What happens while a prompt is answered.
public enum GenerationEvent: Sendable {
    /// So many of the prompt's images have been encoded.
    case encodedImages(Int, of: Int)
    /// So many of the prompt's new tokens have been read.
    case prefilled(Int, of: Int)
    /// Further text of the answer; complete characters, never part of a stop string.
    case text(String)
}

/// An answer.
public struct GenerationResult: Sendable {
    /// The text, without special tokens and, unless asked for, without the stop string.
    public let text: String
    /// The tokens, the one that ended it included.
    public let tokens: [Int32]
    /// The log probabilities of each token, if asked for.
    public let logProbabilities: [LogProbabilities]
    /// Why it ended; nil if it was cancelled.
    public let finishReason: FinishReason?
    /// The seed that makes random choices repeatable.
    public let seed: UInt64
    /// Tokens of the prompt.
    public let promptTokens: Int
    /// Tokens of the prompt that the cache held already.
    public let cachedTokens: Int
    /// Tokens of the prompt that stand for images.
    public let imageTokens: Int
    /// Seconds for the images.
    public let encodingSeconds: Double
    /// Seconds for the new tokens of the prompt, the first token of the answer included.
    public let prefillSeconds: Double
    /// Seconds for the other tokens of the answer.
    public let decodeSeconds: Double
}

/// A prompt that cannot be answered.
public enum GenerationError: Error, CustomStringConvertible {
    /// It has no tokens.
    case emptyPrompt
    /// Prompt and context do not fit.
    case promptTooLong(tokens: Int, imageTokens: Int, context: Int)

    /// One sentence.
    public var description: String {
        switch self {
        case .emptyPrompt: "the prompt is empty"
        case .promptTooLong(let tokens, let imageTokens, let context):
            "the prompt has \(tokens) tokens"
                + (imageTokens > 0 ? ", \(imageTokens) of them for images," : "")
                + " and leaves no room for an answer in a context of \(context); "
                + (imageTokens > 0 ? "use --max-pixels to make images smaller, or " : "")
                + "use --context for a larger one, if the model allows it"
        }
    }
}
