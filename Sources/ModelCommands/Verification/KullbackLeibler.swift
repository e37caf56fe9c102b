// How far apart two distributions over tokens are.

import Glibc

enum KullbackLeibler {
    /// *Math* sum_i p_i (log p_i - log q_i) with p = softmax(left), q = softmax(right). *Accumulates in* Double.
    /// *Units/range* nats; at least 0 but for rounding.
    static func divergence(_ left: [Float], _ right: [Float]) -> Double {
        let p = logSoftmax(left)
        let q = logSoftmax(right)
        return zip(p, q).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
    }

    private static func logSoftmax(_ logits: [Float]) -> [Double] {
        let largest = Double(logits.max() ?? 0)
        let total = logits.reduce(0.0) { $0 + exp(Double($1) - largest) }
        return logits.map { Double($0) - largest - log(total) }
    }
}
