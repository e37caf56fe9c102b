// The size of an image in patches.
// Not in pixels: InputProcessing resizes and cuts.

/// An image, or the frames of a video, as a box of patches.
public struct ImageGrid: Sendable, Hashable, CustomStringConvertible {
    /// Frames, in temporal patches; 1 for an image.
    public let frames: Int
    /// Patches from top to bottom.
    public let rows: Int
    /// Patches from left to right.
    public let columns: Int

    /// A grid of these sizes.
    public init(frames: Int = 1, rows: Int, columns: Int) {
        self.frames = frames
        self.rows = rows
        self.columns = columns
    }

    /// The patches of all frames.
    public var patchCount: Int { frames * rows * columns }

    /// The rows that the decoder sees after `merge` x `merge` patches have become one.
    public func tokenCount(merge: Int) -> Int { patchCount / (merge * merge) }

    /// Such as `1 x 26 x 38`.
    public var description: String { "\(frames) x \(rows) x \(columns)" }

    /// Checks the sizes before anything is computed from them.
    public func validate(merge: Int, maximumPatches: Int) throws(ImageGridError) {
        guard frames > 0, rows > 0, columns > 0 else { throw .empty(self) }
        guard rows % merge == 0, columns % merge == 0 else { throw .notDivisible(self, merge: merge) }
        let (area, areaOverflows) = rows.multipliedReportingOverflow(by: columns)
        let (patches, overflows) = area.multipliedReportingOverflow(by: frames)
        guard !areaOverflows, !overflows, patches <= maximumPatches else {
            throw .tooManyPatches(self, maximum: maximumPatches)
        }
    }
}

/// A grid that no image can have, or that is too large.
public enum ImageGridError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A side is not positive.
    case empty(ImageGrid)
    /// A side is not a multiple of the merge size.
    case notDivisible(ImageGrid, merge: Int)
    /// It has more patches than there is memory planned for.
    case tooManyPatches(ImageGrid, maximum: Int)

    /// One sentence.
    public var description: String {
        switch self {
        case .empty(let grid): "an image of \(grid) patches is empty"
        case .notDivisible(let grid, let merge): "an image of \(grid) patches has a side that \(merge) does not divide"
        case .tooManyPatches(let grid, let maximum):
            "an image of \(grid) patches exceeds the limit of \(maximum) patches at a time"
        }
    }
}
