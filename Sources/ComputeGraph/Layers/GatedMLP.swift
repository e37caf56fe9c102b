// The layer kind `gated-mlp` as operations.

import ModelDescriptions

extension GatedMLP: FeedForwardExpansion {
    /// `down(activation(gate(x)) * up(x))`.
    ///
    /// *Source* Shazeer, GLU Variants Improve Transformer, 2020.
    public func transform(
        _ input: ValueID,
        hidden: Int,
        scope: WeightScope,
        in builder: inout BlockBuilder
    ) throws -> ValueID {
        let gate = try builder.appendLinear(
            input,
            shape: [intermediate, hidden],
            bias: bias,
            scope: scope.part("gate_proj", "gate"),
            named: "gate"
        )
        let up = try builder.appendLinear(
            input,
            shape: [intermediate, hidden],
            bias: bias,
            scope: scope.part("up_proj", "up"),
            named: "up"
        )
        let activated = try builder.append(.activation(activation), [gate], named: "activatedGate")
        let gated = try builder.append(.multiply, [activated, up], named: "gated")
        return try builder.appendLinear(
            gated,
            shape: [hidden, intermediate],
            bias: bias,
            scope: scope.part("down_proj", "down"),
            named: "down"
        )
    }
}
