// Attention in two ways: through scores that are kept, and row by row without them.
// Which keys a query sees is said once, by `visibleKeys`. How the cache grows: CacheOperations.swift.

import ComputeGraph

/// Keys or values that queries look at.
enum AttendedRows<Element: ReferenceElement> {
    /// The rows of the step, `[n, kvHeads, headDim]`.
    case step(Tensor<Element>)
    /// The keys of every sequence of the cache.
    case cachedKeys([CachedSequence<Element>])
    /// The values of every sequence of the cache.
    case cachedValues([CachedSequence<Element>])

    /// The elements that the queries of `run`, in these rows, look at, and which rows of them.
    func rows(
        for run: RowSegments.Run,
        in rows: Range<Int>,
        _ parameters: AttentionParameters
    ) throws(InterpretationProblem) -> (elements: [Element], visible: Range<Int>) {
        switch self {
        case .step(let tensor): return (tensor.elements, rows)
        case .cachedKeys(let sequences):
            let sequence = try Self.sequence(of: run, in: sequences, parameters)
            return (sequence.keys, 0..<sequence.tokens)
        case .cachedValues(let sequences):
            let sequence = try Self.sequence(of: run, in: sequences, parameters)
            return (sequence.values, 0..<sequence.tokens)
        }
    }

    /// The number of columns of scores: every row of the step, or the tokens of the longest sequence that is read.
    func columnCount(
        _ segments: RowSegments,
        _ parameters: AttentionParameters
    ) throws(InterpretationProblem) -> Int {
        switch self {
        case .step(let tensor): return tensor.rows
        case .cachedKeys(let sequences), .cachedValues(let sequences):
            var longest = 0
            for run in segments.runs {
                longest = max(longest, try Self.sequence(of: run, in: sequences, parameters).tokens)
            }
            return longest
        }
    }

    private static func sequence(
        of run: RowSegments.Run,
        in sequences: [CachedSequence<Element>],
        _ parameters: AttentionParameters
    ) throws(InterpretationProblem) -> CachedSequence<Element> {
        guard sequences.indices.contains(run.sequence) else {
            throw .indexOutOfRange(run.sequence, limit: sequences.count)
        }
        let sequence = sequences[run.sequence]
        let width = parameters.kvHeads * parameters.headDim
        guard sequence.keys.count == sequence.tokens * width, sequence.values.count == sequence.keys.count else {
            throw .cache(
                "sequence \(run.sequence) has \(sequence.keys.count) elements for \(sequence.tokens) tokens of \(width)"
            )
        }
        guard run.firstIndex + run.count <= sequence.tokens else {
            throw .cache(
                "sequence \(run.sequence) has \(sequence.tokens) tokens, but queries stand at "
                    + "\(run.firstIndex)..<\(run.firstIndex + run.count)"
            )
        }
        return sequence
    }
}

/// The keys that the query in row `row` sees.
///
/// Among the rows of the step these are the rows of its run, in the cache the tokens of its sequence; for a causal
/// query none after its own. Places in the sequence decide, never rotary positions, which repeat within an image.
@inline(__always)
private func visibleKeys(
    to row: Int,
    _ run: RowSegments.Run,
    _ rows: Range<Int>,
    among all: Range<Int>,
    _ parameters: AttentionParameters
) -> Range<Int> {
    guard parameters.causal else { return all }
    let own = parameters.cached ? run.firstIndex + row - rows.lowerBound : row
    return all.lowerBound..<own + 1
}

/// The scores of the query in row `row` under head `head` with the keys in `visible`, stored from `start` on.
@inline(__always)
private func putScores<Element: ReferenceElement>(
    of query: UnsafeBufferPointer<Element>,
    _ row: Int,
    _ head: Int,
    with keys: UnsafeBufferPointer<Element>,
    _ visible: Range<Int>,
    _ parameters: AttentionParameters,
    into scores: UnsafeMutableBufferPointer<Element>,
    from start: Int
) {
    let (headDim, kvHead) = (parameters.headDim, parameters.kvHead(of: head))
    let scale = Element(parameters.scale)
    let queryStart = (row * parameters.queryHeads + head) * headDim
    for (place, key) in visible.enumerated() {
        let keyStart = (key * parameters.kvHeads + kvHead) * headDim
        scores[start + place] = scale * dotProduct(query, queryStart, keys, keyStart, count: headDim)
    }
}

/// Adds the values in `visible`, each times its share from `start` on, to the result of one query and head.
@inline(__always)
private func addValues<Element: ReferenceElement>(
    _ values: UnsafeBufferPointer<Element>,
    _ visible: Range<Int>,
    times shares: UnsafeBufferPointer<Element>,
    from start: Int,
    _ parameters: AttentionParameters,
    to result: UnsafeMutableBufferPointer<Element>,
    _ row: Int,
    _ head: Int
) {
    let (headDim, kvHead) = (parameters.headDim, parameters.kvHead(of: head))
    let resultStart = (row * parameters.queryHeads + head) * headDim
    for (place, key) in visible.enumerated() {
        let share = shares[start + place]
        let valueStart = (key * parameters.kvHeads + kvHead) * headDim
        for column in 0..<headDim { result[resultStart + column] += share * values[valueStart + column] }
    }
}

extension AttentionParameters {
    /// The head of keys and values that a query head looks at: consecutive query heads share one.
    @inline(__always)
    fileprivate func kvHead(of head: Int) -> Int { head / (queryHeads / kvHeads) }
}

/// *Math* s_rhk = scale * q_rh . k_(k, h / group), group = queryHeads / kvHeads; minus infinity for a key that the query
/// does not see.
/// *Shapes* query `[n, queryHeads, headDim]`; result `[n, queryHeads, keys]`.
@specialized(where Element == Double)
@specialized(where Element == Float)
func attentionScores<Element: ReferenceElement>(
    _ parameters: AttentionParameters,
    query: Tensor<Element>,
    keys: AttendedRows<Element>,
    segments: RowSegments
) throws(InterpretationProblem) -> Tensor<Element> {
    let columns = try keys.columnCount(segments, parameters)
    let heads = parameters.queryHeads
    var scores = [Element](repeating: -.infinity, count: query.rows * heads * columns)
    for (run, rows) in segments.rowRanges {
        let (elements, all) = try keys.rows(for: run, in: rows, parameters)
        query.elements.withUnsafeBufferPointer { query in
            elements.withUnsafeBufferPointer { keys in
                scores.withUnsafeMutableBufferPointer { scores in
                    for row in rows {
                        let visible = visibleKeys(to: row, run, rows, among: all, parameters)
                        for head in 0..<heads {
                            let start = (row * heads + head) * columns + visible.lowerBound
                            putScores(of: query, row, head, with: keys, visible, parameters, into: scores, from: start)
                        }
                    }
                }
            }
        }
    }
    return Tensor([query.rows, heads, columns], scores)
}

/// *Math* o_rh = sum_k p_rhk v_(k, h / group).
/// *Shapes* probabilities `[n, queryHeads, keys]`; result `[n, queryHeads, headDim]`.
/// *Accumulates in* Element.
@specialized(where Element == Double)
@specialized(where Element == Float)
func attentionValues<Element: ReferenceElement>(
    _ parameters: AttentionParameters,
    probabilities: Tensor<Element>,
    values: AttendedRows<Element>,
    segments: RowSegments
) throws(InterpretationProblem) -> Tensor<Element> {
    let (heads, columns) = (parameters.queryHeads, probabilities.width)
    let expected = try values.columnCount(segments, parameters)
    guard columns == expected else {
        throw .wrongShape(found: probabilities.shape, expected: "[n, \(heads), \(expected)]")
    }
    var result = [Element](repeating: 0, count: probabilities.rows * heads * parameters.headDim)
    for (run, rows) in segments.rowRanges {
        let (elements, all) = try values.rows(for: run, in: rows, parameters)
        probabilities.elements.withUnsafeBufferPointer { shares in
            elements.withUnsafeBufferPointer { values in
                result.withUnsafeMutableBufferPointer { result in
                    for row in rows {
                        let visible = visibleKeys(to: row, run, rows, among: all, parameters)
                        for head in 0..<heads {
                            let start = (row * heads + head) * columns + visible.lowerBound
                            addValues(values, visible, times: shares, from: start, parameters, to: result, row, head)
                        }
                    }
                }
            }
        }
    }
    return Tensor([probabilities.rows, heads, parameters.headDim], result)
}

/// Scores, softmax and weighted sum of one query after the other.
///
/// *Shapes* query `[n, queryHeads, headDim]`; result as query.
/// *Accumulates in* Element.
@specialized(where Element == Double)
@specialized(where Element == Float)
func attention<Element: ReferenceElement>(
    _ parameters: AttentionParameters,
    query: Tensor<Element>,
    keys: AttendedRows<Element>,
    values: AttendedRows<Element>,
    segments: RowSegments
) throws(InterpretationProblem) -> Tensor<Element> {
    var result = [Element](repeating: 0, count: query.elements.count)
    var shares = [Element](repeating: 0, count: try keys.columnCount(segments, parameters))
    for (run, rows) in segments.rowRanges {
        let (keyElements, all) = try keys.rows(for: run, in: rows, parameters)
        let (valueElements, _) = try values.rows(for: run, in: rows, parameters)
        for row in rows {
            let visible = visibleKeys(to: row, run, rows, among: all, parameters)
            for head in 0..<parameters.queryHeads {
                query.elements.withUnsafeBufferPointer { query in
                    keyElements.withUnsafeBufferPointer { keys in
                        shares.withUnsafeMutableBufferPointer {
                            putScores(of: query, row, head, with: keys, visible, parameters, into: $0, from: 0)
                        }
                    }
                }
                softmax(&shares, 0..<visible.count)
                shares.withUnsafeBufferPointer { shares in
                    valueElements.withUnsafeBufferPointer { values in
                        result.withUnsafeMutableBufferPointer {
                            addValues(values, visible, times: shares, from: 0, parameters, to: $0, row, head)
                        }
                    }
                }
            }
        }
    }
    return Tensor(query.shape, result)
}
