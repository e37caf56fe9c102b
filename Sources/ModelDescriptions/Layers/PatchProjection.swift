// The layer kind `patch-projection`.
// Not the cutting of images into patches: InputProcessing does that.

/// A linear map from the pixels of a patch to a row of the encoder.
///
/// *Shapes*: `[patches, channels · temporalPatch · patch²]` to `[patches, hidden]`.
/// *Differs from source*: checkpoints hold it as a convolution whose stride is its kernel, which is the same map.
public struct PatchProjection: LayerParameters {
    /// The value of `kind`.
    public static let kind = "patch-projection"
    /// The place in a model.
    public static let role = LayerRole.patchEmbedding
    /// One sentence for help texts.
    public static let summary = "a linear map from the pixels of a patch to a row"

    /// Whether a learned vector is added.
    public var bias: Bool

    /// A projection.
    public init(bias: Bool) {
        self.bias = bias
    }

    /// Reads `bias`.
    public init?(from reader: inout TableReader, context: LayerContext) {
        guard let bias = reader.bool("bias") else { return nil }
        self.init(bias: bias)
    }

    /// Writes `bias`.
    public func write(to writer: inout TableWriter) {
        writer.write("bias", bias)
    }
}
