// The greatest logit that the kernels keep of a row, against the same rows written whole and searched in a plain loop.
// That logits are right is the business of LinearTests.

import TensorTypes
import Testing

@testable import ModelRuntime

/// Rows, a head, and what a greedy sampler makes of all their logits.
private struct Head {
    typealias Choice = Result<Int32, SamplingError>

    let rows: Int
    let input: GuardedFloats
    let weight: OwnedMatrix
    private(set) var logits: [Float] = []
    private(set) var choices: [Choice] = []

    init(_ input: [Float], rows: Int, _ matrix: [Float], _ format: WeightFormat, on device: CPUDevice) throws {
        self.rows = rows
        self.input = GuardedFloats(input)
        let inputs = input.count / rows
        let vocabulary = matrix.count / inputs
        weight = OwnedMatrix(matrix, outputs: vocabulary, inputs: inputs, format: format)
        let output = GuardedFloats(count: rows * vocabulary)
        device.linear(self.input.start, rows: rows, weight: weight.matrix, into: output.start)
        logits = output.values
        choices = try (0..<rows).map { row in
            try choice(.all(UnsafeBufferPointer(start: output.start + row * vocabulary, count: vocabulary)))
        }
    }

    private func choice(_ logits: RowLogits) throws -> Choice {
        let vocabulary = weight.matrix.outputs
        var sampler = try TokenSampler(.greedy, vocabularySize: vocabulary, endOfSequence: [], prompt: [])
        return Choice { () throws(SamplingError) in try sampler.sample(logits).token }
    }

    /// Lets the first `written` rows be written, and the others keep their greatest logit: same logits, same choices.
    func check(written: Int, on device: CPUDevice, _ context: String) throws {
        let count = written * weight.matrix.outputs
        let output = GuardedFloats(count: count)
        let untouched: UInt64 = 7
        var kept = [UInt64](repeating: untouched, count: rows + 1)
        try kept.withUnsafeMutableBufferPointer { kept in
            let places = LogitPlaces(
                written: output.start,
                writtenRows: written,
                greatest: try #require(kept.baseAddress),
                greatestRows: rows - written
            )
            device.linear(input.start, rows: rows, weight: weight.matrix, into: places)
        }
        #expect(output.guardsHold, "\(context)")
        #expect(output.values.map(\.bitPattern) == logits.prefix(count).map(\.bitPattern), "\(context)")
        let found = try kept.prefix(rows - written).map { try choice(.greatest(GreatestLogit(kept: $0))) }
        #expect(found == Array(choices.suffix(rows - written)), "\(context)")
        #expect(kept.suffix(written + 1).allSatisfy { $0 == untouched }, "\(context)")
    }
}

@Suite("rows that keep their greatest logit")
struct GreatestLogitTests {
    private static let formats: [WeightFormat] = [.f32, .bf16, .f16, .w8g32, .w4g128]

    @Test("choose as all logits do, in every mixture, on 1 to 3 threads", arguments: runnableKernelSets, formats)
    func mixtures(kernelSet: String, format: WeightFormat) throws {
        var random = KernelRandom(11)
        for threads in 1...3 {
            let device = try poisonedDevice(kernelSet, threads: threads)
            // Less than a panel, whole panels, and panels with lanes to spare; few rows, many, and more than a block.
            for (vocabulary, rows) in [(1, 1), (5, 4), (16, 1), (17, 3), (321, 2), (321, 30), (1003, 5), (37, 300)] {
                let matrix = random.bf16Floats(vocabulary * 40)
                let head = try Head(random.floats(rows * 40), rows: rows, matrix, format, on: device)
                for written in Set([0, rows / 2, rows - 1, rows]) {
                    let context = "\(rows) rows, \(written) written, \(vocabulary) tokens, \(threads) threads"
                    try head.check(written: written, on: device, context)
                }
            }
        }
    }

    @Test("choose the lowest of equal tokens, whichever chunk has it", arguments: runnableKernelSets, formats)
    func ties(kernelSet: String, format: WeightFormat) throws {
        let (inputs, vocabulary) = (32, 1003)
        for threads in 1...3 {
            let device = try poisonedDevice(kernelSet, threads: threads)
            for tied in [[0, 1002], [17, 18, 500, 1002], [990, 1001, 1002], [31, 32], [15, 47, 48]] {
                var matrix = [Float](repeating: 0.25, count: vocabulary * inputs)
                for token in tied { for input in 0..<inputs { matrix[token * inputs + input] = 0.5 } }
                for rows in [1, 20] {
                    let ones = [Float](repeating: 1, count: rows * inputs)
                    let head = try Head(ones, rows: rows, matrix, format, on: device)
                    #expect(head.choices == ones.prefix(rows).map { _ in .success(Int32(tied[0])) })
                    try head.check(written: 0, on: device, "\(tied), \(rows) rows, \(threads) threads")
                }
            }
            let zeros = [Float](repeating: 0, count: vocabulary * inputs)
            try Head([Float](repeating: -1, count: inputs), rows: 1, zeros, format, on: device)
                .check(written: 0, on: device, "no token is more probable than another")
        }
    }

    /// Lanes beyond the vocabulary have weights of 0: their logits would be 0, or NaN for an infinite input.
    @Test("never choose the padding of a panel", arguments: runnableKernelSets, formats)
    func padding(kernelSet: String, format: WeightFormat) throws {
        let device = try poisonedDevice(kernelSet)
        var random = KernelRandom(12)
        for vocabulary in [1, 15, 17, 33, 250] {
            let negative = random.floats(vocabulary * 32).map { -abs($0) - 0.1 }
            var rows = random.floats(3 * 32).map { abs($0) + 0.1 }
            rows[40] = .infinity
            let head = try Head(rows, rows: 3, negative, format, on: device)
            try head.check(written: 0, on: device, "\(vocabulary) tokens")
            #expect(head.choices[0] != .failure(.everyTokenExcluded))
            if format.scales == .none { #expect(head.choices[1] == .failure(.everyTokenExcluded)) }
        }
    }

    @Test("refuse the first logit that is no number", arguments: runnableKernelSets, formats)
    func notFinite(kernelSet: String, format: WeightFormat) throws {
        let device = try poisonedDevice(kernelSet, threads: 3)
        var random = KernelRandom(13)
        let (inputs, vocabulary) = (32, 700)
        for (first, second) in [(Float.nan, Float.infinity), (.infinity, .nan), (.nan, .nan)] {
            for tokens in [(0, 1), (37, 300), (299, 699), (698, 699)] {
                var matrix = random.bf16Floats(vocabulary * inputs)
                matrix[tokens.0 * inputs] = first
                matrix[tokens.1 * inputs] = second
                // Of the rows with ones all logits of those tokens are special, of the last one half of the infinite ones.
                var rows = [Float](repeating: 1, count: 3 * inputs)
                rows[2 * inputs] = -1
                let head = try Head(rows, rows: 3, matrix, format, on: device)
                try head.check(written: 1, on: device, "\(first) of \(tokens.0), \(second) of \(tokens.1)")
                if format.scales == .none {
                    #expect(head.choices[0] == .failure(.logitNotFinite(token: Int32(tokens.0))))
                }
            }
        }
        var rows = random.floats(2 * inputs)
        rows[inputs] = .nan
        let head = try Head(rows, rows: 2, random.bf16Floats(vocabulary * inputs), format, on: device)
        #expect(head.choices[1] == .failure(.logitNotFinite(token: 0)))
        try head.check(written: 0, on: device, "a row with NaN")
    }
}
