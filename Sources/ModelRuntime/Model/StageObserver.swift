// How `verify` looks into a model: after each stage it is shown the stage's rows.
// Not for speed: a model without an observer does not stop between stages.

/// Looks at what each stage of a model has computed.
public struct StageObserver {
    /// The rows that a stage has computed.
    public struct Rows {
        /// The stage, such as `vision-layer` or `step.logits`.
        public let stage: String
        /// The number of the layer, for a stage that repeats.
        public let layer: Int?
        /// The number of rows.
        public let rowCount: Int
        /// The numbers in a row.
        public let width: Int
        /// The numbers, row by row, valid during the call only.
        public let values: UnsafeBufferPointer<Float>
    }

    private let look: (Rows) -> Void

    /// An observer that calls `look` after each stage.
    public init(_ look: @escaping (Rows) -> Void) { self.look = look }

    /// Shows `rows` x `width` numbers to the observer.
    public func observe(
        _ stage: String,
        layer: Int? = nil,
        _ values: UnsafePointer<Float>,
        rows: Int,
        width: Int
    ) {
        let buffer = UnsafeBufferPointer(start: values, count: rows * width)
        look(Rows(stage: stage, layer: layer, rowCount: rows, width: width, values: buffer))
    }

    /// Shows the rows of logits that are kept whole. `rows` counts those of which only the greatest is kept as well.
    public func observe(_ stage: String, _ logits: LogitPlaces, rows: Int, width: Int) {
        precondition(rows == logits.rowCount, "\(rows) rows of logits and places for \(logits.rowCount)")
        observe(stage, logits.written, rows: logits.writtenRows, width: width)
    }
}
