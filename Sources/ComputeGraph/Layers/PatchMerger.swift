// The layer kind `patch-merger` as operations.

import ModelDescriptions

extension PatchMerger: BridgeExpansion {
    /// Norm of every row, then a two-layer network over the joined rows of each square of patches.
    public func bridge(
        _ rows: ValueID,
        vision: ModelDescription.Vision,
        outputs: Int,
        scope: WeightScope,
        in builder: inout BlockBuilder
    ) throws -> ValueID {
        let square = vision.merge * vision.merge
        let width = vision.hidden * square
        let normed = try expansion(of: norm, as: (any NormExpansion).self).normalise(
            rows,
            width: vision.hidden,
            scope: scope.part("ln_q", "norm"),
            in: &builder,
            named: "normedPatches"
        )
        let joined = try builder.append(.joinRows(square), [normed], named: "joinedPatches")
        let up = try builder.appendLinear(
            joined,
            shape: [width, width],
            bias: bias,
            scope: scope.part("mlp.0", "up"),
            named: "merged"
        )
        let activated = try builder.append(.activation(activation), [up], named: "activatedMerged")
        return try builder.appendLinear(
            activated,
            shape: [outputs, width],
            bias: bias,
            scope: scope.part("mlp.2", "down"),
            named: "features"
        )
    }
}
