// The layer kind `segment-attention` as operations.

import ModelDescriptions

extension SegmentAttention: AttentionExpansion {
    /// The angles of the stated rotary embedding for heads of `hidden / heads`.
    public func rotaryFrequencies(hidden: Int) -> RotaryFrequencies {
        RotaryFrequencies(rope, headDim: hidden / heads)
    }

    /// Windows, except in the layers that see whole images.
    public func segmentation(layer: Int) -> Segmentation {
        if let window, isWindowed(layer: layer) { .windows(pixels: window) } else { .images }
    }

    /// One projection to queries, keys and values, rotation, attention within segments, and the projection back.
    public func attend(
        _ input: ValueID,
        inputs: AttentionInputs,
        hidden: Int,
        scope: WeightScope,
        in builder: inout BlockBuilder
    ) throws -> (rows: ValueID, cache: ValueID?) {
        let headDim = hidden / heads
        let merged = try builder.appendLinear(
            input,
            shape: [3 * hidden, hidden],
            bias: !bias.isDisjoint(with: [.query, .key, .value]),
            scope: scope.part("qkv", "query-key-value"),
            named: "queryKeyValue"
        )
        var parts: [ValueID] = []
        for (index, name) in ["query", "key", "value"].enumerated() {
            let columns = try builder.append(
                .columns(from: index * hidden, count: hidden),
                [merged],
                named: name
            )
            parts.append(try builder.append(.splitHeads(heads), [columns], named: "\(name)Heads"))
        }
        let query = try builder.append(.rotate, [parts[0], inputs.rotaryTable], named: "rotatedQuery")
        let key = try builder.append(.rotate, [parts[1], inputs.rotaryTable], named: "rotatedKey")
        let parameters = AttentionParameters(
            queryHeads: heads,
            kvHeads: heads,
            headDim: headDim,
            scale: 1 / Double(headDim).squareRoot(),
            causal: false,
            cached: false
        )
        let scores = try builder.append(.attentionScores(parameters), [query, key, inputs.segments], named: "scores")
        let probabilities = try builder.append(.softmax, [scores], named: "probabilities")
        let attended = try builder.append(
            .attentionValues(parameters),
            [probabilities, parts[2], inputs.segments],
            named: "attendedHeads"
        )
        let flat = try builder.append(.mergeHeads, [attended], named: "attended")
        let output = try builder.appendLinear(
            flat,
            shape: [hidden, hidden],
            bias: bias.contains(.output),
            scope: scope.part("proj", "output"),
            named: "attentionResult"
        )
        return (output, nil)
    }
}
