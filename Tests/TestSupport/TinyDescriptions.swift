// Models small enough to compute by the reference interpreter in milliseconds, put together in code.
// They cover every layer kind and its variants; the ones of models/ cover the families as they are published.

import ModelDescriptions
import TensorTypes

/// Small models.
public enum TinyDescriptions {
    /// Every one, by name.
    public static let all: [ModelDescription] = [text, windowed, unwindowed, interleaved]

    /// Text only: RMS norm, grouped queries, gated feed-forward, tied embeddings, as in SmolLM2.
    public static let text = description("tiny-text", decoder: decoder(), vision: nil)

    /// Windows in all layers but one, sectioned multimodal positions, biases, as in Qwen2.5-VL.
    public static let windowed = description(
        "tiny-windowed",
        decoder: decoder(
            bias: [.query, .key, .value],
            rope: RotaryEmbedding(positions: .multimodal(sections: [1, 2, 1], layout: .sectioned), theta: 1e4)
        ),
        vision: vision(
            norm: Layer(RMSNorm(epsilon: 1e-6)),
            attention: segmentAttention(window: 16, fullAttentionLayers: [1]),
            mlp: Layer(GatedMLP(intermediate: 20, activation: .silu, bias: true))
        ),
        mergerNorm: Layer(RMSNorm(epsilon: 1e-6))
    )

    /// No windows, layer norms, plain feed-forward, as in Qwen2-VL.
    public static let unwindowed = description(
        "tiny-unwindowed",
        decoder: decoder(
            heads: 2,
            kvHeads: 2,
            head: "lm_head",
            rope: RotaryEmbedding(positions: .multimodal(sections: [2, 1, 1], layout: .sectioned), theta: 1e4)
        ),
        vision: vision(
            norm: Layer(LayerNorm(epsilon: 1e-6)),
            attention: segmentAttention(),
            mlp: Layer(MLP(intermediate: 20, activation: .quickGELU))
        ),
        mergerNorm: Layer(LayerNorm(epsilon: 1e-6))
    )

    /// Head norms, interleaved positions stretched by YaRN, layer norms without shift, biases everywhere.
    public static let interleaved = description(
        "tiny-interleaved",
        decoder: decoder(
            heads: 3,
            kvHeads: 1,
            bias: Set(AttentionProjection.allCases),
            queryKeyNorm: true,
            head: "lm_head",
            norm: Layer(LayerNorm(epsilon: 1e-5, bias: false)),
            mlp: Layer(MLP(intermediate: 20, activation: .geluTanh)),
            rope: RotaryEmbedding(
                positions: .multimodal(sections: [2, 1, 1], layout: .interleaved),
                theta: 1e4,
                scaling: .yarn(
                    RotaryScaling.YaRN(
                        factor: 4,
                        originalContext: 32,
                        betaFast: 32,
                        betaSlow: 1,
                        attentionFactor: 1.25,
                        truncate: true
                    )
                )
            )
        ),
        vision: vision(
            norm: Layer(LayerNorm(epsilon: 1e-6, bias: false)),
            attention: segmentAttention(bias: [.output], window: 8),
            mlp: Layer(MLP(intermediate: 20, activation: .gelu, bias: false))
        ),
        mergerNorm: Layer(LayerNorm(epsilon: 1e-6))
    )

    /// A decoder of two layers.
    public static func decoder(
        layers: Int = 2,
        hidden: Int = 24,
        heads: Int = 4,
        kvHeads: Int = 2,
        headDim: Int = 8,
        bias: Set<AttentionProjection> = [],
        queryKeyNorm: Bool = false,
        head: String? = nil,
        norm: Layer = Layer(RMSNorm(epsilon: 1e-5)),
        mlp: Layer = Layer(GatedMLP(intermediate: 20, activation: .silu)),
        rope: RotaryEmbedding = RotaryEmbedding(positions: .sequence, theta: 1e4)
    ) -> ModelDescription.Decoder {
        ModelDescription.Decoder(
            layers: layers,
            hidden: hidden,
            vocab: 29,
            context: 128,
            tiedEmbeddings: head == nil,
            weights: "model",
            head: head,
            norm: norm,
            attention: Layer(
                SelfAttention(
                    heads: heads,
                    kvHeads: kvHeads,
                    headDim: headDim,
                    bias: bias,
                    queryKeyNorm: queryKeyNorm,
                    rope: rope
                )
            ),
            mlp: mlp
        )
    }

    /// An encoder of three layers over patches of 4 x 4 pixels, four of which become one row.
    public static func vision(norm: Layer, attention: Layer, mlp: Layer) -> ModelDescription.Vision {
        ModelDescription.Vision(
            layers: 3,
            hidden: 16,
            patch: 4,
            temporalPatch: 2,
            channels: 3,
            merge: 2,
            weights: "visual",
            norm: norm,
            patches: Layer(PatchProjection(bias: false)),
            attention: attention,
            mlp: mlp
        )
    }

    private static func segmentAttention(
        bias: Set<AttentionProjection> = Set(AttentionProjection.allCases),
        window: Int? = nil,
        fullAttentionLayers: [Int] = []
    ) -> Layer {
        Layer(
            SegmentAttention(
                heads: 2,
                bias: bias,
                window: window,
                fullAttentionLayers: fullAttentionLayers,
                rope: RotaryEmbedding(positions: .grid, theta: 1e4)
            )
        )
    }

    /// A complete description around a decoder, and an encoder if there is one.
    public static func description(
        _ name: String,
        decoder: ModelDescription.Decoder,
        vision: ModelDescription.Vision?,
        mergerNorm: Layer? = nil
    ) -> ModelDescription {
        ModelDescription(
            name: name,
            checkpoint: ModelDescription.Checkpoint(elementType: .f32),
            vision: vision,
            bridge: mergerNorm.map { Layer(PatchMerger(norm: $0, activation: .gelu)) },
            decoder: decoder,
            tokenizer: ModelDescription.Tokenizer(endOfText: ["<|end|>"]),
            chat: ModelDescription.Chat(format: .plain),
            generation: ModelDescription.Generation(),
            quantization: ModelDescription.Quantization(weights: WeightFormat.all[0])
        )
    }
}
