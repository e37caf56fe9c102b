// When an answer ends by its tokens: end of sequence, stop tokens, length.
// Not by its text (StopMatcher.swift).

/// Why an answer ended.
public enum FinishReason: Sendable, Hashable {
    /// A token that ends the model's sequences, or a stop token of the request.
    case stopToken(Int32)
    /// A stop string of the request.
    case stopString(String)
    /// The request's or the context's limit of tokens.
    case length
    /// What the request wanted is complete, and nothing could follow it.
    case complete

    /// The word for it in OpenAI's interface.
    public var openAIName: String {
        switch self {
        case .stopToken, .stopString, .complete: "stop"
        case .length: "length"
        }
    }
}

/// Counts the tokens of an answer and says when it is complete.
///
/// A stop token is the reason even where the length would be, too: the model has finished by itself.
public struct StopRule: Sendable {
    /// The tokens that the answer has so far.
    public private(set) var tokenCount = 0
    /// The tokens after which it ends at the latest.
    public let maximumTokens: Int
    private let minimumTokens: Int
    private let stopTokens: Set<Int32>

    /// A rule for an answer that starts when the sequence holds `promptTokens` of at most `contextLength` tokens.
    public init(
        _ parameters: SamplingParameters,
        endOfSequence: Set<Int32>,
        promptTokens: Int,
        contextLength: Int
    ) {
        let room = max(contextLength - promptTokens, 0)
        maximumTokens = min(parameters.maximumTokens ?? room, room)
        minimumTokens = parameters.minimumTokens
        stopTokens = parameters.stopTokens.union(parameters.ignoresEndOfSequence ? [] : endOfSequence)
    }

    /// Whether a stop string may end the answer at the token appended last.
    public var allowsStopString: Bool { tokenCount > minimumTokens }

    /// Counts a token and returns why the answer ends with it, or nil if it goes on.
    public mutating func append(_ token: Int32) -> FinishReason? {
        tokenCount += 1
        if tokenCount > minimumTokens, stopTokens.contains(token) { return .stopToken(token) }
        return tokenCount >= maximumTokens ? .length : nil
    }
}
