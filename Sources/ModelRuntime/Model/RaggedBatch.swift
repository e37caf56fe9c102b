// The input of one step: rows of many sequences, one after the other, checked and laid out for the kernels.
// Not which sequences take part; a scheduler, or a command with one sequence, decides that.

/// A batch of token rows. Prefill, chunks of it, single tokens, and mixtures of them are all this.
///
/// Rotary positions and indices within a sequence are kept apart: an image makes them differ.
public struct RaggedBatch: Sendable {
    /// The rows of one sequence.
    public struct Sequence: Sendable, Hashable {
        /// Its rows in the batch.
        public let rows: Range<Int>
        /// The index in the sequence of the first row; row i sees the keys 0 ... firstIndex + i.
        public let firstIndex: Int
        /// Its blocks of the cache.
        public let blocks: [Int32]
        /// Its rows whose logits are wanted, as indices of the batch's `logitRows`.
        public internal(set) var logitRows = 0..<0
    }

    /// Rows that image features replace.
    public struct FeatureRun: Sendable {
        /// The rows in the batch.
        public let rows: Range<Int>
        /// The features.
        public let features: ImageFeatures
        /// The first of them; the others follow.
        public let firstFeature: Int
    }

    /// The tokens: `[rows]`.
    public let tokens: [Int32]
    /// Rotary positions: `[axes][rows]`.
    public let rotaryPositions: [Int32]
    /// The number of axes.
    public let rotaryAxes: Int
    /// The sequences, in the order of their rows.
    public let sequences: [Sequence]
    /// Where each row's keys and values go in the cache: `block * 16 + offset`, `[rows]`.
    public let slots: [Int32]
    /// The image features, in the order of their rows.
    public let featureRuns: [FeatureRun]
    /// The rows whose logits are wanted: those of which all are, ascending, and then those of greedy sequences, ascending.
    public let logitRows: [Int32]
    /// The number of the latter, of which only the greatest logit is wanted.
    public let greedyRowCount: Int
    /// The adapters of the rows.
    public let adapters: RowAdapters
    /// The adapters of the rows whose logits are wanted, in the order of `logitRows`.
    public let logitAdapters: RowAdapters

    /// The number of rows.
    public var rowCount: Int { tokens.count }
    /// The number of rows that image features replace.
    public var imageRowCount: Int { featureRuns.reduce(0) { $0 + $1.rows.count } }
    /// The most keys that a row sees.
    public var longestContext: Int { sequences.map { $0.firstIndex + $0.rows.count }.max() ?? 0 }

    /// Lays out the runs in their order.
    ///
    /// - Parameter shape: What the model and the cache allow.
    /// - Throws: `RaggedBatchError`, naming the first run that does not fit.
    public init(_ runs: [SequenceRows], shape: BatchShape) throws(RaggedBatchError) {
        var tokens: [Int32] = []
        var positions = [[Int32]](repeating: [], count: shape.rotaryAxes)
        var sequences: [Sequence] = []
        var slots: [Int32] = []
        var featureRuns: [FeatureRun] = []
        var writers: [Int32: Int] = [:]
        var adapters = RowAdapters.none
        var logitAdapters = RowAdapters.none
        for (index, run) in runs.enumerated() {
            try shape.check(run, index: index)
            let first = tokens.count
            let end = run.firstIndex + run.tokens.count
            let size = CacheGeometry.blockTokens
            for block in run.blocks[(run.firstIndex / size)...((end - 1) / size)] {
                if let other = writers.updateValue(index, forKey: block) {
                    throw .sharedBlock(block, runs: other, index)
                }
            }
            tokens += run.tokens
            for axis in positions.indices { positions[axis] += run.rotaryPositions[axis] }
            sequences.append(
                Sequence(rows: first..<tokens.count, firstIndex: run.firstIndex, blocks: run.blocks)
            )
            adapters.append(run.adapter, rows: first..<tokens.count)
            slots += (run.firstIndex..<end).map { run.blocks[$0 / size] * Int32(size) + Int32($0 % size) }
            featureRuns += run.featureSpans.map { span in
                let start = first + span.firstRow
                return FeatureRun(
                    rows: start..<start + span.range.count,
                    features: span.features,
                    firstFeature: span.range.lowerBound
                )
            }
        }
        guard !tokens.isEmpty else { throw .empty }
        guard tokens.count <= shape.limits.rows else {
            throw .tooMany("rows", found: tokens.count, allowed: shape.limits.rows)
        }
        var logitRows: [Int32] = []
        for isGreedy in [false, true] {
            for (index, run) in runs.enumerated() where run.isGreedy == isGreedy {
                let first = logitRows.count
                logitRows += run.logitRows.map { Int32(sequences[index].rows.lowerBound + $0) }
                sequences[index].logitRows = first..<logitRows.count
                logitAdapters.append(run.adapter, rows: first..<logitRows.count)
            }
        }
        guard logitRows.count <= shape.limits.logitRows else {
            throw .tooMany("rows of logits", found: logitRows.count, allowed: shape.limits.logitRows)
        }
        self.tokens = tokens
        rotaryPositions = positions.flatMap { $0 }
        rotaryAxes = shape.rotaryAxes
        self.sequences = sequences
        self.slots = slots
        self.featureRuns = featureRuns
        self.logitRows = logitRows
        self.adapters = adapters
        self.logitAdapters = logitAdapters
        greedyRowCount = runs.reduce(0) { $0 + ($1.isGreedy ? $1.logitRows.count : 0) }
    }
}

/// What batches of a model must fit into.
public struct BatchShape: Sendable, Hashable {
    /// Tokens of the vocabulary, padding included.
    public let vocabularySize: Int
    /// The numbers in a row of the decoder.
    public let hidden: Int
    /// Axes of rotary positions.
    public let rotaryAxes: Int
    /// Blocks of the cache.
    public let cacheBlocks: Int
    /// The most of everything.
    public let limits: ModelLimits

    /// The shape of batches for these sizes.
    public init(vocabularySize: Int, hidden: Int, rotaryAxes: Int, cacheBlocks: Int, limits: ModelLimits) {
        self.vocabularySize = vocabularySize
        self.hidden = hidden
        self.rotaryAxes = rotaryAxes
        self.cacheBlocks = cacheBlocks
        self.limits = limits
    }

    /// Checks everything about a run that does not depend on other runs.
    fileprivate func check(_ run: SequenceRows, index: Int) throws(RaggedBatchError) {
        guard !run.tokens.isEmpty else { throw .emptyRun(index) }
        if let token = run.tokens.first(where: { $0 < 0 || Int($0) >= vocabularySize }) {
            throw .token(token, run: index, vocabularySize: vocabularySize)
        }
        let counts = run.rotaryPositions.map(\.count)
        guard counts == [Int](repeating: run.tokens.count, count: rotaryAxes) else {
            throw .positions(run: index, found: counts, tokens: run.tokens.count, axes: rotaryAxes)
        }
        if let position = run.rotaryPositions.joined().first(where: { $0 < 0 }) {
            throw .negativePosition(position, run: index)
        }
        let (end, overflows) = run.firstIndex.addingReportingOverflow(run.tokens.count)
        guard run.firstIndex >= 0, !overflows, CacheGeometry.blockCount(tokens: end) <= run.blocks.count else {
            throw .blocks(run: index, found: run.blocks.count, firstIndex: run.firstIndex, tokens: run.tokens.count)
        }
        if let block = run.blocks.first(where: { $0 < 0 || Int($0) >= cacheBlocks }) {
            throw .block(block, run: index, cacheBlocks: cacheBlocks)
        }
        var nextRow = 0
        for span in run.featureSpans {
            let fits =
                span.firstRow >= nextRow && span.range.lowerBound >= 0 && span.range.upperBound <= span.features.count
                && span.range.count <= run.tokens.count - span.firstRow && span.features.width == hidden
            guard fits else { throw .features(run: index, firstRow: span.firstRow, range: span.range) }
            nextRow = span.firstRow + span.range.count
        }
        if let adapter = run.adapter, adapter.rank > limits.adapters.rank {
            throw .adapterRank(adapter.rank, run: index, allowed: limits.adapters.rank)
        }
        var nextLogitRow = 0
        for row in run.logitRows {
            guard row >= nextLogitRow, row < run.tokens.count else { throw .logitRow(row, run: index) }
            nextLogitRow = row + 1
        }
    }
}

/// A batch that cannot be computed.
public enum RaggedBatchError: Error, Sendable, Hashable, CustomStringConvertible {
    /// There are no rows.
    case empty
    /// A run has no tokens.
    case emptyRun(Int)
    /// A token is not in the vocabulary.
    case token(Int32, run: Int, vocabularySize: Int)
    /// Positions are missing or too many.
    case positions(run: Int, found: [Int], tokens: Int, axes: Int)
    /// A position is negative.
    case negativePosition(Int32, run: Int)
    /// The blocks have no room for the tokens.
    case blocks(run: Int, found: Int, firstIndex: Int, tokens: Int)
    /// A block is not in the cache.
    case block(Int32, run: Int, cacheBlocks: Int)
    /// Two runs would write the same block.
    case sharedBlock(Int32, runs: Int, Int)
    /// Image features do not fit the rows that they replace.
    case features(run: Int, firstRow: Int, range: Range<Int>)
    /// A row of logits is outside the run or out of order.
    case logitRow(Int, run: Int)
    /// An adapter has a greater rank than was planned for.
    case adapterRank(Int, run: Int, allowed: Int)
    /// There is more than was planned for.
    case tooMany(String, found: Int, allowed: Int)

    /// One sentence.
    public var description: String {
        switch self {
        case .empty: "the batch has no rows"
        case .emptyRun(let run): "run \(run) of the batch has no tokens"
        case .token(let token, let run, let size):
            "run \(run): token \(token) is not in the vocabulary; allowed: 0 to \(size - 1)"
        case .positions(let run, let found, let tokens, let axes):
            "run \(run): \(found) rotary positions; right would be \(tokens) on each of \(axes) axes"
        case .negativePosition(let position, let run): "run \(run): the rotary position \(position) is negative"
        case .blocks(let run, let found, let firstIndex, let tokens):
            "run \(run): \(found) cache blocks have no room for \(tokens) tokens from index \(firstIndex) on"
        case .block(let block, let run, let count):
            "run \(run): block \(block) is not in the cache; allowed: 0 to \(count - 1)"
        case .sharedBlock(let block, let first, let second):
            "runs \(first) and \(second) would both write block \(block) of the cache"
        case .features(let run, let firstRow, let range):
            "run \(run): image features \(range) do not fit the rows from \(firstRow) on"
        case .logitRow(let row, let run): "run \(run): the row of logits \(row) is outside the run or out of order"
        case .adapterRank(let rank, let run, let allowed):
            "run \(run): an adapter of rank \(rank); ranks up to \(allowed) are planned for"
        case .tooMany(let what, let found, let allowed):
            "\(found) \(what) in a batch; at most \(allowed) are planned for"
        }
    }
}
