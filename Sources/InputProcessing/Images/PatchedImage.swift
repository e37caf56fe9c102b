// An image as the vision encoder takes it. Read next: ImageProcessor.swift.

/// How many patches an image has along time, height and width.
public struct PatchGrid: Sendable, Hashable {
    /// Groups of frames: 1 for a still image.
    public var temporal: Int
    /// Rows of patches.
    public var height: Int
    /// Patches in a row.
    public var width: Int

    /// A grid of patches.
    public init(temporal: Int, height: Int, width: Int) {
        self.temporal = temporal
        self.height = height
        self.width = width
    }

    /// Patches in all.
    public var patchCount: Int { temporal * height * width }
}

/// The size of an image's patches, known before any is computed.
public struct PatchPlan: Sendable, Hashable {
    /// The width that the image is resized to.
    public var resizedWidth: Int
    /// The height that the image is resized to.
    public var resizedHeight: Int
    /// The patches of the resized image.
    public var grid: PatchGrid
    /// Floats in a patch.
    public var patchLength: Int
    /// Tokens that the model makes of the patches.
    public var tokenCount: Int

    /// Floats in all.
    public var floatCount: Int { grid.patchCount * patchLength }
}

/// An image cut into normalised patches.
public struct PatchedImage: Sendable, Hashable {
    /// `patches: [grid.patchCount, patchLength]` f32. Patches run [temporal, height / merge, width / merge, merge, merge],
    /// each [channel, temporalPatchSize, patchSize, patchSize].
    public var patches: [Float]
    /// The patches along each axis.
    public var grid: PatchGrid
    /// Floats in a patch.
    public var patchLength: Int
}
