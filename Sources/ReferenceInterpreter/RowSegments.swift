// Which rows see one another: sequences of a batch of text, images, or windows of images.
// Not the cache, which holds what earlier steps computed for a sequence: see KeyValueCache.swift.

/// Consecutive runs of rows, which together are all rows of a batch.
public struct RowSegments: Sendable, Hashable {
    /// Consecutive rows that belong together.
    public struct Run: Sendable, Hashable {
        /// The number of rows.
        public let count: Int
        /// The index of the first row within its sequence: the number of tokens that the cache has of it already.
        public let firstIndex: Int
        /// The sequence of the cache that the rows continue; without a meaning where there is no cache.
        public let sequence: Int

        /// A run of rows; by default one that stands for itself, without a cache.
        public init(count: Int, firstIndex: Int = 0, sequence: Int = 0) {
            self.count = count
            self.firstIndex = firstIndex
            self.sequence = sequence
        }
    }

    /// The runs, in the order of their rows.
    public let runs: [Run]

    /// Runs of rows.
    public init(_ runs: [Run]) { self.runs = runs }

    /// Runs of these lengths that stand for themselves, without a cache.
    public init(lengths: [Int]) { self.init(lengths.map { Run(count: $0) }) }

    /// The number of rows of all runs.
    public var rows: Int { runs.reduce(0) { $0 + $1.count } }

    /// Every run with the rows that it covers.
    var rowRanges: [(run: Run, rows: Range<Int>)] {
        var start = 0
        return runs.map { run in
            defer { start += run.count }
            return (run, start..<start + run.count)
        }
    }

    /// - Throws: `InterpretationProblem.segments` for runs that cover nothing, or begin before their sequence.
    func check(longest: Int?) throws(InterpretationProblem) {
        var total = 0
        for (index, run) in runs.enumerated() {
            guard run.count > 0, run.firstIndex >= 0, run.sequence >= 0 else {
                throw .segments(
                    "run \(index) has \(run.count) rows from index \(run.firstIndex) of sequence \(run.sequence); "
                        + "it needs at least one row, and no negative numbers"
                )
            }
            let (sum, overflow) = total.addingReportingOverflow(run.count)
            guard !overflow, !run.firstIndex.addingReportingOverflow(run.count).overflow else {
                throw .segments("the runs cover more rows than can be counted")
            }
            total = sum
            if let longest, run.count > longest {
                throw .segments("run \(index) has \(run.count) rows, at most \(longest) are allowed")
            }
        }
    }
}
