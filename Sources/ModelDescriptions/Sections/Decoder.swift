// The table [decoder]: the language model, a stack of equal pre-norm blocks over tokens.
// Not how text becomes tokens: that is [tokenizer]. The layers in it are one file each in Layers/.

extension ModelDescription {
    /// A language model: embedding, then blocks `x + attention(norm(x))`, `x + mlp(norm(x))`, a last norm and a head.
    public struct Decoder: Sendable, Equatable {
        /// The number of blocks.
        public var layers: Int
        /// The width of a row.
        public var hidden: Int
        /// The number of rows of the embedding, which may exceed the tokenizer's vocabulary.
        public var vocab: Int
        /// The most positions that the model was made for.
        public var context: Int
        /// Whether the embedding is also the head.
        public var tiedEmbeddings: Bool
        /// The prefix of the decoder's tensors in the checkpoint, without the full stop.
        public var weights: String
        /// The prefix of the head's tensor in the checkpoint; nil exactly if `tiedEmbeddings`.
        public var head: String?
        /// The norm before each attention, each feed-forward layer and the head.
        public var norm: Layer
        /// The attention of each block.
        public var attention: Layer
        /// The feed-forward layer of each block.
        public var mlp: Layer

        /// A decoder with these dimensions and layers.
        public init(
            layers: Int,
            hidden: Int,
            vocab: Int,
            context: Int,
            tiedEmbeddings: Bool,
            weights: String,
            head: String?,
            norm: Layer,
            attention: Layer,
            mlp: Layer
        ) {
            self.layers = layers
            self.hidden = hidden
            self.vocab = vocab
            self.context = context
            self.tiedEmbeddings = tiedEmbeddings
            self.weights = weights
            self.head = head
            self.norm = norm
            self.attention = attention
            self.mlp = mlp
        }
    }
}

extension ModelDescription.Decoder {
    /// The prefix of the head in checkpoints of most families.
    private static let usualHead = "lm_head"

    init?(from reader: inout TableReader) {
        let layers = reader.integer("layers", in: Limits.layers)
        let hidden = reader.integer("hidden", in: Limits.width)
        let vocab = reader.integer("vocab", in: Limits.vocab)
        let context = reader.integer("context", in: Limits.context)
        let tiedEmbeddings = reader.bool("tied-embeddings", default: false)
        let weights = reader.string("weights")
        let statedHead = reader.optionalString("head")
        if tiedEmbeddings == true, reader.has("head") {
            reader.report(
                "`head` contradicts `tied-embeddings` = true: the embedding is the head",
                at: "head"
            )
        }
        let layerContext = LayerContext(stage: .decoder, hidden: hidden, layers: layers)
        let norm = reader.layer("norm", role: .norm, context: layerContext)
        let attention = reader.layer("attention", role: .attention, context: layerContext)
        let mlp = reader.layer("mlp", role: .feedForward, context: layerContext)
        guard let layers, let hidden, let vocab, let context, let tiedEmbeddings, let weights, let norm,
            let attention, let mlp
        else { return nil }
        self.init(
            layers: layers,
            hidden: hidden,
            vocab: vocab,
            context: context,
            tiedEmbeddings: tiedEmbeddings,
            weights: weights,
            head: tiedEmbeddings ? nil : statedHead ?? Self.usualHead,
            norm: norm,
            attention: attention,
            mlp: mlp
        )
    }

    func write(to writer: inout TableWriter) {
        writer.write("layers", layers)
        writer.write("hidden", hidden)
        writer.write("vocab", vocab)
        writer.write("context", context)
        writer.write("tied-embeddings", tiedEmbeddings)
        writer.write("weights", weights)
        writer.write("head", head)
        writer.write("norm", norm)
        writer.write("attention", attention)
        writer.write("mlp", mlp)
    }
}
