// How rows of the image encoder are laid out for images of given sizes: positions, windows and segments.
// Written from the definition, independently of the runtime's VisionLayout, which tests compare with it.

/// A batch of images as numbers of patches, one frame each.
public struct ImageGrids: Sendable {
    /// The height and width of each image in patches, multiples of the merge size.
    public let grids: [(height: Int, width: Int)]
    /// The side, in patches, of the square that becomes one row of the decoder.
    public let merge: Int
    /// The side of a window in squares; nil where there are none.
    public let windowSquares: Int?

    /// A batch of images.
    public init(_ grids: [(height: Int, width: Int)], merge: Int, windowSquares: Int?) {
        self.grids = grids
        self.merge = merge
        self.windowSquares = windowSquares
    }

    /// The number of patches.
    public var patches: Int { grids.reduce(0) { $0 + $1.height * $1.width } }
    /// The number of squares: rows of the decoder.
    public var squares: Int { patches / (merge * merge) }

    /// The place of every square in its image, image by image in reading order.
    private var squarePlaces: [(image: Int, row: Int, column: Int)] {
        grids.enumerated().flatMap { image, grid in
            (0..<grid.height / merge).flatMap { row in
                (0..<grid.width / merge).map { (image, row, $0) }
            }
        }
    }

    /// The index of every square in reading order, window by window; the reading order itself without windows.
    ///
    /// Windows begin at the upper left corner of an image, and those at the right and lower edges are cut off.
    public var windowOrder: [Int] {
        guard let side = windowSquares else { return Array(0..<squares) }
        let places = squarePlaces
        return places.indices.sorted { left, right in
            let (left, right) = (places[left], places[right])
            let windows = (
                (left.image, left.row / side, left.column / side), (right.image, right.row / side, right.column / side)
            )
            return windows.0 == windows.1
                ? (left.row, left.column) < (right.row, right.column) : windows.0 < windows.1
        }
    }

    /// Where every square in reading order went: the inverse of `windowOrder`.
    public var originalOrder: [Int] {
        var inverse = Array(repeating: 0, count: squares)
        for (place, square) in windowOrder.enumerated() { inverse[square] = place }
        return inverse
    }

    /// The patches of each image.
    public var imageLengths: [Int] { grids.map { $0.height * $0.width } }

    /// The patches of each window, in window order.
    public var windowLengths: [Int] {
        guard let side = windowSquares else { return imageLengths }
        return grids.flatMap { grid in
            let (rows, columns) = (grid.height / merge, grid.width / merge)
            return stride(from: 0, to: rows, by: side).flatMap { top in
                stride(from: 0, to: columns, by: side).map { left in
                    min(side, rows - top) * min(side, columns - left) * merge * merge
                }
            }
        }
    }

    /// Row and column of every patch, in the order in which rows are processed: squares in window order, the patches
    /// of a square in reading order. All rows first, then all columns.
    public var positions: [Int] {
        let places = squarePlaces
        let patches = windowOrder.flatMap { square in
            (0..<merge * merge).map { patch in
                (places[square].row * merge + patch / merge, places[square].column * merge + patch % merge)
            }
        }
        return patches.map(\.0) + patches.map(\.1)
    }
}
