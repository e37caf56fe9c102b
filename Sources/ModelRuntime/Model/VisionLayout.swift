// In which order an image encoder works on the patches of a batch, and which of them see one another.
// Not the patches themselves. The names are those of the encoder's parameters in the graph (emit --stage graph).

/// A run of rows whose queries and keys see one another and nothing else.
public struct RowSegment: Sendable, Hashable {
    /// The first row.
    public let first: Int
    /// The number of rows.
    public let count: Int

    /// A run of rows.
    public init(first: Int, count: Int) {
        self.first = first
        self.count = count
    }
}

/// The order, the positions and the segments of all patches of one encoder call.
///
/// Patches arrive image by image, frame by frame, in squares of `merge` x `merge` that become one token each; squares
/// run from left to right and from top to bottom, and so do the patches within one. With windows the encoder works
/// window by window, in squares of the same kind.
///
/// *Source*: transformers@5.23.0 `vision_utils.py`, `get_vision_position_ids`, `get_vision_window_index`,
/// `get_vision_cu_seqlens`; the order of processing is that of `models/qwen2_5_vl/modeling_qwen2_5_vl.py`.
/// *Differs from source*: positions are in the order of processing; windows are never empty, so none is removed again.
public struct VisionLayout: Sendable, Hashable {
    /// The images.
    public let grids: [ImageGrid]
    /// Patches of all images.
    public let patchCount: Int
    /// Tokens of all images.
    public let tokenCount: Int
    /// Vertical, then horizontal position of each patch, in the order of processing: `[2][patches]`.
    public let positions: [Int32]
    /// For each square in the order of processing, its place in the order of arrival; empty without windows.
    public let windowOrder: [Int32]
    /// For each token in the order of arrival, its place in the order of processing; empty without windows.
    public let originalOrder: [Int32]
    /// The patches of each window; empty without windows.
    public let windowSegments: [RowSegment]
    /// The patches of each frame.
    public let imageSegments: [RowSegment]

    /// Lays out a batch of images.
    ///
    /// - Parameters:
    ///   - merge: Patches on the side of a square that becomes one token.
    ///   - windowSide: Patches on the side of a window, a multiple of `merge`; nil if every layer sees whole frames.
    ///   - maximumPatches: The most patches that all images may have together.
    public init(
        grids: [ImageGrid],
        merge: Int,
        windowSide: Int?,
        maximumPatches: Int
    ) throws(ImageGridError) {
        precondition(merge > 0 && (windowSide ?? merge) > 0 && (windowSide ?? merge) % merge == 0)
        var remaining = maximumPatches
        for grid in grids {
            try grid.validate(merge: merge, maximumPatches: remaining)
            remaining -= grid.patchCount
        }
        self.grids = grids
        patchCount = maximumPatches - remaining
        tokenCount = patchCount / (merge * merge)

        var order = SquareOrder(capacity: tokenCount)
        var imageSegments: [RowSegment] = []
        var firstPatch = 0
        for grid in grids {
            for _ in 0..<grid.frames {
                imageSegments.append(RowSegment(first: firstPatch, count: grid.rows * grid.columns))
                order.append(
                    rows: grid.rows / merge,
                    columns: grid.columns / merge,
                    side: windowSide.map { $0 / merge }
                )
                firstPatch += grid.rows * grid.columns
            }
        }
        self.imageSegments = imageSegments
        positions = order.patchPositions(merge: merge)
        if windowSide == nil {
            windowOrder = []
            originalOrder = []
            windowSegments = []
        } else {
            windowOrder = order.squares.map(\.place)
            originalOrder = order.inverse()
            windowSegments = order.segments(squarePatches: merge * merge)
        }
    }
}

/// Squares of patches in the order of processing.
private struct SquareOrder {
    /// A square: its place in the order of arrival, and where it lies in its frame, in squares.
    struct Square {
        let place: Int32
        let row: Int32
        let column: Int32
    }

    private(set) var squares: [Square] = []
    private var windowSizes: [Int] = []

    init(capacity: Int) { squares.reserveCapacity(capacity) }

    /// Appends a frame, in windows of `side` x `side` squares; those at the right and lower edge may be smaller.
    mutating func append(rows: Int, columns: Int, side: Int?) {
        let first = squares.count
        let (height, width) = (side ?? rows, side ?? columns)
        for top in stride(from: 0, to: rows, by: height) {
            for left in stride(from: 0, to: columns, by: width) {
                let before = squares.count
                for row in top..<min(top + height, rows) {
                    for column in left..<min(left + width, columns) {
                        let place = Int32(first + row * columns + column)
                        squares.append(Square(place: place, row: Int32(row), column: Int32(column)))
                    }
                }
                windowSizes.append(squares.count - before)
            }
        }
    }

    /// `[2][patches]`: patches within a square from left to right, from top to bottom.
    func patchPositions(merge: Int) -> [Int32] {
        let merge = Int32(merge)
        var vertical: [Int32] = []
        var horizontal: [Int32] = []
        vertical.reserveCapacity(2 * squares.count * Int(merge * merge))
        for square in squares {
            for row in 0..<merge {
                for column in 0..<merge {
                    vertical.append(square.row * merge + row)
                    horizontal.append(square.column * merge + column)
                }
            }
        }
        return vertical + horizontal
    }

    func inverse() -> [Int32] {
        var inverse = [Int32](repeating: 0, count: squares.count)
        for (index, square) in squares.enumerated() { inverse[Int(square.place)] = Int32(index) }
        return inverse
    }

    func segments(squarePatches: Int) -> [RowSegment] {
        var first = 0
        return windowSizes.map { size in
            defer { first += size * squarePatches }
            return RowSegment(first: first, count: size * squarePatches)
        }
    }
}
