// The layer kind `layer-norm` as operations.

import ModelDescriptions

extension LayerNorm: NormExpansion {
    /// *Source* Ba, Kiros and Hinton, Layer Normalization, 2016. Without a bias, the shift is zero.
    public func normalise(
        _ input: ValueID,
        width: Int,
        scope: WeightScope,
        in builder: inout BlockBuilder,
        named name: String
    ) throws -> ValueID {
        let gain = builder.weight(scope.vector("weight", count: width))
        let shift =
            bias
            ? scope.vector("bias", named: "bias", count: width)
            : Weight(
                name: "\(scope.localPrefix).bias",
                tensorClass: nil,
                sources: [Weight.Source(zeros: [width])]
            )
        return try builder.append(
            .norm(Normalization(.layer, epsilon: epsilon)),
            [input, gain, builder.weight(shift)],
            named: name
        )
    }
}
