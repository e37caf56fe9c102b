// What changes logits before tokens are compared: forbidden stop tokens, biases, penalties.
// Not what narrows a random choice down afterwards (CandidateSelection.swift).

/// The tokens that a request has seen, and what follows from them for the next logits.
struct LogitAdjustment: Sendable {
    private let parameters: SamplingParameters
    private let stopTokens: [Int32]
    private let biases: [(token: Int32, bias: Float)]
    private let promptTokens: Set<Int32>
    private var outputCounts: [Int32: Int] = [:]
    private var outputTokenCount = 0

    /// `stopTokens` are all that could end the answer. Tokens of the prompt outside the vocabulary count for nothing.
    init(_ parameters: SamplingParameters, stopTokens: Set<Int32>, prompt: some Sequence<Int32>, vocabularySize: Int) {
        self.parameters = parameters
        self.stopTokens = stopTokens.sorted()
        biases = parameters.logitBias.sorted { $0.key < $1.key }.map { ($0.key, Float($0.value)) }
        let counts = parameters.repetitionPenalty != 1
        promptTokens = counts ? Set(prompt.lazy.filter { $0 >= 0 && Int($0) < vocabularySize }) : []
    }

    /// Whether `apply` would change anything.
    var isNeeded: Bool {
        !biases.isEmpty || outputTokenCount < parameters.minimumTokens
            || (parameters.hasPenalties && !(outputCounts.isEmpty && promptTokens.isEmpty))
    }

    /// Takes note of a chosen token.
    mutating func append(_ token: Int32) {
        outputTokenCount += 1
        if parameters.hasPenalties { outputCounts[token, default: 0] += 1 }
    }

    /// Changes the logits in place.
    ///
    /// *Math*: 1. while the answer is shorter than `min_tokens`, stop tokens become negative infinity; 2. `x += bias`;
    /// 3. for tokens of prompt and answer `x = x > 0 ? x / repetition : x * repetition`; 4. for tokens of the answer
    /// `x -= frequency * count`, then `x -= presence`.
    /// *Shapes*: `logits: [vocab] f32`.
    /// *Source*: vllm@0.10.2 `vllm/v1/sample/sampler.py` (steps 5 and 6) and `vllm/model_executor/layers/utils.py`,
    /// `apply_penalties`.
    func apply(to logits: UnsafeMutableBufferPointer<Float>) {
        if outputTokenCount < parameters.minimumTokens {
            for token in stopTokens where logits.indices.contains(Int(token)) { logits[Int(token)] = -.infinity }
        }
        for (token, bias) in biases { logits[Int(token)] += bias }
        guard parameters.hasPenalties else { return }
        let repetition = Float(parameters.repetitionPenalty)
        func penalizeRepetition(_ token: Int32) {
            let logit = logits[Int(token)]
            logits[Int(token)] = logit > 0 ? logit / repetition : logit * repetition
        }
        if repetition != 1 {
            for token in promptTokens { penalizeRepetition(token) }
            for token in outputCounts.keys where !promptTokens.contains(token) { penalizeRepetition(token) }
        }
        for (token, count) in outputCounts {
            logits[Int(token)] -= Float(parameters.frequencyPenalty) * Float(count)
            logits[Int(token)] -= Float(parameters.presencePenalty)
        }
    }
}
