// The language model as blocks: `decoder.layer` and the entry `step`.
// `step` serves prefill, chunked prefill, decoding and any mixture: a batch is rows of many sequences.

import ModelDescriptions

struct DecoderExpansion {
    let description: ModelDescription
    let decoder: ModelDescription.Decoder

    private let rows = Dimension.symbolic(.rows)

    private func attention() throws -> any AttentionExpansion {
        try expansion(of: decoder.attention, as: (any AttentionExpansion).self)
    }

    private func norm() throws -> any NormExpansion {
        try expansion(of: decoder.norm, as: (any NormExpansion).self)
    }

    private func scope(
        _ checkpoint: String,
        _ local: String,
        _ tensorClass: ModelDescription.Quantization.TensorClass
    ) -> WeightScope {
        WeightScope(
            checkpointPrefix: "\(decoder.weights).\(checkpoint)",
            localPrefix: local,
            tensorClass: tensorClass
        )
    }

    /// One layer: `x + attention(norm(x))`, then `x + mlp(norm(x))`.
    func layerBlock() throws -> Block {
        let (attention, norm) = (try attention(), try norm())
        let mlp = try expansion(of: decoder.mlp, as: (any FeedForwardExpansion).self)
        var builder = BlockBuilder(
            name: GraphExpansion.decoderLayer,
            role: .layer(count: decoder.layers),
            keyPath: "decoder.norm"
        )
        let x = builder.parameter("rows", .tensor(.real(rows, .constant(decoder.hidden))))
        let angles = 2 * attention.rotaryFrequencies(hidden: decoder.hidden).count
        let table = builder.parameter("rotaryTable", .tensor(.real(rows, .constant(angles))))
        let segments = builder.parameter("sequences", .segments(of: rows, longest: .symbolic(.context)))
        let cache = builder.parameter("cache", .cache)

        let normed = try norm.normalise(
            x,
            width: decoder.hidden,
            scope: scope("layers.{layer}.input_layernorm", "attention-norm", .attention),
            in: &builder,
            named: "attentionInput"
        )
        builder.keyPath = "decoder.attention"
        let inputs = AttentionInputs(rotaryTable: table, segments: segments, cache: cache, norm: norm)
        let attended = try attention.attend(
            normed,
            inputs: inputs,
            hidden: decoder.hidden,
            scope: scope("layers.{layer}.self_attn", "attention", .attention),
            in: &builder
        )
        let middle = try builder.append(.add, [x, attended.rows], named: "rowsAfterAttention")
        builder.keyPath = "decoder.norm"
        let normedMiddle = try norm.normalise(
            middle,
            width: decoder.hidden,
            scope: scope("layers.{layer}.post_attention_layernorm", "mlp-norm", .mlp),
            in: &builder,
            named: "mlpInput"
        )
        builder.keyPath = "decoder.mlp"
        let transformed = try mlp.transform(
            normedMiddle,
            hidden: decoder.hidden,
            scope: scope("layers.{layer}.mlp", "mlp", .mlp),
            in: &builder
        )
        let result = try builder.append(.add, [middle, transformed], named: "rowsAfterMLP")
        return builder.build(results: [result] + [attended.cache].compactMap(\.self))
    }

    /// Tokens of a batch to logits of the rows that are wanted.
    func entryBlock() throws -> Block {
        let (attention, norm) = (try attention(), try norm())
        let frequencies = attention.rotaryFrequencies(hidden: decoder.hidden)
        var builder = BlockBuilder(name: GraphExpansion.step, role: .entry, keyPath: "decoder")
        let tokens = builder.parameter("tokens", .tensor(.index(rows)))
        let positions = builder.parameter(
            "positions",
            .tensor(.index(.constant(frequencies.axisCount), rows))
        )
        let segments = builder.parameter("sequences", .segments(of: rows, longest: .symbolic(.context)))
        let cache = builder.parameter("cache", .cache)

        let embedding = scope("embed_tokens", "embedding", .embeddings).matrix(decoder.vocab, decoder.hidden)
        let table = builder.weight(embedding)
        var x = try builder.append(.embedding, [table, tokens], named: "embeddedTokens")
        if description.vision != nil {
            builder.keyPath = "bridge"
            let imageRows = Dimension.symbolic(.imageRows)
            let features = builder.parameter(
                "imageFeatures",
                .tensor(.real(imageRows, .constant(decoder.hidden)))
            )
            let places = builder.parameter("imageRows", .tensor(.index(imageRows)))
            x = try builder.append(.scatterRows, [x, features, places], named: "embeddedRows")
        }
        builder.keyPath = "decoder.attention.rope"
        let angles = try builder.append(.rotaryTable(frequencies), [positions], named: "rotaryTable")

        builder.keyPath = "decoder"
        let loop = LayerLoop(
            block: GraphExpansion.decoderLayer,
            count: decoder.layers,
            bindings: [.operand(0), .operand(1), .operand(2), .operand(3)]
        )
        let results = try builder.append(
            .layers(loop),
            [x, angles, segments, cache],
            named: ["decodedRows", "extendedCache"]
        )

        let wanted = builder.parameter("logitRows", .tensor(.index(.symbolic(.logitRows))))
        let last = try builder.append(.gatherRows(group: 1), [results[0], wanted], named: "lastRows")
        builder.keyPath = "decoder.norm"
        let normed = try norm.normalise(
            last,
            width: decoder.hidden,
            scope: scope("norm", "norm", .head),
            in: &builder,
            named: "normedRows"
        )
        builder.keyPath = decoder.tiedEmbeddings ? "decoder.tied-embeddings" : "decoder.head"
        let head: ValueID
        if let prefix = decoder.head {
            let scope = WeightScope(checkpointPrefix: prefix, localPrefix: "head", tensorClass: .head)
            head = builder.weight(scope.matrix(decoder.vocab, decoder.hidden))
        } else {
            head = table
        }
        let logits = try builder.append(.linear(bias: false), [normed, head], named: "logits")
        return builder.build(results: [logits])
    }
}
