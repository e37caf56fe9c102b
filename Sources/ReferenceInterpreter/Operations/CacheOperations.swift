// How the cache of one layer grows.
// Reading it: AttentionOperations.swift.

extension KeyValueCache where Element: ReferenceElement {
    /// The cache of one layer with the keys and values of a step behind those of its sequences.
    ///
    /// *Shapes* keys, values `[n, kvHeads, headDim]`.
    ///
    /// - Throws: `InterpretationProblem` for a sequence that the cache does not have, or rows that don't continue it.
    func appending(
        keys: Tensor<Element>,
        values: Tensor<Element>,
        of segments: RowSegments
    ) throws(InterpretationProblem) -> KeyValueCache {
        var sequences = try onlyLayer()
        let width = keys.rowElements
        for (run, rows) in segments.rowRanges {
            guard sequences.indices.contains(run.sequence) else {
                throw .indexOutOfRange(run.sequence, limit: sequences.count)
            }
            guard run.firstIndex == sequences[run.sequence].tokens else {
                throw .cache(
                    "sequence \(run.sequence) has \(sequences[run.sequence].tokens) tokens, but the next row is to be "
                        + "its token \(run.firstIndex)"
                )
            }
            let elements = rows.lowerBound * width..<rows.upperBound * width
            sequences[run.sequence].keys += keys.elements[elements]
            sequences[run.sequence].values += values.elements[elements]
            sequences[run.sequence].tokens += run.count
        }
        return KeyValueCache(layers: [sequences])
    }
}
