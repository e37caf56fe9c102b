// The layer kind `rms-norm` as operations.

import ModelDescriptions

extension RMSNorm: NormExpansion {
    /// *Source* Zhang and Sennrich, Root Mean Square Layer Normalization, 2019; as in T5, without mean.
    public func normalise(
        _ input: ValueID,
        width: Int,
        scope: WeightScope,
        in builder: inout BlockBuilder,
        named name: String
    ) throws -> ValueID {
        let gain = builder.weight(scope.vector("weight", count: width))
        return try builder.append(.norm(Normalization(.rms, epsilon: epsilon)), [input, gain], named: name)
    }
}
