// What the engine tells whoever counts and measures. Called on the engine's thread, so it has to be quick.

import ModelRuntime

/// Takes note of what an engine does.
public protocol EngineObserver: Sendable {
    /// A step is done.
    func stepped(_ report: StepReport)
    /// A request has begun: it has sequences and blocks.
    func started(_ report: StartReport)
    /// A request has its first token.
    func gaveFirstToken(secondsSinceArrival: Double)
    /// A request has further tokens.
    func gaveTokens(_ count: Int, secondsSinceLast: Double)
    /// A sequence has lost its blocks and will be computed again.
    func preempted()
    /// A request has ended, one way or another.
    func ended(_ report: RequestReport)
}

/// What a step did and what it left.
public struct StepReport: Sendable {
    /// Tokens of prompts that were read.
    public let promptTokens: Int
    /// Tokens that were chosen.
    public let generatedTokens: Int
    /// How long it took, choices included.
    public let seconds: Double
    /// The state after it.
    public let state: EngineState
}

/// How busy an engine is.
public struct EngineState: Sendable, Hashable {
    /// Sequences that are worked on.
    public var running: Int
    /// Requests that wait.
    public var waiting: Int
    /// Sequences that wait since others needed their blocks.
    public var preempted: Int
    /// Blocks of the cache that sequences use.
    public var usedBlocks: Int
    /// All blocks of the cache.
    public var blocks: Int
    /// Image tokens whose encodings are kept.
    public var imageTokens: Int
    /// The adapters of its requests.
    public var adapters: AdapterNames

    /// An engine that does nothing, with so many blocks of which some are in use.
    public init(
        running: Int = 0,
        waiting: Int = 0,
        preempted: Int = 0,
        usedBlocks: Int = 0,
        blocks: Int = 0,
        imageTokens: Int = 0,
        adapters: AdapterNames = AdapterNames()
    ) {
        self.running = running
        self.waiting = waiting
        self.preempted = preempted
        self.usedBlocks = usedBlocks
        self.blocks = blocks
        self.imageTokens = imageTokens
        self.adapters = adapters
    }
}

/// What a request found when it began.
public struct StartReport: Sendable {
    /// Tokens of its prompt.
    public let promptTokens: Int
    /// Tokens of its prompt whose keys and values were there.
    public let cachedTokens: Int
    /// Its images that had to be looked up, and those of them whose encodings were there.
    public let images: (lookups: Int, hits: Int)
    /// Seconds that it waited.
    public let queueSeconds: Double
}

/// What a request took.
public struct RequestReport: Sendable {
    /// How it ended.
    public enum End: Sendable, Hashable {
        /// With an answer; of several, the reason of the first.
        case finished(FinishReason)
        /// Nobody wanted the answer any more.
        case cancelled
        /// It could not be answered.
        case failed
    }

    /// How it ended.
    public let end: End
    /// Why each of its answers ended, as far as they did.
    public let finishReasons: [FinishReason]
    /// Its tokens.
    public let usage: TokenUsage
    /// The answers and the most tokens of each that were asked for.
    public let choices: Int
    /// See `choices`; nil for as many as the context holds.
    public let maximumTokens: Int?
    /// Seconds from its arrival to its end.
    public let totalSeconds: Double
    /// Seconds that it waited; nil if it never began, as for all of the following.
    public let queueSeconds: Double?
    /// Seconds from its beginning until the last of its images was encoded; nil if no encoding had to be made or awaited.
    public let imageSeconds: Double?
    /// Seconds from its beginning to its first token.
    public let prefillSeconds: Double?
    /// Seconds from its first token to its last.
    public let decodeSeconds: Double?
    /// How often its sequences were preempted.
    public let preemptions: Int
}
