// The layer kind `learned-grid-positions`.
// Not the rotary positions inside attention: those are RotaryEmbedding.

/// A learned square grid of vectors, interpolated to the grid of patches of each image and added to the rows.
///
/// *Math*: bilinear interpolation with aligned corners.
/// *Shapes*: weight `[side², hidden]`.
public struct LearnedGridPositions: LayerParameters {
    /// The value of `kind`.
    public static let kind = "learned-grid-positions"
    /// The place in a model.
    public static let role = LayerRole.positionEmbedding
    /// One sentence for help texts.
    public static let summary = "a learned square grid of vectors, interpolated to the patches of each image"

    /// The side of the grid.
    public var side: Int

    /// A grid with `side` x `side` vectors.
    public init(side: Int) {
        self.side = side
    }

    /// Reads `side`.
    public init?(from reader: inout TableReader, context: LayerContext) {
        guard let side = reader.integer("side", in: 2...4096) else { return nil }
        self.init(side: side)
    }

    /// Writes `side`.
    public func write(to writer: inout TableWriter) {
        writer.write("side", side)
    }
}
