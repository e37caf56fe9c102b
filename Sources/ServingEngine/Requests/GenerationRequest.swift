// What is asked of the engine: tokens, images among them, and how to answer.
// Not messages and not HTTP: those become requests before (Serving). Next: GenerationUpdate.swift, ../Engine.swift.

import ModelRuntime

/// One request for one or several answers to a prompt.
public struct GenerationRequest: Sendable {
    /// The tokens of the prompt, those that stand for images included.
    public var tokens: [Int32]
    /// The images, in the order of their tokens.
    public var images: [PromptImage]
    /// How tokens are chosen and when answers end.
    public var parameters: SamplingParameters
    /// How many answers are wanted; they share the prompt's keys and values.
    public var choices: Int
    /// What every answer has to be, for example JSON of a schema; nil for any text.
    public var constraint: (any TokenConstraint)?
    /// The adapter that prompt and answers are computed with; nil for the model as it is.
    public var adapter: NamedAdapter?
    /// Whom the work is done for: users share the machine fairly, whatever each of them asks for.
    public var user: String
    /// Requests of a lower number go first; equal ones are served fairly.
    public var priority: Int
    /// Requests with different salts do not see what others have left in the prefix cache.
    public var cacheSalt: String
    /// Whether special tokens are left out of the text.
    public var skipsSpecialTokens: Bool
    /// Is told what the request took once it has ended, one way or another. Called on the engine's thread, so it has to
    /// be quick.
    public var onEnd: (@Sendable (RequestReport) -> Void)?

    /// A request with one answer.
    public init(
        tokens: [Int32],
        images: [PromptImage] = [],
        parameters: SamplingParameters,
        choices: Int = 1,
        constraint: (any TokenConstraint)? = nil,
        user: String = "",
        priority: Int = 0,
        cacheSalt: String = "",
        skipsSpecialTokens: Bool = true
    ) {
        self.tokens = tokens
        self.images = images
        self.parameters = parameters
        self.choices = choices
        self.constraint = constraint
        self.user = user
        self.priority = priority
        self.cacheSalt = cacheSalt
        self.skipsSpecialTokens = skipsSpecialTokens
    }
}

/// What restricts the tokens of an answer, as it grows. A value: every answer of a request has its own.
///
/// Implementations are automata over the model's vocabulary; the engine asks for the mask of each choice.
public protocol TokenConstraint: Sendable {
    /// The tokens that may come next: token i at bit i % 64 of word i / 64. Tokens that end the answer are among them
    /// exactly if the answer is complete as it is.
    mutating func allowedTokens() -> [UInt64]
    /// Takes note of the next token; false if it was not allowed, after which the constraint is as before.
    mutating func accept(_ token: Int32) -> Bool
    /// Tokens that follow here whatever the model would choose; often empty.
    mutating func forcedTokens() -> [Int32]
    /// Whether nothing can follow any more.
    var isFinished: Bool { get }
}
