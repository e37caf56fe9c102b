// What a request may ask of the choice of tokens, and the check of what it asked.
// Not the defaults of a model (ModelManifest.generation). Next: TokenSampler.swift, then StopRule.swift.

/// How the tokens of one request are chosen, and when they end.
public struct SamplingParameters: Sendable, Hashable {
    /// Divides the logits. 0 chooses the most probable token every time.
    public var temperature = 1.0
    /// Keeps the most probable tokens only, this many and those that equal the last of them; nil keeps all.
    public var topK: Int?
    /// Keeps the most probable tokens that together reach this probability; 1 keeps all.
    public var topP = 1.0
    /// Keeps the tokens that are at least this probable relative to the most probable one; 0 keeps all.
    public var minP = 0.0
    /// Divides positive and multiplies negative logits of tokens in the prompt or the answer; 1 changes nothing.
    public var repetitionPenalty = 1.0
    /// Taken from the logits of tokens that the answer holds already.
    public var presencePenalty = 0.0
    /// Taken from the logits of tokens once for each time that the answer holds them already.
    public var frequencyPenalty = 0.0
    /// Added to the logits of single tokens.
    public var logitBias: [Int32: Double] = [:]
    /// Makes the random choices repeatable; nil draws a seed, which `TokenSampler.seed` tells.
    public var seed: UInt64?
    /// Asks for log probabilities: those of the chosen token and of this many most probable ones; nil for none.
    public var topLogProbabilities: Int?
    /// Before this many tokens nothing ends the answer.
    public var minimumTokens = 0
    /// The answer ends after this many tokens; nil leaves it to the context length.
    public var maximumTokens: Int?
    /// Texts that end the answer.
    public var stopStrings: [String] = []
    /// Tokens that end the answer, besides those that end a sequence of the model.
    public var stopTokens: Set<Int32> = []
    /// Whether the answer goes on after the model's own end-of-sequence tokens.
    public var ignoresEndOfSequence = false
    /// Whether the text of the answer contains the stop string that ended it.
    public var includesStopString = false

    /// The parameters that change nothing: random choices with the model's own probabilities.
    public init() {}

    /// The parameters that choose the most probable token every time.
    public static var greedy: SamplingParameters {
        var parameters = SamplingParameters()
        parameters.temperature = 0
        return parameters
    }

    /// Below this temperature the choice is greedy, as in vLLM.
    public static let greedyTemperature = 1e-5
    /// The most stop strings that one request may name.
    public static let maximumStopStrings = 64
    /// The longest stop string, in UTF-8 bytes.
    public static let maximumStopStringBytes = 4096

    /// Whether the most probable token is chosen every time.
    public var isGreedy: Bool { temperature < Self.greedyTemperature }

    /// Whether logits are changed before tokens are compared.
    var hasPenalties: Bool { repetitionPenalty != 1 || presencePenalty != 0 || frequencyPenalty != 0 }

    /// Checks every value, and reports all that are out of range at once.
    public func validate(vocabularySize: Int) throws(SamplingParametersError) {
        var problems: [SamplingParametersError.Problem] = []
        func check(_ field: String, _ found: some CustomStringConvertible, _ isAllowed: Bool, _ allowed: String) {
            if !isAllowed { problems.append(.init(field: field, found: found.description, allowed: allowed)) }
        }
        func isToken(_ token: Int32) -> Bool { token >= 0 && Int(token) < vocabularySize }
        check("temperature", temperature, temperature >= 0 && temperature.isFinite, "a number of at least 0")
        check("top_k", topK ?? 1, (topK ?? 1) >= 1, "an integer of at least 1, or nothing to keep all tokens")
        check("top_p", topP, topP > 0 && topP <= 1, "a number above 0, at most 1")
        check("min_p", minP, minP >= 0 && minP <= 1, "a number from 0 to 1")
        check(
            "repetition_penalty",
            repetitionPenalty,
            (0.01...100).contains(repetitionPenalty),
            "a number from 0.01 to 100"
        )
        check("presence_penalty", presencePenalty, abs(presencePenalty) <= 2, "a number from -2 to 2")
        check("frequency_penalty", frequencyPenalty, abs(frequencyPenalty) <= 2, "a number from -2 to 2")
        for (token, bias) in logitBias.sorted(by: { $0.key < $1.key }) {
            check("logit_bias", token, isToken(token), "tokens from 0 to \(vocabularySize - 1)")
            check("logit_bias[\(token)]", bias, abs(bias) <= 100, "a number from -100 to 100")
        }
        let logProbabilities = topLogProbabilities ?? 0
        check(
            "top_logprobs",
            logProbabilities,
            (0...vocabularySize).contains(logProbabilities),
            "an integer from 0 to \(vocabularySize)"
        )
        check("min_tokens", minimumTokens, minimumTokens >= 0, "an integer of at least 0")
        if let maximumTokens {
            check("max_tokens", maximumTokens, maximumTokens >= 1, "an integer of at least 1")
            check(
                "min_tokens",
                minimumTokens,
                minimumTokens <= maximumTokens,
                "at most max_tokens, \(maximumTokens)"
            )
        }
        check(
            "stop",
            "\(stopStrings.count) texts",
            stopStrings.count <= Self.maximumStopStrings,
            "at most \(Self.maximumStopStrings) texts"
        )
        for (index, text) in stopStrings.enumerated() {
            check(
                "stop[\(index)]",
                "\(text.utf8.count) bytes",
                (1...Self.maximumStopStringBytes).contains(text.utf8.count),
                "a text of 1 to \(Self.maximumStopStringBytes) bytes"
            )
        }
        for token in stopTokens.sorted() where !isToken(token) {
            check("stop_token_ids", token, false, "tokens from 0 to \(vocabularySize - 1)")
        }
        if !problems.isEmpty { throw SamplingParametersError(problems: problems) }
    }
}

/// Sampling parameters that are out of range: all of them.
public struct SamplingParametersError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One parameter that is out of range.
    public struct Problem: Sendable, Hashable {
        /// The name in requests, such as `top_p`.
        public let field: String
        /// The value that was given.
        public let found: String
        /// The values that are right.
        public let allowed: String
    }

    /// What is wrong, in the order of the parameters.
    public let problems: [Problem]

    /// A line for each problem.
    public var description: String {
        problems.map { "\($0.field) is \($0.found); allowed: \($0.allowed)" }.joined(separator: "\n")
    }
}
