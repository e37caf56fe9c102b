// The layer kind `rms-norm`.
// Not its computation: ComputeGraph extends it.

/// Root-mean-square normalisation with a learned scale.
///
/// *Math*: y = x / √(mean(x²) + epsilon) · weight.
/// *Source*: Zhang and Sennrich 2019, equation 4.
public struct RMSNorm: LayerParameters {
    /// The value of `kind`.
    public static let kind = "rms-norm"
    /// The place in a model.
    public static let role = LayerRole.norm
    /// One sentence for help texts.
    public static let summary = "root-mean-square normalisation with a learned scale"

    /// Added to the mean square.
    public var epsilon: Double

    /// A norm with this epsilon.
    public init(epsilon: Double) {
        self.epsilon = epsilon
    }

    /// Reads `epsilon`.
    public init?(from reader: inout TableReader, context: LayerContext) {
        guard let epsilon = reader.float("epsilon", in: .greaterThan(0)) else { return nil }
        self.init(epsilon: epsilon)
    }

    /// Writes `epsilon`.
    public func write(to writer: inout TableWriter) {
        writer.write("epsilon", epsilon)
    }
}
