// The layer kind `gated-mlp`.
// Not its computation: ComputeGraph extends it.

/// Two projections, one of which gates the other, and one back.
///
/// *Math*: y = down(activation(gate(x)) · up(x)).
/// *Shapes*: `gate`, `up`: `[intermediate, hidden]`; `down`: `[hidden, intermediate]`.
/// *Source*: Shazeer 2020, equation 6 for SiLU.
public struct GatedMLP: LayerParameters {
    /// The value of `kind`.
    public static let kind = "gated-mlp"
    /// The place in a model.
    public static let role = LayerRole.feedForward
    /// One sentence for help texts.
    public static let summary = "two projections, one of which gates the other, and one back"

    /// The width between the projections.
    public var intermediate: Int
    /// The function of the gate.
    public var activation: Activation
    /// Whether the three projections add a learned vector.
    public var bias: Bool

    /// A gated feed-forward layer.
    public init(intermediate: Int, activation: Activation, bias: Bool = false) {
        self.intermediate = intermediate
        self.activation = activation
        self.bias = bias
    }

    /// Reads `intermediate`, `activation` and `bias`.
    public init?(from reader: inout TableReader, context: LayerContext) {
        let intermediate = reader.integer("intermediate", in: Limits.width)
        let activation = reader.choice("activation", of: Activation.self)
        let bias = reader.bool("bias", default: false)
        guard let intermediate, let activation, let bias else { return nil }
        self.init(intermediate: intermediate, activation: activation, bias: bias)
    }

    /// Writes `intermediate`, `activation` and `bias`.
    public func write(to writer: inout TableWriter) {
        writer.write("intermediate", intermediate)
        writer.write("activation", activation)
        writer.write("bias", bias)
    }
}
