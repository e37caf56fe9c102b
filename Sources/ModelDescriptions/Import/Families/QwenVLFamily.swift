// Imports Qwen2-VL and Qwen2.5-VL: one decoder, two image encoders (QwenVision.swift).
// *Source*: transformers@5.23.0:models/qwen2_vl, models/qwen2_5_vl: configuration_*.py and modeling_*.py.

extension ModelFamily {
    static let qwen2VL = ModelFamily(modelTypes: ["qwen2_vl"], name: "Qwen2-VL") { config in
        readQwenVL(config, textType: "qwen2_vl_text", vision: QwenVision.readQwen2)
    }

    static let qwen25VL = ModelFamily(modelTypes: ["qwen2_5_vl"], name: "Qwen2.5-VL") { config in
        readQwenVL(config, textType: "qwen2_5_vl_text", vision: QwenVision.readQwen25)
    }

    /// The fields of the language model, which stand in `text_config` or, as first published, at the top.
    private static let textFields: Set<String> = [
        "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
        "hidden_act", "max_position_embeddings", "rms_norm_eps", "vocab_size", "rope_theta", "rope_scaling",
        "rope_parameters", "layer_types", "use_sliding_window",
    ]

    private static func readQwenVL(
        _ config: ConfigReader,
        textType: String,
        vision readVision: (ConfigReader) -> ImportedVision?
    ) -> ImportedStages? {
        let text = config.object("text_config") ?? config
        let isNested = config.has("text_config")
        let elementType = text.elementType(outer: config)
        let tied = readTied(config, text)
        let decoder = tied.flatMap { readDecoder(text, tied: $0) }
        let visionConfig = config.object("vision_config")
        let vision: ImportedVision?
        if let visionConfig {
            vision = readVision(visionConfig)
        } else {
            if !config.has("vision_config") { config.report("`vision_config` is missing", at: "vision_config") }
            vision = nil
        }
        let imageToken = config.token("image_token_id", default: 151655)
        let videoToken = config.token("video_token_id", default: 151656)
        let endOfText = text.tokens("eos_token_id")
        let padding = text.token("pad_token_id", default: nil)
        if isNested {
            text.finish(.anyConfig + .qwenRoot)
            config.supersede(textFields, by: text, named: "text_config")
        }
        config.finish(.anyConfig + .qwenRoot)
        guard let elementType, let decoder, let vision, let imageToken, let videoToken else { return nil }
        if let output = vision.outputWidth, output.width != decoder.hidden {
            visionConfig?.report(
                "the encoder hands on rows of width \(output.width), but the decoder has width \(decoder.hidden)",
                at: output.key
            )
            return nil
        }
        return ImportedStages(
            checkpoint: ModelDescription.Checkpoint(
                elementType: elementType,
                renamed: ["model.language_model.": "model.", "model.visual.": "visual."],
                tied: decoder.tiedEmbeddings ? ["lm_head.weight": "model.embed_tokens.weight"] : [:]
            ),
            vision: vision.vision,
            bridge: vision.bridge,
            decoder: decoder,
            imageToken: imageToken,
            videoToken: videoToken,
            endOfText: endOfText,
            padding: padding
        )
    }

    /// True in either place counts: releases before 5 wrote it into the text configuration only.
    private static func readTied(_ config: ConfigReader, _ text: ConfigReader) -> Bool? {
        let key = "tie_word_embeddings"
        if config !== text, text.has(key), text.boolean(key, for: "decoder.tied-embeddings", default: false) == true {
            _ = config.value(key)
            return true
        }
        return config.boolean(key, for: "decoder.tied-embeddings", default: false)
    }

    private static func readDecoder(_ text: ConfigReader, tied: Bool) -> ModelDescription.Decoder? {
        let layers = text.integer("num_hidden_layers", for: "decoder.layers", default: 80)
        let hidden = text.integer("hidden_size", for: "decoder.hidden", default: 8192)
        let vocab = text.integer("vocab_size", for: "decoder.vocab", default: 152064)
        let context = text.integer("max_position_embeddings", for: "decoder.context", default: 32768)
        let epsilon = text.double("rms_norm_eps", for: "decoder.norm.epsilon", default: 1e-5)
        let heads = text.integer("num_attention_heads", for: "decoder.attention.heads", default: 64)
        // Null means as many as query heads; only a field that is absent has the class default.
        let defaultKVHeads = text.isNull("num_key_value_heads") ? heads : 8
        let kvHeads = text.integer("num_key_value_heads", for: "decoder.attention.kv-heads", default: defaultKVHeads)
        let intermediate = text.integer("intermediate_size", for: "decoder.mlp.intermediate", default: 29568)
        let activation = text.activation("hidden_act", for: "decoder.mlp.activation", default: "silu")
        let rope = RotaryImport(
            keyPath: "decoder.attention.rope",
            defaultTheta: 1e6,
            context: context,
            sections: [16, 24, 24]
        ).read(text)
        text.checkLayerTypes(layers: layers)
        guard let layers, let hidden, let vocab, let context, let epsilon, let heads, let kvHeads, let intermediate,
            let activation, let rope
        else { return nil }
        guard heads > 0, hidden.isMultiple(of: heads) else {
            text.report(
                "`hidden_size` = \(hidden) is not a multiple of `num_attention_heads` = \(heads)",
                at: "hidden_size"
            )
            return nil
        }
        // The classes derive it; only the rotary positions would follow another value.
        if let headDim = text.optional("head_dim", for: nil, expected: "an integer", { $0.integer }),
            headDim != hidden / heads
        {
            text.report(
                "`head_dim` is \(headDim), but must be `hidden_size` / `num_attention_heads` = \(hidden / heads)",
                at: "head_dim"
            )
            return nil
        }
        let attention = SelfAttention(
            heads: heads,
            kvHeads: kvHeads,
            headDim: hidden / heads,
            bias: [.query, .key, .value],
            rope: rope
        )
        return ModelDescription.Decoder(
            layers: layers,
            hidden: hidden,
            vocab: vocab,
            context: context,
            tiedEmbeddings: tied,
            weights: "model",
            head: tied ? nil : "lm_head",
            norm: Layer(RMSNorm(epsilon: epsilon)),
            attention: Layer(attention),
            mlp: Layer(GatedMLP(intermediate: intermediate, activation: activation))
        )
    }
}
