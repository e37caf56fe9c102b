// The layer kind `patch-merger`.
// Not the order of the patches: the image processor makes those of one square follow one another.

/// Makes one row of the decoder from each square of merge x merge rows of the encoder.
///
/// *Math*: y = down(activation(up(concatenate(norm(x)))).
/// *Shapes*: `[patches, hidden]` to `[patches / merge², hidden · merge²]`, kept by `up`, to `[.., decoder hidden]`.
public struct PatchMerger: LayerParameters {
    /// The value of `kind`.
    public static let kind = "patch-merger"
    /// The place in a model.
    public static let role = LayerRole.bridge
    /// One sentence for help texts.
    public static let summary = "makes one row of the decoder from each square of rows of the encoder"

    /// The norm of each row before the rows of a square are joined.
    public var norm: Layer
    /// The function between the two projections.
    public var activation: Activation
    /// Whether both projections add a learned vector.
    public var bias: Bool

    /// A merger.
    public init(norm: Layer, activation: Activation, bias: Bool = true) {
        self.norm = norm
        self.activation = activation
        self.bias = bias
    }

    /// Reads `norm`, `activation` and `bias`.
    public init?(from reader: inout TableReader, context: LayerContext) {
        let norm = reader.layer("norm", role: .norm, context: context)
        let activation = reader.choice("activation", of: Activation.self)
        let bias = reader.bool("bias", default: true)
        guard let norm, let activation, let bias else { return nil }
        self.init(norm: norm, activation: activation, bias: bias)
    }

    /// Writes `norm`, `activation` and `bias`.
    public func write(to writer: inout TableWriter) {
        writer.write("norm", norm)
        writer.write("activation", activation)
        writer.write("bias", bias)
    }
}
