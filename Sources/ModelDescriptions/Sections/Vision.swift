// The table [vision]: the image encoder, a stack of equal pre-norm blocks over patches.
// Not how pixels become patches: that is [image]. The layers in it are one file each in Layers/.

extension ModelDescription {
    /// An image encoder: patch embedding, then blocks `x + attention(norm(x))`, `x + mlp(norm(x))`.
    public struct Vision: Sendable, Equatable {
        /// The number of blocks.
        public var layers: Int
        /// The width of a row.
        public var hidden: Int
        /// The side of a patch in pixels.
        public var patch: Int
        /// The number of frames in a patch; an image is repeated to fill them.
        public var temporalPatch: Int
        /// The number of colour channels.
        public var channels: Int
        /// The side, in patches, of the square that becomes one row of the decoder.
        public var merge: Int
        /// The prefix of the encoder's tensors in the checkpoint, without the full stop.
        public var weights: String
        /// Blocks after which features are also handed to the first decoder layers; named here, not covered yet.
        public var deepstackLayers: [Int]
        /// The norm before each attention and each feed-forward layer.
        public var norm: Layer
        /// What turns patches into rows.
        public var patches: Layer
        /// Learned positions added to the rows, if any.
        public var positions: Layer?
        /// The attention of each block.
        public var attention: Layer
        /// The feed-forward layer of each block.
        public var mlp: Layer

        /// An encoder with these dimensions and layers.
        public init(
            layers: Int,
            hidden: Int,
            patch: Int,
            temporalPatch: Int,
            channels: Int,
            merge: Int,
            weights: String,
            deepstackLayers: [Int] = [],
            norm: Layer,
            patches: Layer,
            positions: Layer? = nil,
            attention: Layer,
            mlp: Layer
        ) {
            self.layers = layers
            self.hidden = hidden
            self.patch = patch
            self.temporalPatch = temporalPatch
            self.channels = channels
            self.merge = merge
            self.weights = weights
            self.deepstackLayers = deepstackLayers
            self.norm = norm
            self.patches = patches
            self.positions = positions
            self.attention = attention
            self.mlp = mlp
        }
    }
}

extension ModelDescription.Vision {
    init?(from reader: inout TableReader) {
        let layers = reader.integer("layers", in: Limits.layers)
        let hidden = reader.integer("hidden", in: Limits.width)
        let patch = reader.integer("patch", in: Limits.patch)
        let temporalPatch = reader.integer("temporal-patch", in: Limits.temporalPatch, default: 1)
        let channels = reader.integer("channels", in: Limits.channels, default: 3)
        let merge = reader.integer("merge", in: Limits.merge, default: 1)
        let weights = reader.string("weights")
        let deepstackLayers = reader.layerNumbers("deepstack-layers", layers: layers, default: [])
        if let deepstackLayers, !deepstackLayers.isEmpty {
            reader.report(
                "`deepstack-layers` is known but not covered: this version cannot hand features of inner layers to "
                    + "the decoder",
                at: "deepstack-layers"
            )
        }
        let context = LayerContext(stage: .vision, hidden: hidden, layers: layers, patch: patch, merge: merge)
        let norm = reader.layer("norm", role: .norm, context: context)
        let patches = reader.layer("patches", role: .patchEmbedding, context: context)
        let positions = reader.optionalLayer("positions", role: .positionEmbedding, context: context)
        let attention = reader.layer("attention", role: .attention, context: context)
        let mlp = reader.layer("mlp", role: .feedForward, context: context)
        guard let layers, let hidden, let patch, let temporalPatch, let channels, let merge, let weights,
            let deepstackLayers, let norm, let patches, let attention, let mlp
        else { return nil }
        self.init(
            layers: layers,
            hidden: hidden,
            patch: patch,
            temporalPatch: temporalPatch,
            channels: channels,
            merge: merge,
            weights: weights,
            deepstackLayers: deepstackLayers,
            norm: norm,
            patches: patches,
            positions: positions,
            attention: attention,
            mlp: mlp
        )
    }

    func write(to writer: inout TableWriter) {
        writer.write("layers", layers)
        writer.write("hidden", hidden)
        writer.write("patch", patch)
        writer.write("temporal-patch", temporalPatch)
        writer.write("channels", channels)
        writer.write("merge", merge)
        writer.write("weights", weights)
        if !deepstackLayers.isEmpty { writer.write("deepstack-layers", deepstackLayers) }
        writer.write("norm", norm)
        writer.write("patches", patches)
        writer.write("positions", positions)
        writer.write("attention", attention)
        writer.write("mlp", mlp)
    }
}
