// Attention of one query in Double: a plain softmax over all scores, with the error that a kernel may add.

import Glibc
import TensorTypes

@testable import ModelRuntime

/// Keys and values of one key head as a query sees them: rows of `width` numbers, `stride` apart.
struct SeenKeys {
    let keys: UnsafeBufferPointer<Float>
    let values: UnsafeBufferPointer<Float>
    let start: Int
    let stride: Int
    let count: Int
    let width: Int

    /// The output for a query, and how far from it a kernel may be with either rounding.
    ///
    /// An error of a score is one of its weight, relative to it; weights sum to 1, so that an output is off by at most
    /// twice the greatest error of a score times the greatest value, and by the rounding of a sum of values. With bf16,
    /// weights are rounded, too.
    func output(_ query: [Double], scale: Double) -> (values: [Double], errors: [Rounding: Double]) {
        guard count > 0 else { return (query.map { _ in 0 }, [.exact: 0, .bf16: 0]) }
        var scores: [Double] = []
        var scoreErrors: [Rounding: Double] = [.exact: 0, .bf16: 0]
        for key in 0..<count {
            let sums = productSums(query, keys, start + key * stride, width)
            scores.append(sums.value * scale)
            for rounding in Rounding.allCases {
                scoreErrors[rounding] = max(scoreErrors[rounding] ?? 0, sums.error(rounding, count: width) * scale)
            }
        }
        let greatest = scores.max() ?? 0
        let weights = scores.map { exp($0 - greatest) }
        let total = weights.reduce(0, +)
        var outputs = [Double](repeating: 0, count: width)
        var largest = 0.0
        outputs.withUnsafeMutableBufferPointer { outputs in
            for key in 0..<count {
                let row = values.baseAddress.unsafelyUnwrapped + start + key * stride
                let weight = weights[key] / total
                var d = 0
                while d < width {
                    let value = Double(row[d])
                    outputs[d] += weight * value
                    largest = max(largest, abs(value))
                    d += 1
                }
            }
        }
        let summation = 4 * (Double(count).squareRoot() + 32) * f32Rounding
        let errors = Rounding.allCases.map { rounding in
            let weighing = rounding == .bf16 ? 2 * bf16Rounding : 0
            return (rounding, (2 * (scoreErrors[rounding] ?? 0) + summation + weighing) * largest)
        }
        return (outputs, Dictionary(uniqueKeysWithValues: errors))
    }
}
