// Which tokens a random choice is made among, and the choice itself: temperature, min-p, top-k, top-p.
// Not penalties and biases, which change the logits before (LogitAdjustment.swift).

import Glibc

/// The tokens that are left to choose from, with weights that need not add up to 1. Its memory serves every choice.
struct CandidateSelection: Sendable {
    /// The tokens, by number.
    private(set) var tokens: [Int32] = []
    /// A weight for each token, proportional to its probability; the most probable token of all has 1.
    private(set) var weights: [Double] = []

    /// Selects the candidates among all tokens.
    ///
    /// *Math*: `w = exp((x - max x) / temperature)`. min-p keeps `w >= min_p`; top-k keeps `x >= ` the k-th largest x,
    /// ties included; top-p, over the sum S of what is left, keeps a token if those more probable than it have less
    /// than `top_p * S` together, so the most probable one always stays. Of equal tokens the lower number is taken as
    /// the more probable.
    /// *Shapes*: `logits: [vocab] f32`, finite or negative infinity; `largest` is the largest of them.
    /// *Accumulates in*: Double.
    /// *Source*: the order temperature, min-p, top-k, top-p is that of vllm@0.10.2 `vllm/v1/sample/sampler.py` (step
    /// 7); the rules of each are those of transformers@5.23.0 `generation/logits_process.py`, `TopKLogitsWarper`,
    /// `TopPLogitsWarper`, `MinPLogitsWarper`.
    /// *Differs from source*: transformers applies min-p last. Torch breaks ties at the end of top-p arbitrarily.
    mutating func select(_ logits: UnsafeBufferPointer<Float>, largest: Float, _ parameters: SamplingParameters) {
        tokens.removeAll(keepingCapacity: true)
        weights.removeAll(keepingCapacity: true)
        var threshold = -Float.greatestFiniteMagnitude
        if let topK = parameters.topK, topK < logits.count { threshold = max(threshold, kthLargest(topK, of: logits)) }
        let leastLogWeight = parameters.minP > 0 ? log(parameters.minP) : -Double.infinity
        let largest = Double(largest)
        for index in logits.indices where logits[index] >= threshold {
            let logWeight = (Double(logits[index]) - largest) / parameters.temperature
            guard logWeight >= leastLogWeight else { continue }
            tokens.append(Int32(index))
            weights.append(exp(logWeight))
        }
        if parameters.topP < 1 { keepMostProbable(parameters.topP * weights.reduce(0, +)) }
    }

    /// The token at which the running sum of weights first exceeds `unit` times their total.
    ///
    /// *Units/range*: `unit` from 0 up to but without 1.
    func token(at unit: Double) -> Int32? {
        var remaining = unit * weights.reduce(0, +)
        var last: Int32?
        for index in weights.indices where weights[index] > 0 {
            remaining -= weights[index]
            if remaining < 0 { return tokens[index] }
            last = tokens[index]
        }
        // Rounding can leave a remainder of zero: the last token that has any weight is meant.
        return last
    }

    /// Keeps the most probable candidates until they reach `limit` together.
    ///
    /// Candidates are put into bins of weights that differ by less than a factor of 2. Bins above the one in which the
    /// limit is reached are kept whole; only that one is put in order.
    private mutating func keepMostProbable(_ limit: Double) {
        var masses = [Double](repeating: 0, count: 1024)
        for weight in weights { masses[Self.bin(weight)] += weight }
        var last = 0
        var total = 0.0
        while last + 1 < masses.count, total + masses[last] < limit {
            total += masses[last]
            last += 1
        }
        let indices = weights.indices.filter { Self.bin(weights[$0]) == last }
        var order = DescendingOrder(indices.map { weights[$0] })
        var least: (weight: Double, index: Int) = (2, -1)
        while total < limit, let place = order.next() {
            least = (weights[indices[place]], indices[place])
            total += least.weight
        }
        var kept = 0
        for index in weights.indices {
            let weight = weights[index]
            let isAbove = Self.bin(weight) < last || weight > least.weight
            guard isAbove || (weight == least.weight && index <= least.index) else { continue }
            tokens[kept] = tokens[index]
            weights[kept] = weight
            kept += 1
        }
        tokens.removeLast(tokens.count - kept)
        weights.removeLast(weights.count - kept)
    }

    /// 0 for a weight of 1, then one more for each halving; at most 1023, where the smallest weights are all together.
    private static func bin(_ weight: Double) -> Int { 1023 - Int(weight.bitPattern >> 52 & 0x7FF) }
}
