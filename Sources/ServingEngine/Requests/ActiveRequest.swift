// A request that the engine has taken, with its answers. Only the engine's thread touches it.
// Not when its tokens are computed: ../Scheduling/StepPlanner.swift.

import Generation
import InputProcessing
import ModelRuntime

/// A request that waits or is worked on.
final class ActiveRequest {
    let id: UInt64
    let request: GenerationRequest
    /// The tokens of the prompt, images told apart.
    let prompt: [TokenIdentity]
    /// The rotary positions of the prompt.
    let positions: RotaryPositions
    /// Updates for whoever asked.
    let source: AsyncThrowingStream<GenerationUpdate, any Error>.Continuation
    /// When it arrived, was taken, had the encodings of its images, gave its first token and its last one.
    var times: RequestTimes
    /// The answers; a single one until the prompt has been read.
    var sequences: [ActiveSequence] = []
    /// Choices for answers that begin once the prompt has been read.
    var samplers: [TokenSampler]
    /// Encodings of its images by their index; nil for those that known keys and values make superfluous.
    var features: [ImageFeatures?]
    /// Images that are being encoded.
    var missingImages: Set<EncodingKey> = []
    /// Images whose encodings are kept for it.
    var pinnedImages: [EncodingKey] = []
    var usage: TokenUsage
    var preemptions = 0

    init(
        id: UInt64,
        _ request: GenerationRequest,
        samplers: [TokenSampler],
        axisCount: Int,
        merge: Int,
        arrival: ContinuousClock.Instant,
        source: AsyncThrowingStream<GenerationUpdate, any Error>.Continuation
    ) {
        self.id = id
        self.request = request
        self.samplers = samplers
        self.source = source
        times = RequestTimes(arrival: arrival)
        features = [ImageFeatures?](repeating: nil, count: request.images.count)
        usage = TokenUsage(promptTokens: request.tokens.count)
        var prompt = request.tokens.map { TokenIdentity(token: $0) }
        var positions = RotaryPositions(axisCount: axisCount)
        for image in request.images {
            for index in image.firstToken..<image.firstToken + image.grid.tokenCount(merge: merge) {
                prompt[index].image = image.key.value
            }
            positions.append(textTokens: image.firstToken - positions.count)
            positions.append(image.grid, merge: merge)
        }
        positions.append(textTokens: prompt.count - positions.count)
        self.prompt = prompt
        self.positions = positions
    }

    /// What its keys and values depend on besides its tokens.
    var space: PrefixSpace { PrefixSpace(adapter: adapter?.identity ?? 0, salt: request.cacheSalt) }
    var adapter: Adapter? { request.adapter?.adapter }
    /// Sequences that it needs at a time.
    var width: Int { request.choices }
    var isDone: Bool { !sequences.isEmpty && sequences.count == request.choices && sequences.allSatisfy(\.isFinished) }
}

/// The moments of a request.
struct RequestTimes {
    let arrival: ContinuousClock.Instant
    var start: ContinuousClock.Instant?
    /// Nil if it needed none that was not there.
    var imagesEncoded: ContinuousClock.Instant?
    var firstToken: ContinuousClock.Instant?
    var lastToken: ContinuousClock.Instant?
}

/// One answer in the making.
final class ActiveSequence {
    unowned let request: ActiveRequest
    let choice: Int
    /// All tokens so far, those of the prompt and of the answer.
    var tokens: [TokenIdentity]
    var positions: RotaryPositions
    var prefix = CachedPrefix()
    var sampler: TokenSampler
    var rule: StopRule
    var answer: AnswerText
    var constraint: (any TokenConstraint)?
    var finish: FinishReason?
    /// Tokens at the end that a constraint forced: they were not chosen from logits, and are computed with the next one.
    var forcedCount = 0
    /// When it had its last token.
    var lastToken: ContinuousClock.Instant?

    init(
        _ request: ActiveRequest,
        choice: Int,
        sampler: TokenSampler,
        rule: StopRule,
        answer: AnswerText
    ) {
        self.request = request
        self.choice = choice
        self.sampler = sampler
        self.rule = rule
        self.answer = answer
        tokens = request.prompt
        positions = request.positions
        constraint = request.request.constraint
    }

    /// Its place among others: a lower number goes first.
    var rank: Rank { Rank(priority: request.request.priority, admission: request.id) }

    /// The order of sequences: by priority, then by the arrival of their requests.
    struct Rank: Comparable {
        let priority: Int
        let admission: UInt64

        static func < (left: Rank, right: Rank) -> Bool {
            (left.priority, left.admission) < (right.priority, right.admission)
        }
    }

    var isFinished: Bool { finish != nil }
    /// Tokens whose keys and values are not there yet.
    var pendingCount: Int { tokens.count - prefix.tokenCount }
    /// Whether it reads its prompt, or reads again what it lost when it was preempted.
    var isReading: Bool { pendingCount > 1 + forcedCount }
    /// Whether all logits of its next choice are needed.
    var needsGreatestOnly: Bool { constraint == nil && sampler.needsGreatestOnly }
}
