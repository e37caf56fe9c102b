// Imports decoders of the family `llama`, SmolLM2 among them.
// *Source*: transformers@5.23.0:models/llama/configuration_llama.py and modeling_llama.py.

extension ModelFamily {
    static let llama = ModelFamily(modelTypes: ["llama"], name: "Llama") { config in
        let layers = config.integer("num_hidden_layers", for: "decoder.layers", default: 32)
        let hidden = config.integer("hidden_size", for: "decoder.hidden", default: 4096)
        let vocab = config.integer("vocab_size", for: "decoder.vocab", default: 32000)
        let context = config.integer("max_position_embeddings", for: "decoder.context", default: 2048)
        let epsilon = config.double("rms_norm_eps", for: "decoder.norm.epsilon", default: 1e-6)
        let tied = config.boolean("tie_word_embeddings", for: "decoder.tied-embeddings", default: false)
        let heads = config.integer("num_attention_heads", for: "decoder.attention.heads", default: 32)
        let kvHeads = config.integer("num_key_value_heads", for: "decoder.attention.kv-heads", default: heads)
        let derivedHeadDim = hidden.flatMap { hidden in heads.flatMap { $0 > 0 ? hidden / $0 : nil } }
        let headDim = config.integer("head_dim", for: "decoder.attention.head-dim", default: derivedHeadDim)
        let attentionBias = config.boolean("attention_bias", for: "decoder.attention.bias", default: false)
        let intermediate = config.integer("intermediate_size", for: "decoder.mlp.intermediate", default: 11008)
        let activation = config.activation("hidden_act", for: "decoder.mlp.activation", default: "silu")
        let mlpBias = config.boolean("mlp_bias", for: "decoder.mlp.bias", default: false)
        let rope = RotaryImport(
            keyPath: "decoder.attention.rope",
            defaultTheta: 10000,
            context: context,
            sections: nil
        ).read(config)
        let elementType = config.elementType(outer: config)
        let endOfText = config.tokens("eos_token_id")
        let padding = config.token("pad_token_id", default: nil)
        config.finish(.anyConfig + .llama)
        guard let layers, let hidden, let vocab, let context, let epsilon, let tied, let heads, let kvHeads,
            let headDim, let attentionBias, let intermediate, let activation, let mlpBias, let rope, let elementType
        else { return nil }
        let attention = SelfAttention(
            heads: heads,
            kvHeads: kvHeads,
            headDim: headDim,
            bias: attentionBias ? Set(AttentionProjection.allCases) : [],
            rope: rope
        )
        return ImportedStages(
            checkpoint: ModelDescription.Checkpoint(
                elementType: elementType,
                tied: tied ? ["lm_head.weight": "model.embed_tokens.weight"] : [:],
                unused: ["*.rotary_emb.inv_freq"]
            ),
            decoder: ModelDescription.Decoder(
                layers: layers,
                hidden: hidden,
                vocab: vocab,
                context: context,
                tiedEmbeddings: tied,
                weights: "model",
                head: tied ? nil : "lm_head",
                norm: Layer(RMSNorm(epsilon: epsilon)),
                attention: Layer(attention),
                mlp: Layer(GatedMLP(intermediate: intermediate, activation: activation, bias: mlpBias))
            ),
            endOfText: endOfText,
            padding: padding
        )
    }
}
