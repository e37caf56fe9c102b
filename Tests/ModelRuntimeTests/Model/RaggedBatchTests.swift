// Batches of several sequences: how they are laid out, and everything that does not fit.

import Testing

@testable import ModelRuntime

@Suite struct RaggedBatchTests {
    private let shape = BatchShape(
        vocabularySize: 100,
        hidden: 8,
        rotaryAxes: 3,
        cacheBlocks: 10,
        limits: ModelLimits(rows: 32, logitRows: 4, cacheTokens: 160)
    )

    private func makeRun(
        tokens: [Int32] = [1, 2, 3],
        firstIndex: Int = 0,
        blocks: [Int32] = [0],
        logitRows: [Int] = []
    ) -> SequenceRows {
        let positions = (0..<3).map { axis in tokens.indices.map { Int32($0 + 10 * axis) } }
        return SequenceRows(
            tokens: tokens,
            rotaryPositions: positions,
            firstIndex: firstIndex,
            blocks: blocks,
            logitRows: logitRows
        )
    }

    private func error(_ runs: [SequenceRows]) throws -> RaggedBatchError {
        let error = try #require(throws: RaggedBatchError.self) { try RaggedBatch(runs, shape: shape) }
        #expect(!error.description.isEmpty)
        return error
    }

    private func error(_ change: (inout SequenceRows) -> Void) throws -> RaggedBatchError {
        var run = makeRun()
        change(&run)
        return try error([makeRun(blocks: [9]), run])
    }

    @Test func laysOutRowsOfManySequences() throws {
        let features = ImageFeatures(count: 5, width: 8)
        var prefill = makeRun(tokens: [5, 6, 7, 8], firstIndex: 14, blocks: [4, 2], logitRows: [3])
        prefill.featureSpans = [.init(firstRow: 1, features: features, range: 2..<4)]
        let decode = makeRun(tokens: [9], firstIndex: 40, blocks: [7, 1, 3], logitRows: [0])
        let batch = try RaggedBatch([prefill, decode], shape: shape)
        // Block 4, offsets 14 and 15; block 2, offsets 0 and 1; block 3, offset 8.
        #expect(batch.tokens == [5, 6, 7, 8, 9] && batch.rowCount == 5)
        #expect(batch.rotaryPositions == [0, 1, 2, 3, 0, 10, 11, 12, 13, 10, 20, 21, 22, 23, 20])
        #expect(batch.slots == [78, 79, 32, 33, 56])
        #expect(batch.sequences.map(\.rows) == [0..<4, 4..<5])
        #expect(batch.sequences.map(\.firstIndex) == [14, 40])
        #expect(batch.logitRows == [3, 4])
        #expect(batch.featureRuns.map(\.rows) == [1..<3] && batch.featureRuns[0].firstFeature == 2)
        #expect(batch.imageRowCount == 2 && batch.longestContext == 41)
    }

    @Test func rowsOfGreedySequencesComeLast() throws {
        func makeRun(_ tokens: Int, block: Int32, _ logitRows: [Int], isGreedy: Bool) -> SequenceRows {
            var run = self.makeRun(tokens: [Int32](repeating: 1, count: tokens), blocks: [block], logitRows: logitRows)
            run.isGreedy = isGreedy
            return run
        }
        let runs = [
            makeRun(3, block: 0, [2], isGreedy: true), makeRun(2, block: 1, [1], isGreedy: false),
            makeRun(4, block: 2, [], isGreedy: true), makeRun(1, block: 3, [0], isGreedy: true),
            makeRun(1, block: 4, [0], isGreedy: false),
        ]
        let batch = try RaggedBatch(runs, shape: shape)
        #expect(batch.logitRows == [4, 10, 2, 9])
        #expect(batch.greedyRowCount == 2)
        #expect(batch.sequences.map(\.logitRows.count) == [1, 1, 0, 1, 1])
        #expect(batch.sequences.flatMap(\.logitRows) == [2, 0, 3, 1])
    }

    @Test func adaptersOfRows() throws {
        var random = KernelRandom(1)
        let matrix = AdaptedMatrix(inputs: 4, sources: [3], order: .stacked)
        let (one, two) = (
            try TestAdapter(matrix, ranks: [2], random: &random).adapter,
            try TestAdapter(matrix, ranks: [5], random: &random).adapter
        )
        func makeRun(_ tokens: Int, block: Int32, _ adapter: Adapter?, isGreedy: Bool) -> SequenceRows {
            var run = self.makeRun(
                tokens: [Int32](repeating: 1, count: tokens),
                blocks: [block],
                logitRows: [tokens - 1]
            )
            (run.adapter, run.isGreedy) = (adapter, isGreedy)
            return run
        }
        func makeShape(rank: Int) -> BatchShape {
            var limits = shape.limits
            limits.adapters = AdapterLimits(count: 2, rank: rank)
            return BatchShape(vocabularySize: 100, hidden: 8, rotaryAxes: 3, cacheBlocks: 10, limits: limits)
        }
        let runs = [
            makeRun(3, block: 0, one, isGreedy: true), makeRun(2, block: 1, one, isGreedy: false),
            makeRun(1, block: 2, nil, isGreedy: false), makeRun(4, block: 3, two, isGreedy: false),
        ]
        let batch = try RaggedBatch(runs, shape: makeShape(rank: 5))
        #expect(batch.adapters.runs.map(\.rows) == [0..<5, 6..<10])
        #expect(batch.adapters.runs.map(\.adapter.rank) == [2, 5])
        // Rows of logits: those of the second, third and fourth sequence, then the greedy one.
        #expect(batch.logitAdapters.runs.map(\.rows) == [0..<1, 2..<3, 3..<4])
        #expect(batch.logitAdapters.runs.map(\.adapter.rank) == [2, 5, 2])
        let error = #expect(throws: RaggedBatchError.self) { try RaggedBatch(runs, shape: makeShape(rank: 4)) }
        #expect(error == .adapterRank(5, run: 3, allowed: 4))
        #expect(error?.description == "run 3: an adapter of rank 5; ranks up to 4 are planned for")
    }

    /// Positions and indices are two things: after an image a row's position is less than its index.
    @Test func positionsDoNotDecideSlots() throws {
        var run = makeRun(tokens: [1], firstIndex: 20, blocks: [0, 1])
        run.rotaryPositions = [[3], [3], [3]]
        let batch = try RaggedBatch([run], shape: shape)
        #expect(batch.slots == [20] && batch.sequences[0].firstIndex == 20 && batch.rotaryPositions == [3, 3, 3])
    }

    @Test func sharedPrefixBlocksAreAllowed() throws {
        let runs = [
            makeRun(tokens: [1], firstIndex: 16, blocks: [0, 1]), makeRun(tokens: [2], firstIndex: 16, blocks: [0, 2]),
        ]
        #expect(try RaggedBatch(runs, shape: shape).slots == [16, 32])
    }

    @Test func whatDoesNotFitIsRefused() throws {
        #expect(try error([]) == .empty)
        #expect(
            try error {
                $0.tokens = []; $0.rotaryPositions = [[], [], []]
            } == .emptyRun(1)
        )
        #expect(try error { $0.tokens[1] = 100 } == .token(100, run: 1, vocabularySize: 100))
        #expect(try error { $0.tokens[1] = -1 } == .token(-1, run: 1, vocabularySize: 100))
        #expect(
            try error { $0.rotaryPositions.removeLast() } == .positions(run: 1, found: [3, 3], tokens: 3, axes: 3)
        )
        #expect(
            try error { $0.rotaryPositions[2] = [1] } == .positions(run: 1, found: [3, 3, 1], tokens: 3, axes: 3)
        )
        #expect(try error { $0.rotaryPositions[1][0] = -5 } == .negativePosition(-5, run: 1))
        #expect(try error { $0.firstIndex = 14 } == .blocks(run: 1, found: 1, firstIndex: 14, tokens: 3))
        #expect(try error { $0.firstIndex = -1 } == .blocks(run: 1, found: 1, firstIndex: -1, tokens: 3))
        #expect(try error { $0.firstIndex = .max } == .blocks(run: 1, found: 1, firstIndex: .max, tokens: 3))
        #expect(try error { $0.blocks = [] } == .blocks(run: 1, found: 0, firstIndex: 0, tokens: 3))
        #expect(try error { $0.blocks = [10] } == .block(10, run: 1, cacheBlocks: 10))
        #expect(try error { $0.blocks = [-1] } == .block(-1, run: 1, cacheBlocks: 10))
        #expect(try error { $0.blocks = [9] } == .sharedBlock(9, runs: 0, 1))
        #expect(try error { $0.logitRows = [3] } == .logitRow(3, run: 1))
        #expect(try error { $0.logitRows = [-1] } == .logitRow(-1, run: 1))
        #expect(try error { $0.logitRows = [1, 1] } == .logitRow(1, run: 1))
        let many = makeRun(tokens: [Int32](repeating: 1, count: 33), blocks: [0, 1, 2])
        #expect(try error([many]) == .tooMany("rows", found: 33, allowed: 32))
        let logits = makeRun(tokens: [1, 1, 1, 1, 1], logitRows: [0, 1, 2, 3, 4])
        #expect(try error([logits]) == .tooMany("rows of logits", found: 5, allowed: 4))
    }

    @Test func featuresThatDoNotFitAreRefused() throws {
        let features = ImageFeatures(count: 4, width: 8)
        let narrow = ImageFeatures(count: 4, width: 4)
        typealias Span = SequenceRows.FeatureSpan
        let cases: [([Span], first: Int, range: Range<Int>)] = [
            ([Span(firstRow: 1, features: features, range: 0..<3)], 1, 0..<3),
            ([Span(firstRow: -1, features: features, range: 0..<1)], -1, 0..<1),
            ([Span(firstRow: 0, features: features, range: 3..<5)], 0, 3..<5),
            ([Span(firstRow: 0, features: features, range: -1..<1)], 0, -1..<1),
            ([Span(firstRow: 0, features: narrow, range: 0..<1)], 0, 0..<1),
            (
                [
                    Span(firstRow: 0, features: features, range: 0..<2),
                    Span(firstRow: 1, features: features, range: 2..<3),
                ], 1, 2..<3
            ),
        ]
        for (spans, first, range) in cases {
            #expect(try error { $0.featureSpans = spans } == .features(run: 1, firstRow: first, range: range))
        }
    }
}
