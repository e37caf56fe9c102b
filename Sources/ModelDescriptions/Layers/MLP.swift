// The layer kind `mlp`.
// Not its computation: ComputeGraph extends it.

/// Two projections with a function between.
///
/// *Math*: y = down(activation(up(x))).
/// *Shapes*: `up`: `[intermediate, hidden]`; `down`: `[hidden, intermediate]`.
public struct MLP: LayerParameters {
    /// The value of `kind`.
    public static let kind = "mlp"
    /// The place in a model.
    public static let role = LayerRole.feedForward
    /// One sentence for help texts.
    public static let summary = "two projections with a function between"

    /// The width between the projections.
    public var intermediate: Int
    /// The function between them.
    public var activation: Activation
    /// Whether both projections add a learned vector.
    public var bias: Bool

    /// A feed-forward layer.
    public init(intermediate: Int, activation: Activation, bias: Bool = true) {
        self.intermediate = intermediate
        self.activation = activation
        self.bias = bias
    }

    /// Reads `intermediate`, `activation` and `bias`.
    public init?(from reader: inout TableReader, context: LayerContext) {
        let intermediate = reader.integer("intermediate", in: Limits.width)
        let activation = reader.choice("activation", of: Activation.self)
        let bias = reader.bool("bias", default: true)
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
