// The layer kind `layer-norm`.
// Not its computation: ComputeGraph extends it.

/// Normalisation to mean 0 and variance 1 with a learned scale and shift.
///
/// *Math*: y = (x - mean(x)) / √(variance(x) + epsilon) · weight + bias, with the biased variance.
/// *Source*: Ba, Kiros and Hinton 2016, equation 4.
public struct LayerNorm: LayerParameters {
    /// The value of `kind`.
    public static let kind = "layer-norm"
    /// The place in a model.
    public static let role = LayerRole.norm
    /// One sentence for help texts.
    public static let summary = "normalisation to mean 0 and variance 1 with a learned scale and shift"

    /// Added to the variance.
    public var epsilon: Double
    /// Whether there is a learned shift.
    public var bias: Bool

    /// A norm with these parameters.
    public init(epsilon: Double, bias: Bool = true) {
        self.epsilon = epsilon
        self.bias = bias
    }

    /// Reads `epsilon` and `bias`.
    public init?(from reader: inout TableReader, context: LayerContext) {
        let epsilon = reader.float("epsilon", in: .greaterThan(0))
        let bias = reader.bool("bias", default: true)
        guard let epsilon, let bias else { return nil }
        self.init(epsilon: epsilon, bias: bias)
    }

    /// Writes `epsilon` and `bias`.
    public func write(to writer: inout TableWriter) {
        writer.write("epsilon", epsilon)
        writer.write("bias", bias)
    }
}
