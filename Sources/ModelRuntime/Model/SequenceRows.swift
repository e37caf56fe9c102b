// What one sequence brings to a step: some tokens that follow those it already has in the cache.
// Not the batch that is made of several of them: RaggedBatch.swift.

/// A run of tokens of one sequence.
public struct SequenceRows: Sendable {
    /// Rows of the run whose embeddings are replaced by image features.
    public struct FeatureSpan: Sendable {
        /// The first row, counted within the run.
        public let firstRow: Int
        /// The features.
        public let features: ImageFeatures
        /// Which of them, in order.
        public let range: Range<Int>

        /// Rows from `firstRow` on take the features of `range`.
        public init(firstRow: Int, features: ImageFeatures, range: Range<Int>) {
            self.firstRow = firstRow
            self.features = features
            self.range = range
        }
    }

    /// The tokens.
    public var tokens: [Int32]
    /// Their rotary positions, axis by axis.
    public var rotaryPositions: [[Int32]]
    /// The index in the sequence of the first of them: how many tokens the cache holds already.
    public var firstIndex: Int
    /// The sequence's blocks of the cache, with room for these tokens.
    public var blocks: [Int32]
    /// Image features among them, in order.
    public var featureSpans: [FeatureSpan]
    /// The rows, counted within the run, whose logits are wanted, in order.
    public var logitRows: [Int]
    /// Whether tokens are chosen greedily: of each of those rows the greatest logit is enough.
    public var isGreedy: Bool
    /// The adapter that the sequence uses; nil for the model as it is. What the cache holds of the sequence was computed
    /// with the same one.
    public var adapter: Adapter?

    /// A run of tokens.
    public init(
        tokens: [Int32],
        rotaryPositions: [[Int32]],
        firstIndex: Int,
        blocks: [Int32],
        featureSpans: [FeatureSpan] = [],
        logitRows: [Int] = [],
        isGreedy: Bool = false,
        adapter: Adapter? = nil
    ) {
        self.tokens = tokens
        self.rotaryPositions = rotaryPositions
        self.firstIndex = firstIndex
        self.blocks = blocks
        self.featureSpans = featureSpans
        self.logitRows = logitRows
        self.isGreedy = isGreedy
        self.adapter = adapter
    }
}

extension SequenceRows.FeatureSpan {
    /// The features of an image whose tokens begin at `firstToken`, as far as they lie in a chunk; nil if none do.
    public init?(_ features: ImageFeatures, at firstToken: Int, within chunk: Range<Int>) {
        let overlap = chunk.clamped(to: firstToken..<firstToken + features.count)
        guard !overlap.isEmpty else { return nil }
        self.init(
            firstRow: overlap.lowerBound - chunk.lowerBound,
            features: features,
            range: (overlap.lowerBound - firstToken)..<(overlap.upperBound - firstToken)
        )
    }
}
