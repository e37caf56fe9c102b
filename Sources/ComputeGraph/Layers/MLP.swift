// The layer kind `mlp` as operations.

import ModelDescriptions

extension MLP: FeedForwardExpansion {
    /// `fc2(activation(fc1(x)))`.
    public func transform(
        _ input: ValueID,
        hidden: Int,
        scope: WeightScope,
        in builder: inout BlockBuilder
    ) throws -> ValueID {
        let up = try builder.appendLinear(
            input,
            shape: [intermediate, hidden],
            bias: bias,
            scope: scope.part("fc1", "up"),
            named: "up"
        )
        let activated = try builder.append(.activation(activation), [up], named: "activated")
        return try builder.appendLinear(
            activated,
            shape: [hidden, intermediate],
            bias: bias,
            scope: scope.part("fc2", "down"),
            named: "down"
        )
    }
}
