// Chooses the next token of one request from its logits. The order of the steps stands in `sample`.
// Not when the answer ends: StopRule.swift for tokens, StopMatcher.swift for texts.

/// The choice of tokens for one request: what it asked for, what it has seen, and its random numbers.
///
/// A request's choices depend on its own logits and seed alone, never on what else is in the batch.
public struct TokenSampler: Sendable {
    /// The seed in use: the one asked for, or the one that was drawn.
    public let seed: UInt64
    private let parameters: SamplingParameters
    private let vocabularySize: Int
    private var adjustment: LogitAdjustment
    private var generator: SeededGenerator
    private var adjusted: [Float] = []
    private var selection = CandidateSelection()

    /// Prepares the choices after `prompt`.
    ///
    /// *Throws*: `SamplingParametersError`, naming every parameter that is out of range.
    public init(
        _ parameters: SamplingParameters,
        vocabularySize: Int,
        endOfSequence: Set<Int32>,
        prompt: some Sequence<Int32>
    ) throws(SamplingParametersError) {
        try parameters.validate(vocabularySize: vocabularySize)
        self.parameters = parameters
        self.vocabularySize = vocabularySize
        let stopTokens = parameters.stopTokens.union(parameters.ignoresEndOfSequence ? [] : endOfSequence)
        adjustment = LogitAdjustment(
            parameters,
            stopTokens: stopTokens,
            prompt: prompt,
            vocabularySize: vocabularySize
        )
        var system = SystemRandomNumberGenerator()
        seed = parameters.seed ?? system.next()
        generator = SeededGenerator(seed: seed)
    }

    /// Whether the greatest logit is enough for the next choice: it is greedy, of logits as they are, and nobody asked for
    /// probabilities. May change with every choice.
    public var needsGreatestOnly: Bool {
        parameters.isGreedy && parameters.topLogProbabilities == nil && !adjustment.isNeeded
    }

    /// Chooses a token from what a step has kept of its row, and takes note of it.
    ///
    /// The greatest alone is accepted if `needsGreatestOnly` was true when the step was made, and there is no mask.
    ///
    /// *Throws*: as for all logits, for the same rows.
    public mutating func sample(_ logits: RowLogits, allowed: [UInt64]? = nil) throws(SamplingError) -> SampledToken {
        switch logits {
        case .all(let values): return try sample(values, allowed: allowed)
        case .greatest(let greatest):
            precondition(needsGreatestOnly && allowed == nil, "a choice that needs more than the greatest logit")
            precondition(greatest.token >= 0 && Int(greatest.token) < vocabularySize, "a token of another vocabulary")
            guard greatest.value < .infinity else { throw .logitNotFinite(token: greatest.token) }
            guard greatest.value > -.infinity else { throw .everyTokenExcluded }
            adjustment.append(greatest.token)
            return SampledToken(token: greatest.token)
        }
    }

    /// Chooses a token and takes note of it.
    ///
    /// The steps, in vLLM's order: log probabilities of the logits as they are; tokens outside the mask forbidden; stop
    /// tokens forbidden before `min_tokens`; biases; repetition, frequency and presence penalties; greedy choice, or temperature, min-p, top-k,
    /// top-p and a random choice that takes one number from the generator.
    ///
    /// *Shapes*: `logits: [vocab] f32`; padding beyond the vocabulary is ignored. `allowed: [vocab / 64] u64`, token i at
    /// bit i % 64 of word i / 64; tokens beyond its words are forbidden. Without it all are allowed.
    /// *Throws*: `SamplingError` if a logit is NaN or positive infinity, or if no token is left to choose.
    public mutating func sample(
        _ logits: UnsafeBufferPointer<Float>,
        allowed: [UInt64]? = nil
    ) throws(SamplingError) -> SampledToken {
        guard logits.count >= vocabularySize else {
            throw .tooFewLogits(found: logits.count, needed: vocabularySize)
        }
        let raw = UnsafeBufferPointer(rebasing: logits[..<vocabularySize])
        let unit = parameters.isGreedy ? nil : generator.nextUnit()
        let token: Int32
        if allowed != nil || adjustment.isNeeded {
            adjusted.removeAll(keepingCapacity: true)
            adjusted.append(contentsOf: raw)
            adjusted.withUnsafeMutableBufferPointer { values in
                if let allowed { Self.forbid(outside: allowed, values) }
                if adjustment.isNeeded { adjustment.apply(to: values) }
            }
            let outcome = adjusted.withUnsafeBufferPointer { values in
                Result { () throws(SamplingError) in try Self.choose(values, parameters, unit, &selection) }
            }
            token = try outcome.get()
        } else {
            token = try Self.choose(raw, parameters, unit, &selection)
        }
        var logProbabilities: LogProbabilities?
        if let topCount = parameters.topLogProbabilities {
            let largest = raw[try indexOfLargest(raw)]
            logProbabilities = LogProbabilities(raw, largest: largest, chosen: token, topCount: topCount)
        }
        adjustment.append(token)
        return SampledToken(token: token, logProbabilities: logProbabilities)
    }

    /// Takes note of a token that follows without having been chosen.
    public mutating func append(_ token: Int32) { adjustment.append(token) }

    /// Takes the tokens whose bits are not set out of the choice.
    private static func forbid(outside allowed: [UInt64], _ logits: UnsafeMutableBufferPointer<Float>) {
        for first in stride(from: 0, to: logits.count, by: 64) {
            let word = first / 64 < allowed.count ? allowed[first / 64] : 0
            if word == .max { continue }
            for index in first..<min(first + 64, logits.count) where word >> UInt64(index - first) & 1 == 0 {
                // A logit that is no number stays one: it is an error wherever it stands.
                if logits[index] < .infinity { logits[index] = -.infinity }
            }
        }
    }

    /// The most probable token, or the one that `unit` leads to.
    private static func choose(
        _ values: UnsafeBufferPointer<Float>,
        _ parameters: SamplingParameters,
        _ unit: Double?,
        _ selection: inout CandidateSelection
    ) throws(SamplingError) -> Int32 {
        let largest = try indexOfLargest(values)
        guard let unit else { return Int32(largest) }
        selection.select(values, largest: values[largest], parameters)
        guard let token = selection.token(at: unit) else { throw .everyTokenExcluded }
        return token
    }
}

/// A token that was chosen, with the log probabilities if the request asked for them.
public struct SampledToken: Sendable, Hashable {
    /// The token.
    public let token: Int32
    /// Log probabilities at its place.
    public let logProbabilities: LogProbabilities?

    /// A token.
    public init(token: Int32, logProbabilities: LogProbabilities? = nil) {
        self.token = token
        self.logProbabilities = logProbabilities
    }
}

/// Logits from which no token can be chosen.
public enum SamplingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A logit is NaN or positive infinity: weights of the model are damaged, or numbers overflowed.
    case logitNotFinite(token: Int32)
    /// Biases and forbidden tokens leave none.
    case everyTokenExcluded
    /// There are fewer logits than tokens.
    case tooFewLogits(found: Int, needed: Int)

    /// One sentence.
    public var description: String {
        switch self {
        case .logitNotFinite(let token):
            "the logit of token \(token) is not a number; are weights of the checkpoint NaN, or is it of another model?"
        case .everyTokenExcluded: "no token is left to choose: all are excluded"
        case .tooFewLogits(let found, let needed): "\(found) logits for a vocabulary of \(needed) tokens"
        }
    }
}
