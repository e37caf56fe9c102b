// Log probabilities of tokens, as answers report them.
// Not what tokens are chosen by: these are of the model's own logits, before penalties and temperature.

import Glibc

/// The log probability of one token.
public struct TokenLogProbability: Sendable, Hashable {
    /// The token.
    public let token: Int32
    /// The natural logarithm of its probability.
    public let logProbability: Double
}

/// The log probabilities that a request asked for at one place of its answer.
public struct LogProbabilities: Sendable, Hashable {
    /// The token that was chosen.
    public let chosen: TokenLogProbability
    /// How many tokens are more probable than the chosen one, plus 1.
    public let rank: Int
    /// The most probable tokens, from the most probable on; of equal ones the lower number first.
    public let top: [TokenLogProbability]

    /// Computes them from the logits of the model.
    ///
    /// *Math*: `x[i] - max x - log(sum exp(x - max x))`.
    /// *Shapes*: `logits: [vocab] f32`, finite or negative infinity, not all of them the latter.
    /// *Accumulates in*: Double.
    /// *Source*: vllm@0.10.2 `vllm/v1/sample/sampler.py`, mode `raw_logprobs`.
    init(_ logits: UnsafeBufferPointer<Float>, largest: Float, chosen: Int32, topCount: Int) {
        let largest = Double(largest)
        var total = 0.0
        for logit in logits { total += exp(Double(logit) - largest) }
        let logTotal = largest + log(total)
        func logProbability(_ token: Int32) -> TokenLogProbability {
            TokenLogProbability(token: token, logProbability: Double(logits[Int(token)]) - logTotal)
        }
        self.chosen = logProbability(chosen)
        let chosenLogit = logits[Int(chosen)]
        rank = logits.reduce(1) { $1 > chosenLogit ? $0 + 1 : $0 }
        let count = min(topCount, logits.count)
        guard count > 0 else {
            top = []
            return
        }
        let threshold = kthLargest(count, of: logits)
        var tokens: [Int32] = []
        for index in logits.indices where logits[index] >= threshold { tokens.append(Int32(index)) }
        tokens.sort { (logits[Int($1)], $0) < (logits[Int($0)], $1) }
        top = tokens.prefix(count).map(logProbability)
    }
}
