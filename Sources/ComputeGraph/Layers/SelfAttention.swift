// The layer kind `self-attention` as operations.

import ModelDescriptions

extension SelfAttention: AttentionExpansion {
    /// The angles of the stated rotary embedding for heads of `headDim`.
    public func rotaryFrequencies(hidden: Int) -> RotaryFrequencies {
        RotaryFrequencies(rope, headDim: headDim)
    }

    /// Every layer sees whole sequences.
    public func segmentation(layer: Int) -> Segmentation { .sequences }

    /// Projections, optional head norms, rotation, the write to the cache, causal attention, and the projection back.
    public func attend(
        _ input: ValueID,
        inputs: AttentionInputs,
        hidden: Int,
        scope: WeightScope,
        in builder: inout BlockBuilder
    ) throws -> (rows: ValueID, cache: ValueID?) {
        func project(
            _ projection: AttentionProjection,
            _ tensor: String,
            heads: Int
        ) throws -> ValueID {
            let name = projection.rawValue
            let flat = try builder.appendLinear(
                input,
                shape: [heads * headDim, hidden],
                bias: bias.contains(projection),
                scope: scope.part(tensor, name),
                named: name
            )
            return try builder.append(.splitHeads(heads), [flat], named: "\(name)Heads")
        }
        func rotate(_ heads: ValueID, _ name: String, norm tensor: String) throws -> ValueID {
            var heads = heads
            if queryKeyNorm {
                heads = try inputs.norm.normalise(
                    heads,
                    width: headDim,
                    scope: scope.part(tensor, "\(name)-norm"),
                    in: &builder,
                    named: lowerCamelCase("normed-\(name)")
                )
            }
            return try builder.append(.rotate, [heads, inputs.rotaryTable], named: lowerCamelCase("rotated-\(name)"))
        }
        let queryHeads = try project(.query, "q_proj", heads: heads)
        let keyHeads = try project(.key, "k_proj", heads: kvHeads)
        let valueHeads = try project(.value, "v_proj", heads: kvHeads)
        let query = try rotate(queryHeads, "query", norm: "q_norm")
        let key = try rotate(keyHeads, "key", norm: "k_norm")

        let parameters = AttentionParameters(
            queryHeads: heads,
            kvHeads: kvHeads,
            headDim: headDim,
            scale: 1 / Double(headDim).squareRoot(),
            causal: true,
            cached: true
        )
        guard let cache = inputs.cache else {
            throw ShapeViolation(rule: "self-attention.1", "a decoder's attention needs a cache")
        }
        let extended = try builder.append(
            .appendToCache,
            [cache, key, valueHeads, inputs.segments],
            named: "extendedCache"
        )
        let scores = try builder.append(
            .attentionScores(parameters),
            [query, extended, inputs.segments],
            named: "scores"
        )
        let probabilities = try builder.append(.softmax, [scores], named: "probabilities")
        let attended = try builder.append(
            .attentionValues(parameters),
            [probabilities, extended, inputs.segments],
            named: "attendedHeads"
        )
        let merged = try builder.append(.mergeHeads, [attended], named: "attended")
        let output = try builder.appendLinear(
            merged,
            shape: [hidden, heads * headDim],
            bias: bias.contains(.output),
            scope: scope.part("o_proj", "output"),
            named: "attentionResult"
        )
        return (output, extended)
    }
}
