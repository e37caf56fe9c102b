// What calibration collects, what it makes of it, and that rounding by it keeps outputs better.

import TensorTypes
import Testing

@testable import ModelRuntime

@Suite struct CalibrationTests {
    private let pool = ThreadPool(threads: 2)

    /// Rows whose numbers vary together: sums of few hidden numbers, of which the first count most.
    private static func rows(_ count: Int, inputs: Int, seed: UInt64) -> [Float] {
        var random = KernelRandom(seed)
        let hidden = 24
        let mixing = (0..<hidden).map { index in random.floats(inputs, magnitude: 4 / Float(index + 1)) }
        return (0..<count).flatMap { _ in
            let parts = random.floats(hidden)
            return (0..<inputs).map { input in
                zip(parts, mixing).reduce(random.floats(1, magnitude: 0.05)[0]) { $0 + $1.0 * $1.1[input] }
            }
        }
    }

    private func moments(_ rows: [Float], inputs: Int, pieces: Int = 1) -> InputMoments {
        var moments = InputMoments(inputs: inputs)
        let count = rows.count / inputs
        rows.withUnsafeBufferPointer { rows in
            for piece in 0..<pieces {
                let range = count * piece / pieces..<count * (piece + 1) / pieces
                let part = rows[range.lowerBound * inputs..<range.upperBound * inputs]
                moments.add(UnsafeBufferPointer(rebasing: part), count: range.count, pool: pool)
            }
        }
        return moments
    }

    @Test(arguments: [1, 127, 128, 300])
    func momentsAreMeansOfProducts(inputs: Int) {
        let count = 7
        let rows = Self.rows(count, inputs: inputs, seed: 3)
        let moments = moments(rows, inputs: inputs, pieces: 3)
        #expect(moments.rowCount == count)
        for block in 0..<moments.blockCount {
            let width = min(128, inputs - 128 * block)
            for (first, second) in [(0, 0), (0, width - 1), (width - 1, width / 2)] {
                let exact = (0..<count).reduce(0.0) { sum, row in
                    let start = row * inputs + 128 * block
                    return sum + Double(rows[start + first]) * Double(rows[start + second])
                }
                #expect(abs(moments.mean(block: block, first, second) - exact / Double(count)) < 1e-3)
            }
            if width < 128 { #expect(moments.mean(block: block, width, 0) == 0) }
        }
    }

    @Test func theFactorIsThatOfTheInverse() {
        let size = 9
        var random = KernelRandom(5)
        let roots = (0..<size).map { _ in random.floats(size).map(Double.init) }
        let matrix = (0..<size).map { row in
            (0..<size).map { column in
                (row == column ? 0.1 : 0) + (0..<size).reduce(0) { $0 + roots[row][$1] * roots[column][$1] }
            }
        }
        let factor = RoundingFeedback.inverseFactor(matrix)
        for row in 0..<size {
            for column in 0..<size {
                if row > column { #expect(factor[row][column] == 0) }
                // U^T U H is the identity.
                let product = (0..<size).reduce(0.0) { sum, index in
                    let inverse = (0..<size).reduce(0.0) { $0 + factor[$1][row] * factor[$1][index] }
                    return sum + inverse * matrix[index][column]
                }
                #expect(abs(product - (row == column ? 1 : 0)) < 1e-9, "\(row), \(column)")
            }
        }
    }

    @Test func inputsThatWereNeverSeenChangeNothing() {
        let inputs = 256
        let rows = [Float](repeating: 0, count: 4 * inputs)
        let feedback = RoundingFeedback(moments(rows, inputs: inputs))
        #expect(feedback.feedback.allSatisfy { $0 == 0 } && feedback.importance.allSatisfy { $0 == 0 })
        #expect(feedback.order == (0..<2).flatMap { _ in (0...127).map { UInt8($0) } })
    }

    /// The squared error of the outputs of 16 rows of weights on `samples`.
    private func outputError(
        _ weights: [Float],
        _ format: WeightFormat,
        _ feedback: RoundingFeedback?,
        on samples: [Float]
    )
        -> Double
    {
        let inputs = weights.count / 16
        return withUnsafeTemporaryAllocation(byteCount: format.panelBytes(inputs: inputs), alignment: 64) { memory in
            weights.withUnsafeBytes { bytes in
                let rows = (0..<16).map { row in
                    bytes.baseAddress.map { (start: $0 + 4 * inputs * row, element: ElementType.f32) }
                }
                let outcome = PanelPacking(format: format, inputs: inputs, kernels: .best).pack(
                    rows,
                    feedback: feedback,
                    into: memory
                )
                #expect(outcome.nonFinite == 0)
            }
            let kept = IntegerPanel(format: format, inputs: inputs).read(UnsafeRawBufferPointer(memory))
            var error = 0.0
            var row = [Float](repeating: 0, count: inputs)
            for output in 0..<16 {
                row.withUnsafeMutableBufferPointer { kept.weights(ofOutput: output, into: $0) }
                for sample in 0..<samples.count / inputs {
                    let difference = (0..<inputs).reduce(0.0) { sum, input in
                        let lost = Double(row[input]) - Double(weights[output * inputs + input])
                        return sum + lost * Double(samples[sample * inputs + input])
                    }
                    error += difference * difference
                }
            }
            return error
        }
    }

    @Test(arguments: WeightFormat.all.filter(\.isInteger))
    func roundingByItKeepsOutputsBetter(_ format: WeightFormat) {
        let inputs = 300
        var random = KernelRandom(17)
        let weights = random.floats(16 * inputs, magnitude: 0.05)
        // Collected on some rows, judged on others of the same kind.
        let rows = Self.rows(1200, inputs: inputs, seed: 23)
        let feedback = RoundingFeedback(moments(Array(rows[..<(1000 * inputs)]), inputs: inputs))
        let others = Array(rows[(1000 * inputs)...])
        let plain = outputError(weights, format, nil, on: others)
        let calibrated = outputError(weights, format, feedback, on: others)
        #expect(plain > 0 && calibrated < 0.5 * plain, "\(calibrated) of \(plain)")
    }
}
