// The layer kind `segment-attention`: attention within the images of a batch, or within windows of them.
// Not causal, and without a cache: a decoder's attention is SelfAttention.

/// Attention among the rows of one image, in most layers only among those of one window.
///
/// *Math*: softmax(q · kᵀ / √headDim) · v over the row's segment, headDim = hidden / heads.
/// *Shapes*: query, key, value and output `[hidden, hidden]`; checkpoints hold the first three as one matrix.
/// *Source*: Qwen2.5-VL technical report 2025, section 2.1.1 (windows).
public struct SegmentAttention: LayerParameters {
    /// The value of `kind`.
    public static let kind = "segment-attention"
    /// The place in a model.
    public static let role = LayerRole.attention
    /// One sentence for help texts.
    public static let summary = "attention within the images of a batch, or within windows of them"

    /// The number of heads; divides the width of the stage.
    public var heads: Int
    /// The projections that add a learned vector.
    public var bias: Set<AttentionProjection>
    /// The side of a window in pixels; nil if every layer sees the whole image.
    public var window: Int?
    /// The layers that see the whole image in spite of `window`, in ascending order.
    public var fullAttentionLayers: [Int]
    /// The rotary positions.
    public var rope: RotaryEmbedding

    /// An attention layer.
    public init(
        heads: Int,
        bias: Set<AttentionProjection>,
        window: Int? = nil,
        fullAttentionLayers: [Int] = [],
        rope: RotaryEmbedding
    ) {
        self.heads = heads
        self.bias = bias
        self.window = window
        self.fullAttentionLayers = fullAttentionLayers
        self.rope = rope
    }

    /// Whether layer `layer` sees only its window.
    public func isWindowed(layer: Int) -> Bool {
        window != nil && !fullAttentionLayers.contains(layer)
    }

    /// Reads all keys, and checks heads and window against the dimensions of the stage.
    public init?(from reader: inout TableReader, context: LayerContext) {
        let heads = reader.integer("heads", in: Limits.heads)
        let bias = reader.flags("bias", of: AttentionProjection.self, default: [])
        let window = reader.optionalInteger("window", in: 1...Limits.pixels)
        let fullAttentionLayers = reader.layerNumbers(
            "full-attention-layers",
            layers: context.layers,
            default: []
        )
        var headDim: Int?
        if let heads, let hidden = context.hidden {
            if hidden.isMultiple(of: heads) {
                headDim = hidden / heads
            } else {
                reader.report(
                    "the width \(hidden) of [\(context.stage)] is not a multiple of `heads` = \(heads)",
                    at: "heads"
                )
            }
        }
        if let headDim, !headDim.isMultiple(of: 4) {
            reader.report(
                "the width of a head must be a multiple of 4 for two-dimensional rotary positions, but is \(headDim)",
                at: "heads"
            )
        }
        if let window, let patch = context.patch, let merge = context.merge,
            !window.isMultiple(of: patch * merge)
        {
            reader.report(
                "`window` = \(window) is not a multiple of `patch` · `merge` = \(patch) · \(merge) = \(patch * merge)",
                at: "window"
            )
        }
        if !reader.has("window"), reader.has("full-attention-layers"), fullAttentionLayers != [] {
            reader.report(
                "`full-attention-layers` has no meaning without `window`: every layer sees the whole image",
                at: "full-attention-layers"
            )
        }
        let rope = reader.table("rope") { table in
            RotaryEmbedding(from: &table, allowed: [.grid], headDim: headDim)
        }
        guard let heads, let bias, let fullAttentionLayers, let rope, reader.isSound else { return nil }
        self.init(heads: heads, bias: bias, window: window, fullAttentionLayers: fullAttentionLayers, rope: rope)
    }

    /// Writes all keys.
    public func write(to writer: inout TableWriter) {
        writer.write("heads", heads)
        writer.writeFlags("bias", bias)
        if let window {
            writer.write("window", window)
            writer.write("full-attention-layers", fullAttentionLayers)
        }
        writer.writeTable("rope") { rope.write(to: &$0) }
    }
}
