// The layer kind `patch-projection` as operations.

import ModelDescriptions

extension PatchProjection: PatchEmbeddingExpansion {
    /// A convolution whose stride is its kernel is a matrix product: the checkpoint's
    /// `[hidden, channels, temporalPatch, patch, patch]` is read as `[hidden, channels * temporalPatch * patch * patch]`.
    public func embed(
        _ patches: ValueID,
        vision: ModelDescription.Vision,
        scope: WeightScope,
        in builder: inout BlockBuilder
    ) throws -> ValueID {
        try builder.appendLinear(
            patches,
            shape: [vision.hidden, vision.channels, vision.temporalPatch, vision.patch, vision.patch],
            bias: bias,
            scope: scope.part("proj", "projection"),
            named: "embeddedPatches"
        )
    }
}
