// The table [quantization]: the format in which each class of weights is kept.
// Not the layout of a format (TensorTypes/Formats). What the formats cost and keep: docs/quantization.md.

import TensorTypes

extension ModelDescription {
    /// The formats of the weights, by class of tensor.
    public struct Quantization: Sendable, Equatable {
        /// A class of tensors that share a format.
        public enum TensorClass: String, Sendable, Hashable, CaseIterable {
            /// All matrices of the image encoder.
            case vision
            /// The matrices of the bridge.
            case bridge
            /// The token embedding.
            case embeddings
            /// Query, key, value and output projections of the decoder.
            case attention
            /// The feed-forward matrices of the decoder.
            case mlp
            /// The matrix that makes logits.
            case head
        }

        /// The format of each class that `exceptions` does not name, but see `standardFormat(of:)`.
        public var weights: WeightFormat
        /// Classes with a format of their own.
        public var exceptions: [TensorClass: WeightFormat]

        /// One format for everything but the exceptions.
        public init(weights: WeightFormat, exceptions: [TensorClass: WeightFormat] = [:]) {
            self.weights = weights
            self.exceptions = [:]
            self.exceptions = exceptions.filter { $0.value != standardFormat(of: $0.key) }
        }

        /// The format of a class that `exceptions` does not name: `weights`; but where that has fewer than 8 bits, the
        /// matrices that lose most by it (vision, bridge, embeddings, head) keep 8.
        public func standardFormat(of tensorClass: TensorClass) -> WeightFormat {
            tensorClass.isSensitive ? weights.forSensitiveWeights : weights
        }

        /// The format of a class.
        public func format(of tensorClass: TensorClass) -> WeightFormat {
            exceptions[tensorClass] ?? standardFormat(of: tensorClass)
        }
    }
}

extension ModelDescription.Quantization.TensorClass {
    /// Whether few bits cost the class so much that they must be asked for by name.
    public var isSensitive: Bool {
        switch self {
        case .vision, .bridge, .embeddings, .head: true
        case .attention, .mlp: false
        }
    }
}

extension ModelDescription.Quantization {
    /// - Parameter checkpoint: The element type of the files, which is the default format; nil if it is wrong itself.
    init?(from reader: inout TableReader, checkpoint: WeightFormat?) {
        let names = WeightFormat.all.map(\.name)
        var weights = checkpoint
        if let node = reader.node("weights") {
            weights = reader.choice("weights", node, among: names).flatMap(WeightFormat.named)
        }
        var exceptions: [TensorClass: WeightFormat] = [:]
        for tensorClass in TensorClass.allCases {
            guard let node = reader.node(tensorClass.rawValue) else { continue }
            exceptions[tensorClass] = reader.choice(tensorClass.rawValue, node, among: names)
                .flatMap(WeightFormat.named)
        }
        guard let weights else { return nil }
        self.init(weights: weights, exceptions: exceptions)
    }

    func write(to writer: inout TableWriter) {
        writer.write("weights", weights.name)
        for tensorClass in TensorClass.allCases {
            if let format = exceptions[tensorClass] { writer.write(tensorClass.rawValue, format.name) }
        }
    }
}
