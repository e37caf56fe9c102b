// Which rows of a call use which adapter.
// Not what an adapter adds: CPU/CPUDevice+Adapters.swift. Who decides: SequenceRows.adapter, and the caller of the encoder.

/// The adapters of the rows of a call.
public struct RowAdapters: Sendable {
    /// Rows one after the other that use one adapter.
    struct Run: Sendable {
        var rows: Range<Int>
        let adapter: Adapter
    }

    /// Apart and ascending; rows between them use none.
    private(set) var runs: [Run] = []

    /// No adapter for any row.
    public static let none = RowAdapters()

    private init() {}

    /// One adapter, or none, for all rows, however many there are.
    public init(_ adapter: Adapter?) {
        if let adapter { runs = [Run(rows: 0..<Int.max, adapter: adapter)] }
    }

    /// An adapter or none for each row.
    init(rows: some Sequence<Adapter?>) {
        for (row, adapter) in rows.enumerated() { append(adapter, rows: row..<row + 1) }
    }

    /// Lets rows that come after all others use an adapter or none.
    mutating func append(_ adapter: Adapter?, rows: Range<Int>) {
        guard let adapter, !rows.isEmpty else { return }
        if let last = runs.last, last.rows.upperBound == rows.lowerBound, last.adapter === adapter {
            runs[runs.count - 1].rows = last.rows.lowerBound..<rows.upperBound
        } else {
            runs.append(Run(rows: rows, adapter: adapter))
        }
    }
}
