// Where tokens lie for rotary embeddings: on one axis, or on three where images have a time, a height and a width.
// Not where they lie in their sequence: attention masks and the cache count tokens (BlockTable.swift).

/// The rotary positions of a sequence, as they grow token by token and image by image.
///
/// *Math*: a text token has the next position p on every axis, after which p grows by 1. The token of an image at
/// frame t, row y and column x of the merged grid has (p + t, p + y, p + x), after which p grows by the longer side of
/// the merged grid, not by the number of tokens.
/// *Shapes*: `axes[i]: [tokens] i32`.
/// *Source*: transformers@5.23.0 `models/qwen2_5_vl/modeling_qwen2_5_vl.py` and
/// `models/qwen2_vl/modeling_qwen2_vl.py`, `get_rope_index` and `get_vision_position_ids`, for images.
/// *Differs from source*: two images may follow one another without a token between them.
public struct RotaryPositions: Sendable, Hashable {
    /// The positions, axis by axis: time, height, width; or the only one.
    public private(set) var axes: [[Int32]]
    /// The position of a text token appended next.
    public private(set) var next: Int

    /// Positions of an empty sequence, on one axis or three, or of one that goes on at `next`.
    public init(axisCount: Int, next: Int = 0) {
        precondition(axisCount > 0 && next >= 0)
        axes = [[Int32]](repeating: [], count: axisCount)
        self.next = next
    }

    /// The tokens that have positions.
    public var count: Int { axes[0].count }

    /// Appends text tokens.
    public mutating func append(textTokens count: Int) {
        precondition(count >= 0)
        for axis in axes.indices { axes[axis].append(contentsOf: (next..<next + count).lazy.map(Int32.init)) }
        next += count
    }

    /// Appends the tokens of an image whose sides `merge` divides. On one axis they count as text.
    public mutating func append(_ grid: ImageGrid, merge: Int) {
        precondition(merge > 0 && grid.rows % merge == 0 && grid.columns % merge == 0)
        guard axes.count == 3 else { return append(textTokens: grid.tokenCount(merge: merge)) }
        let (rows, columns) = (grid.rows / merge, grid.columns / merge)
        for frame in 0..<grid.frames {
            for row in 0..<rows {
                for column in 0..<columns {
                    axes[0].append(Int32(next + frame))
                    axes[1].append(Int32(next + row))
                    axes[2].append(Int32(next + column))
                }
            }
        }
        next += max(rows, columns)
    }

    /// What a position after the sequence exceeds the number of tokens by: negative after images of more than one row.
    ///
    /// *Source*: `mrope_position_deltas` of `get_rope_index`, for sequences that begin at 0.
    public var delta: Int { next - count }

    /// The positions of some tokens, as one chunk of a prefill takes them.
    public subscript(tokens: Range<Int>) -> [[Int32]] { axes.map { Array($0[tokens]) } }
}
