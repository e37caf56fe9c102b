// What the operator decides about the engine. What a request decides: Requests/GenerationRequest.swift.

/// The bounds of an engine.
public struct EngineConfiguration: Sendable {
    /// Sequences that are worked on at a time.
    public var maximumSequences = 64
    /// Requests that may wait.
    public var maximumWaiting = 1024
    /// Rows of a step: tokens of prompts and of answers together. At most what the model was loaded for.
    public var rowsPerStep = 512
    /// Rows of prompts in a step in which answers go on, so that those do not stall.
    public var promptRowsBesideAnswers = 128
    /// Whether keys and values of common beginnings are kept and shared.
    public var sharesPrefixes = true
    /// Tokens that prompt and answer may have together, if fewer than the model and the cache allow.
    public var contextTokens = Int.max
    /// Image tokens whose encodings are kept.
    public var imageTokens = 16384

    /// The defaults above.
    public init() {}
}
