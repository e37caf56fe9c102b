// Attention of rows to one another against a plain softmax: ragged segments, long ones, extreme scores.
// Attention to the cache: CacheAttentionTests.swift.

import TensorTypes
import Testing

@testable import ModelRuntime

@Suite("attention of rows")
struct RowAttentionTests {
    /// Rows in segments, with what some of the queries are to see.
    private struct Case {
        let heads: HeadShape
        let segments: [RowSegment]
        let isCausal: Bool
        let queries, keys, values: GuardedFloats
        let rowCount: Int
        /// By row and query head, for every nth query of a segment.
        private(set) var expected: [(row: Int, values: [Double], errors: [Rounding: Double])] = []

        var scale: Float { 2 / Float(heads.width).squareRoot() }

        init(_ heads: HeadShape, _ counts: [Int], isCausal: Bool, everyNth: Int, seed: UInt64) {
            var random = KernelRandom(seed)
            var first = random.integer(in: 0...3)  // rows before the first segment belong to none
            segments = counts.map { count in
                defer { first += count }
                return RowSegment(first: first, count: count)
            }
            rowCount = first
            self.heads = heads
            self.isCausal = isCausal
            queries = GuardedFloats(random.floats(rowCount * heads.query * heads.width, magnitude: 2))
            keys = GuardedFloats(random.floats(rowCount * heads.keyValue * heads.width, magnitude: 2))
            values = GuardedFloats(random.floats(rowCount * heads.keyValue * heads.width))
            for segment in segments {
                for query in stride(from: segment.count - 1, through: 0, by: -everyNth) {
                    for head in 0..<heads.query { expect(query, of: segment, head: head) }
                }
            }
        }

        private mutating func expect(_ query: Int, of segment: RowSegment, head: Int) {
            let (width, stride) = (heads.width, heads.keyValue * heads.width)
            let keyHead = head / (heads.query / heads.keyValue)
            let row = (segment.first + query) * heads.query + head
            let seen = SeenKeys(
                keys: UnsafeBufferPointer(start: keys.start, count: keys.count),
                values: UnsafeBufferPointer(start: values.start, count: values.count),
                start: segment.first * stride + keyHead * width,
                stride: stride,
                count: isCausal ? query + 1 : segment.count,
                width: width
            )
            let vector = (0..<width).map { Double(queries.start[row * width + $0]) }
            let output = seen.output(vector, scale: Double(scale))
            expected.append((row, output.values, output.errors))
        }

        func check(_ kernelSet: String, _ device: CPUDevice) {
            let output = GuardedFloats(count: queries.count)
            device.attend(
                queries.start,
                keys: keys.start,
                values: values.start,
                segments: AttentionSegments(segments),
                heads: heads,
                scale: scale,
                isCausal: isCausal,
                into: output.start
            )
            let found = output.values
            let rounding = Rounding(kernelSet, device.roundsAttention ? .bf16 : .f32)
            for (row, values, errors) in expected {
                // Keys and values are rounded, too: twice the error of a score, and that of a value.
                let error = rounding == .bf16 ? 2 * (errors[.bf16] ?? 0) : errors[.exact] ?? 0
                expectClose(
                    Array(found[(row * heads.width)..<((row + 1) * heads.width)]),
                    values.map { Estimate(value: $0, error: error) },
                    "row \(row / heads.query), head \(row % heads.query), \(heads), causal \(isCausal), \(kernelSet)"
                )
            }
            let covered = segments.reduce(0) { $0 + $1.count } * heads.query * heads.width
            #expect(found.lazy.filter { !$0.isNaN }.count == covered, "rows of no segment stay as they are")
            #expect(output.guardsHold)
        }
    }

    @Test("agrees with a plain softmax on ragged segments", arguments: [false, true])
    func raggedSegments(isCausal: Bool) throws {
        let shapes = [(1, 1, 16), (2, 2, 64), (4, 2, 80), (6, 2, 128), (7, 1, 32), (3, 3, 48), (2, 1, 256)]
        for (number, shape) in shapes.enumerated() {
            let heads = HeadShape(query: shape.0, keyValue: shape.1, width: shape.2)
            let example = Case(
                heads,
                [1, 0, 17, 5, 64, 65 + number * 4, 16],
                isCausal: isCausal,
                everyNth: number == 0 ? 1 : 7,
                seed: UInt64(number)
            )
            for kernelSet in runnableKernelSets {
                example.check(kernelSet, try poisonedDevice(kernelSet, threads: 2))
                example.check(kernelSet, try poisonedDevice(kernelSet, threads: 2, roundsAttention: true))
            }
        }
    }

    @Test("merges the spans of long segments, in parallel or not", arguments: [1, 4])
    func longSegments(threads: Int) throws {
        let heads = HeadShape(query: 1, keyValue: 1, width: 16)
        let example = Case(heads, [1100, 30], isCausal: false, everyNth: 97, seed: 9)
        for kernelSet in runnableKernelSets {
            example.check(kernelSet, try poisonedDevice(kernelSet, threads: threads))
            example.check(kernelSet, try poisonedDevice(kernelSet, threads: threads, roundsAttention: true))
        }
    }

    @Test("is safe for scores of any size", arguments: runnableKernelSets)
    func extremeScores(kernelSet: String) throws {
        let device = try poisonedDevice(kernelSet)
        let heads = HeadShape(query: 1, keyValue: 1, width: 16)
        let count = 70
        for magnitude in [Float(1e-30), 1e4, 1e15] {
            // Scores of the first query are -16 * magnitude * +-1, those of the others their negatives.
            let queries = GuardedFloats((0..<(16 * count)).map { $0 < 16 ? -1 : 1 })
            let keys = GuardedFloats((0..<(16 * count)).map { $0 / 16 % 2 == 0 ? magnitude : -magnitude })
            let values = GuardedFloats((0..<(16 * count)).map { $0 / 16 % 2 == 0 ? 1 : 3 })
            let output = GuardedFloats(count: 16 * count)
            device.attend(
                queries.start,
                keys: keys.start,
                values: values.start,
                segments: AttentionSegments([RowSegment(first: 0, count: count)]),
                heads: heads,
                scale: 1,
                into: output.start
            )
            let (first, others): (Float, Float) = magnitude < 1 ? (2, 2) : (3, 1)
            #expect(output.values.prefix(16).allSatisfy { abs($0 - first) <= 1e-5 }, "\(magnitude)")
            #expect(output.values.dropFirst(16).allSatisfy { abs($0 - others) <= 1e-5 }, "\(magnitude)")
        }
    }
}
