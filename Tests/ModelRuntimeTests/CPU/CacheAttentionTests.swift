// Attention to the cache against a plain softmax: ragged batches, shared pages, partly filled pages, long contexts.

import TensorTypes
import Testing

@testable import ModelRuntime

@Suite("attention to the cache")
struct CacheAttentionTests {
    /// Sequences whose keys and values lie in pages in random order.
    private struct Case {
        let heads: HeadShape
        let sequences: [RaggedBatch.Sequence]
        let pages: TestPages
        /// For each sequence `[key][key head][number]`, as stored.
        let keys, values: [GuardedFloats]
        let queries: GuardedFloats

        var scale: Float { 1 / Float(heads.width).squareRoot() }

        /// - Parameter lengths: For each sequence the rows of the step and the tokens before them.
        init(
            _ heads: HeadShape,
            _ lengths: [(rows: Int, before: Int)],
            _ precision: CacheGeometry.Precision,
            seed: UInt64
        ) {
            var random = KernelRandom(seed)
            let blockCounts = lengths.map { ($0.rows + $0.before + 15) / 16 }
            let total = blockCounts.reduce(0, +) + 2
            var free = random.permutation(total)
            let pages = TestPages(heads: heads, blocks: total, precision: precision)
            var sequences: [RaggedBatch.Sequence] = []
            var (keys, values): ([GuardedFloats], [GuardedFloats]) = ([], [])
            var row = 0
            for (length, blockCount) in zip(lengths, blockCounts) {
                let blocks = (0..<blockCount).map { _ in free.removeLast() }
                let (count, width) = (length.rows + length.before, heads.keyValue * heads.width)
                let key = GuardedFloats(random.bf16Floats(count * width, magnitude: 2))
                let value = GuardedFloats(random.bf16Floats(count * width))
                for index in 0..<(count * width) {
                    let (token, head, d) = (index / width, index % width / heads.width, index % heads.width)
                    let block = blocks[token / 16]
                    key.start[index] = pages.setKey(key.start[index], block, head, token % 16, d)
                    value.start[index] = pages.setValue(value.start[index], block, head, token % 16, d)
                }
                keys.append(key)
                values.append(value)
                sequences.append(
                    RaggedBatch.Sequence(
                        rows: row..<(row + length.rows),
                        firstIndex: length.before,
                        blocks: blocks.map(Int32.init)
                    )
                )
                row += length.rows
            }
            self.heads = heads
            self.pages = pages
            self.sequences = sequences
            self.keys = keys
            self.values = values
            queries = GuardedFloats(random.floats(row * heads.query * heads.width, magnitude: 2))
        }

        func run(on device: CPUDevice, isCausal: Bool = true) -> [Float] {
            let output = GuardedFloats(count: queries.count)
            device.attend(
                queries.start,
                cache: pages.pages,
                sequences: SequenceBatch(slots: [], sequences: sequences),
                heads: heads,
                scale: scale,
                isCausal: isCausal,
                into: output.start
            )
            #expect(output.guardsHold)
            return output.values
        }

        /// What a query head of a row of a sequence is to find.
        func expected(_ row: Int, _ head: Int, sequence: Int, isCausal: Bool) -> ([Double], [Rounding: Double]) {
            let (width, stride) = (heads.width, heads.keyValue * heads.width)
            let all = keys[sequence].count / stride
            let index = sequences[sequence].firstIndex + row - sequences[sequence].rows.lowerBound
            let seen = SeenKeys(
                keys: UnsafeBufferPointer(start: keys[sequence].start, count: keys[sequence].count),
                values: UnsafeBufferPointer(start: values[sequence].start, count: values[sequence].count),
                start: head / (heads.query / heads.keyValue) * width,
                stride: stride,
                count: isCausal ? index + 1 : all,
                width: width
            )
            let place = (row * heads.query + head) * width
            return seen.output((0..<width).map { Double(queries.start[place + $0]) }, scale: Double(scale))
        }

        func check(threads: Int, isCausal: Bool = true, everyNthRow: Int = 1) throws {
            let found = try runnableKernelSets.map { kernelSet in
                (kernelSet, run(on: try poisonedDevice(kernelSet, threads: threads), isCausal: isCausal))
            }
            for (number, sequence) in sequences.enumerated() {
                for row in stride(
                    from: sequence.rows.upperBound - 1,
                    through: sequence.rows.lowerBound,
                    by: -everyNthRow
                ) {
                    for head in 0..<heads.query {
                        let (values, errors) = expected(row, head, sequence: number, isCausal: isCausal)
                        let place = (row * heads.query + head) * heads.width
                        for (kernelSet, output) in found {
                            let error = errors[Rounding(kernelSet, pages.format)] ?? 0
                            expectClose(
                                Array(output[place..<(place + heads.width)]),
                                values.map { Estimate(value: $0, error: error) },
                                "row \(row), head \(head), sequence \(number), \(heads), \(pages.precision), \(kernelSet)"
                            )
                        }
                    }
                }
            }
        }
    }

    @Test("agrees with a plain softmax on ragged batches", arguments: CacheGeometry.Precision.allCases)
    func raggedBatches(precision: CacheGeometry.Precision) throws {
        let shapes = [(1, 1, 16), (4, 2, 64), (2, 2, 80), (6, 2, 128), (8, 1, 32), (15, 5, 64), (2, 1, 256)]
        for (number, shape) in shapes.enumerated() {
            let heads = HeadShape(query: shape.0, keyValue: shape.1, width: shape.2)
            let lengths = [(1, 0), (1, 15), (1, 16), (3, 30), (1, 100), (20, 0), (9, 61)]
            let example = Case(heads, lengths, precision, seed: UInt64(number))
            try example.check(threads: 2, everyNthRow: 3)
            try example.check(threads: 1, isCausal: false, everyNthRow: 10)
        }
    }

    @Test("prefills and decodes long contexts, spans in parallel or not", arguments: CacheGeometry.Precision.allCases)
    func longContexts(precision: CacheGeometry.Precision) throws {
        let heads = HeadShape(query: 4, keyValue: 2, width: 16)
        for (number, lengths) in [[(1, 2100)], [(30, 1010)], [(1, 1023), (1, 1024), (2, 1500)]].enumerated() {
            let example = Case(heads, lengths, precision, seed: UInt64(number) + 70)
            try example.check(threads: 4, everyNthRow: 7)
            for kernelSet in runnableKernelSets {
                let split = example.run(on: try poisonedDevice(kernelSet, threads: 4))
                let whole = example.run(on: try poisonedDevice(kernelSet, threads: 1))
                #expect(split == whole, "the same bits on any number of threads, \(kernelSet)")
            }
        }
    }

    @Test(
        "gives a row the same bits in one chunk, in many, and beside others",
        arguments: runnableKernelSets,
        CacheGeometry.Precision.allCases
    )
    func rowsAreIndependent(kernelSet: String, precision: CacheGeometry.Precision) throws {
        let heads = HeadShape(query: 6, keyValue: 2, width: 80)
        let example = Case(heads, [(150, 40), (7, 3)], precision, seed: 5)
        let device = try poisonedDevice(kernelSet, threads: 3)
        let together = example.run(on: device)
        let first = example.sequences[0]
        let stride = heads.query * heads.width
        for rows in [0..<1, 0..<20, 20..<150, 149..<150] {
            let part = RaggedBatch.Sequence(
                rows: 0..<rows.count,
                firstIndex: first.firstIndex + rows.lowerBound,
                blocks: first.blocks
            )
            let output = GuardedFloats(count: rows.count * stride)
            device.attend(
                example.queries.start + rows.lowerBound * stride,
                cache: example.pages.pages,
                sequences: SequenceBatch(slots: [], sequences: [part]),
                heads: heads,
                scale: example.scale,
                into: output.start
            )
            let same = together[(rows.lowerBound * stride)..<(rows.upperBound * stride)]
            #expect(output.values == Array(same), "rows \(rows), \(kernelSet), \(precision)")
        }
    }

    @Test("yields zeros for a query that sees no keys", arguments: runnableKernelSets)
    func noKeys(kernelSet: String) throws {
        let heads = HeadShape(query: 2, keyValue: 1, width: 32)
        let device = try poisonedDevice(kernelSet)
        let queries = GuardedFloats([Float](repeating: 1, count: 64))
        let output = GuardedFloats(count: 64)
        let batch = SequenceBatch(slots: [], sequences: [RaggedBatch.Sequence(rows: 0..<1, firstIndex: -1, blocks: [])])
        let pages = TestPages(heads: heads, blocks: 1, precision: .f32)
        device.attend(
            queries.start,
            cache: pages.pages,
            sequences: batch,
            heads: heads,
            scale: 1,
            into: output.start
        )
        #expect(output.values == [Float](repeating: 0, count: 64))
    }
}
