// Imports the image encoders of Qwen2-VL and Qwen2.5-VL with their patch merger.
// What the classes fix in code (norms, biases, the merger's GELU) is stated here, for it is in no configuration.

/// An image encoder and its bridge.
struct ImportedVision {
    var vision: ModelDescription.Vision
    var bridge: Layer
    /// The width of the rows that the bridge makes, and the field that states it; nil if it is left to the decoder.
    var outputWidth: (key: String, width: Int)?
}

enum QwenVision {
    /// The epsilon of every norm of both encoders, fixed in code.
    private static let epsilon = 1e-6

    /// What both encoders have.
    private struct Common {
        var layers: Int
        var heads: Int
        var patch: Int
        var temporalPatch: Int
        var channels: Int
        var merge: Int
        var rope: RotaryEmbedding
        var activation: Activation

        init?(_ config: ConfigReader, defaultActivation: String) {
            let layers = config.integer("depth", "num_hidden_layers", for: "vision.layers", default: 32)
            let heads = config.integer("num_heads", "num_attention_heads", for: "vision.attention.heads", default: 16)
            let patch = config.square("patch_size", for: "vision.patch", default: 14)
            let temporalPatch = config.square("temporal_patch_size", for: "vision.temporal-patch", default: 2)
            let channels = config.integer("in_channels", for: "vision.channels", default: 3)
            let merge = config.integer("spatial_merge_size", for: "vision.merge", default: 2)
            let activation = config.activation("hidden_act", for: "vision.mlp.activation", default: defaultActivation)
            let rope = Self.readRope(config)
            guard let layers, let heads, let patch, let temporalPatch, let channels, let merge, let activation, let rope
            else { return nil }
            self.layers = layers
            self.heads = heads
            self.patch = patch
            self.temporalPatch = temporalPatch
            self.channels = channels
            self.merge = merge
            self.rope = rope
            self.activation = activation
        }

        /// `rope_parameters`, which releases from 5 on write; the base was fixed in code before.
        private static func readRope(_ config: ConfigReader) -> RotaryEmbedding? {
            let keyPath = "vision.attention.rope.theta"
            guard config.has("rope_parameters") else { return RotaryEmbedding(positions: .grid, theta: 10000) }
            guard let rope = config.object("rope_parameters") else { return nil }
            let theta = rope.double("rope_theta", for: keyPath, default: 10000)
            let type = rope.string("rope_type", for: nil, default: "axial")
            if let type, type != "axial", type != "default" {
                rope.report("`rope_type` is \(TOMLText.string(type)), but must be \"axial\"", at: "rope_type")
                return nil
            }
            rope.finish(.rope)
            return theta.map { RotaryEmbedding(positions: .grid, theta: $0) }
        }
    }

    /// *Source*: transformers@5.23.0:models/qwen2_5_vl/modeling_qwen2_5_vl.py.
    static func readQwen25(_ config: ConfigReader) -> ImportedVision? {
        let common = Common(config, defaultActivation: "silu")
        let hidden = config.integer("hidden_size", for: "vision.hidden", default: 3584)
        let intermediate = config.integer("intermediate_size", for: "vision.mlp.intermediate", default: 3420)
        let window = config.integer("window_size", for: "vision.attention.window", default: 112)
        let fullLayers = config.integers(
            "fullatt_block_indexes",
            for: "vision.attention.full-attention-layers",
            default: [7, 15, 23, 31]
        )
        let output = config.integer("out_hidden_size", for: nil, default: 3584)
        config.finish(.anyConfig + .qwenVision)
        guard let common, let hidden, let intermediate, let window, let fullLayers, let output else { return nil }
        let norm = Layer(RMSNorm(epsilon: epsilon))
        let attention = SegmentAttention(
            heads: common.heads,
            bias: Set(AttentionProjection.allCases),
            window: window,
            fullAttentionLayers: fullLayers.sorted(),
            rope: common.rope
        )
        let mlp = GatedMLP(intermediate: intermediate, activation: common.activation, bias: true)
        return ImportedVision(
            vision: vision(common, hidden: hidden, norm: norm, attention: attention, mlp: Layer(mlp)),
            bridge: Layer(PatchMerger(norm: norm, activation: .gelu)),
            outputWidth: ("out_hidden_size", output)
        )
    }

    /// *Source*: transformers@5.23.0:models/qwen2_vl/modeling_qwen2_vl.py.
    static func readQwen2(_ config: ConfigReader) -> ImportedVision? {
        let common = Common(config, defaultActivation: "quick_gelu")
        let hidden = config.integer("embed_dim", for: "vision.hidden", default: 1280)
        let ratio = config.double("mlp_ratio", for: "vision.mlp.intermediate", default: 4)
        let output = config.integer("hidden_size", for: nil, default: 3584)
        config.finish(.anyConfig + .qwenVision)
        guard let common, let hidden, let ratio, let output else { return nil }
        let intermediate = (Double(hidden) * ratio).rounded(.towardZero)
        guard intermediate >= 1, intermediate <= Double(Limits.width.upperBound) else {
            config.report(
                "`mlp_ratio` times `embed_dim` is \(TOMLText.float(intermediate)), too far from any width",
                at: "mlp_ratio"
            )
            return nil
        }
        let norm = Layer(LayerNorm(epsilon: epsilon))
        let attention = SegmentAttention(
            heads: common.heads,
            bias: Set(AttentionProjection.allCases),
            rope: common.rope
        )
        let mlp = MLP(intermediate: Int(intermediate), activation: common.activation, bias: true)
        return ImportedVision(
            vision: vision(common, hidden: hidden, norm: norm, attention: attention, mlp: Layer(mlp)),
            bridge: Layer(PatchMerger(norm: norm, activation: .gelu)),
            outputWidth: ("hidden_size", output)
        )
    }

    private static func vision(
        _ common: Common,
        hidden: Int,
        norm: Layer,
        attention: SegmentAttention,
        mlp: Layer
    ) -> ModelDescription.Vision {
        ModelDescription.Vision(
            layers: common.layers,
            hidden: hidden,
            patch: common.patch,
            temporalPatch: common.temporalPatch,
            channels: common.channels,
            merge: common.merge,
            weights: "visual",
            norm: norm,
            patches: Layer(PatchProjection(bias: false)),
            attention: Layer(attention),
            mlp: mlp
        )
    }
}
