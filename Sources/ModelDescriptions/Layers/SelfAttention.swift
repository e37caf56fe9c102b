// The layer kind `self-attention`: the causal attention of a decoder.
// Not the attention of an image encoder: that is SegmentAttention.

/// Causal attention with fewer key and value heads than query heads.
///
/// *Math*: softmax(q · kᵀ / √headDim) · v over the positions up to the row's own.
/// *Shapes*: query `[heads · headDim, hidden]`; key, value `[kvHeads · headDim, hidden]`; output
/// `[hidden, heads · headDim]`.
/// *Source*: Ainslie et al. 2023 (grouped queries).
public struct SelfAttention: LayerParameters {
    /// The value of `kind`.
    public static let kind = "self-attention"
    /// The place in a model.
    public static let role = LayerRole.attention
    /// One sentence for help texts.
    public static let summary = "causal attention with grouped queries and rotary positions"

    /// The number of query heads.
    public var heads: Int
    /// The number of key and value heads; divides `heads`.
    public var kvHeads: Int
    /// The width of a head.
    public var headDim: Int
    /// The projections that add a learned vector.
    public var bias: Set<AttentionProjection>
    /// Whether each head of query and key passes through the norm of the stage, with a weight of its own.
    public var queryKeyNorm: Bool
    /// The rotary positions.
    public var rope: RotaryEmbedding

    /// An attention layer.
    public init(
        heads: Int,
        kvHeads: Int,
        headDim: Int,
        bias: Set<AttentionProjection> = [],
        queryKeyNorm: Bool = false,
        rope: RotaryEmbedding
    ) {
        self.heads = heads
        self.kvHeads = kvHeads
        self.headDim = headDim
        self.bias = bias
        self.queryKeyNorm = queryKeyNorm
        self.rope = rope
    }

    /// Reads all keys, and checks the heads against one another and against the width of the stage.
    public init?(from reader: inout TableReader, context: LayerContext) {
        let heads = reader.integer("heads", in: Limits.heads)
        let kvHeads = reader.integer("kv-heads", in: Limits.heads, default: heads)
        let statedHeadDim = reader.optionalInteger("head-dim", in: Limits.headDim)
        let bias = reader.flags("bias", of: AttentionProjection.self, default: [])
        let queryKeyNorm = reader.bool("qk-norm", default: false)
        var headDim = statedHeadDim
        if let heads, let kvHeads, !heads.isMultiple(of: kvHeads) {
            reader.report("`heads` = \(heads) is not a multiple of `kv-heads` = \(kvHeads)", at: "kv-heads")
        }
        if !reader.has("head-dim"), let heads, let hidden = context.hidden {
            if hidden.isMultiple(of: heads) {
                headDim = hidden / heads
            } else {
                reader.report(
                    "the width \(hidden) of [\(context.stage)] is not a multiple of `heads` = \(heads); "
                        + "state `head-dim`",
                    at: "heads"
                )
            }
        }
        var fittingHeadDim = headDim
        if let headDim, !headDim.isMultiple(of: 2) {
            reader.report("the width of a head must be even for rotary positions, but is \(headDim)", at: "head-dim")
            fittingHeadDim = nil
        }
        let rope = reader.table("rope") { table in
            RotaryEmbedding(from: &table, allowed: [.sequence, .multimodal], headDim: fittingHeadDim)
        }
        guard let heads, let kvHeads, let headDim, let bias, let queryKeyNorm, let rope else { return nil }
        self.init(
            heads: heads,
            kvHeads: kvHeads,
            headDim: headDim,
            bias: bias,
            queryKeyNorm: queryKeyNorm,
            rope: rope
        )
    }

    /// Writes all keys.
    public func write(to writer: inout TableWriter) {
        writer.write("heads", heads)
        writer.write("kv-heads", kvHeads)
        writer.write("head-dim", headDim)
        writer.writeFlags("bias", bias)
        writer.write("qk-norm", queryKeyNorm)
        writer.writeTable("rope") { rope.write(to: &$0) }
    }
}
