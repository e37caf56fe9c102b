// The image encoder and the bridge as blocks: `vision.layer` and the entry `encode-images`.
// Not how images become patches, nor the order of windows: the runtime prepares both (InputProcessing, VisionLayout).

import ModelDescriptions

struct VisionExpansion {
    let description: ModelDescription
    let vision: ModelDescription.Vision
    let bridge: Layer

    private var rows: Dimension { .symbolic(.patches) }
    private var square: Int { vision.merge * vision.merge }
    private var patchWidth: Int { vision.channels * vision.temporalPatch * vision.patch * vision.patch }

    private func attention() throws -> any AttentionExpansion {
        try expansion(of: vision.attention, as: (any AttentionExpansion).self)
    }

    private func scope(_ checkpoint: String, _ local: String) -> WeightScope {
        WeightScope(checkpointPrefix: "\(vision.weights).\(checkpoint)", localPrefix: local, tensorClass: .vision)
    }

    /// One layer: `x + attention(norm1(x))`, then `x + mlp(norm2(x))`.
    func layerBlock() throws -> Block {
        let attention = try attention()
        let norm = try expansion(of: vision.norm, as: (any NormExpansion).self)
        let mlp = try expansion(of: vision.mlp, as: (any FeedForwardExpansion).self)
        var builder = BlockBuilder(
            name: GraphExpansion.visionLayer,
            role: .layer(count: vision.layers),
            keyPath: "vision.norm"
        )
        let x = builder.parameter("rows", .tensor(.real(rows, .constant(vision.hidden))))
        let angles = 2 * attention.rotaryFrequencies(hidden: vision.hidden).count
        let table = builder.parameter("rotaryTable", .tensor(.real(rows, .constant(angles))))
        let segments = builder.parameter("segments", .segments(of: rows, longest: rows))

        let normed = try norm.normalise(
            x,
            width: vision.hidden,
            scope: scope("blocks.{layer}.norm1", "attention-norm"),
            in: &builder,
            named: "attentionInput"
        )
        builder.keyPath = "vision.attention"
        let inputs = AttentionInputs(rotaryTable: table, segments: segments, cache: nil, norm: norm)
        let attended = try attention.attend(
            normed,
            inputs: inputs,
            hidden: vision.hidden,
            scope: scope("blocks.{layer}.attn", "attention"),
            in: &builder
        )
        let middle = try builder.append(.add, [x, attended.rows], named: "rowsAfterAttention")
        builder.keyPath = "vision.norm"
        let normedMiddle = try norm.normalise(
            middle,
            width: vision.hidden,
            scope: scope("blocks.{layer}.norm2", "mlp-norm"),
            in: &builder,
            named: "mlpInput"
        )
        builder.keyPath = "vision.mlp"
        let transformed = try mlp.transform(
            normedMiddle,
            hidden: vision.hidden,
            scope: scope("blocks.{layer}.mlp", "mlp"),
            in: &builder
        )
        let result = try builder.append(.add, [middle, transformed], named: "rowsAfterMLP")
        return builder.build(results: [result])
    }

    /// Patches of a batch of images to features for the decoder.
    ///
    /// Where some layers look at windows, squares of patches are put into window order first and features back into
    /// the order of the images at last; positions are given in the order in which rows are processed.
    func entryBlock() throws -> Block {
        let attention = try attention()
        let segmentations = (0..<vision.layers).map(attention.segmentation(layer:))
        let windows = Set(segmentations).subtracting([.images])
        let window = windows.compactMap { if case .windows(let pixels) = $0 { pixels } else { nil } }.first
        guard windows.count <= 1, windows.isEmpty || window != nil else {
            throw ShapeViolation(rule: "vision.1", "layers of the encoder see \(windows.count) kinds of windows")
        }

        var builder = BlockBuilder(name: GraphExpansion.encodeImages, role: .entry, keyPath: "vision.patches")
        let patches = builder.parameter("patches", .tensor(.real(rows, .constant(patchWidth))))
        let positions = builder.parameter("positions", .tensor(.index(2, rows)))
        let full = segmentations.indices.filter { segmentations[$0] == .images }
        let images = full.isEmpty ? nil : builder.parameter("imageSegments", .segments(of: rows, longest: rows))
        let embedding = try expansion(of: vision.patches, as: (any PatchEmbeddingExpansion).self)
        var x = try embedding.embed(patches, vision: vision, scope: scope("patch_embed", "patches"), in: &builder)

        builder.keyPath = "vision.attention.rope"
        let table = try builder.append(
            .rotaryTable(attention.rotaryFrequencies(hidden: vision.hidden)),
            [positions],
            named: "rotaryTable"
        )

        var segments = [images].compactMap(\.self)
        var segmentBinding = LayerLoop.Binding.operand(2)
        var originalOrder: ValueID?
        if let window {
            builder.keyPath = "vision.attention.window"
            let side = window / vision.patch
            let windowSegments = builder.parameter(
                "windowSegments",
                .segments(of: rows, longest: .constant(side * side))
            )
            let order = builder.parameter("windowOrder", .tensor(.index(rows / square)))
            originalOrder = builder.parameter("originalOrder", .tensor(.index(rows / square)))
            x = try builder.append(.gatherRows(group: square), [x, order], named: "windowedPatches")
            segments.insert(windowSegments, at: 0)
            if images != nil { segmentBinding = .selected(layers: full, operand: 3, otherwise: 2) }
        }
        builder.keyPath = "vision"
        let loop = LayerLoop(
            block: GraphExpansion.visionLayer,
            count: vision.layers,
            bindings: [.operand(0), .operand(1), segmentBinding]
        )
        x = try builder.append(.layers(loop), [x, table] + segments, named: "encodedPatches")

        builder.keyPath = "bridge"
        let merger = WeightScope(
            checkpointPrefix: "\(vision.weights).merger",
            localPrefix: "bridge",
            tensorClass: .bridge
        )
        var features = try expansion(of: bridge, as: (any BridgeExpansion).self).bridge(
            x,
            vision: vision,
            outputs: description.decoder.hidden,
            scope: merger,
            in: &builder
        )
        if let originalOrder {
            features = try builder.append(
                .gatherRows(group: 1),
                [features, originalOrder],
                named: "orderedFeatures"
            )
        }
        return builder.build(results: [features])
    }
}
