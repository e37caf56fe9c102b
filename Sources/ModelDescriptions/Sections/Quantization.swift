// The table [quantization]: the format in which each class of weights is kept.
// Not the layout of a format (TensorTypes/Formats) and not which of them the kernels of this build can read.

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

        /// The format of each class that `exceptions` does not name.
        public var weights: WeightFormatName
        /// Classes with a format of their own.
        public var exceptions: [TensorClass: WeightFormatName]

        /// One format for everything but the exceptions.
        public init(weights: WeightFormatName, exceptions: [TensorClass: WeightFormatName] = [:]) {
            self.weights = weights
            self.exceptions = exceptions.filter { $0.value != weights }
        }

        /// The format of a class.
        public func format(of tensorClass: TensorClass) -> WeightFormatName {
            exceptions[tensorClass] ?? weights
        }
    }
}

/// The name of a weight format that descriptions may ask for, as a row of a table.
public struct WeightFormatName: Sendable, Hashable {
    /// The spelling in TOML.
    public let name: String
    /// One line for help texts.
    public let summary: String

    /// Every format, plain ones first.
    public static let all: [WeightFormatName] = [
        WeightFormatName(name: "f32", summary: "single precision"),
        WeightFormatName(name: "bf16", summary: "bfloat16"),
        WeightFormatName(name: "f16", summary: "half precision"),
        WeightFormatName(name: "w8g32", summary: "8-bit integers with a scale for every 32 inputs"),
        WeightFormatName(name: "w8c", summary: "8-bit integers with a scale for every output channel"),
        WeightFormatName(name: "w4g32", summary: "4-bit integers with a scale for every 32 inputs"),
        WeightFormatName(name: "w4g128", summary: "4-bit integers with a scale for every 128 inputs"),
    ]

    /// The format called `name`, or nil if there is none.
    public static func named(_ name: some StringProtocol) -> WeightFormatName? {
        all.first { $0.name == name }
    }
}

extension ModelDescription.Quantization {
    /// - Parameter checkpoint: The element type of the files, which is the default format; nil if it is wrong itself.
    init?(from reader: inout TableReader, checkpoint: WeightFormatName?) {
        let names = WeightFormatName.all.map(\.name)
        var weights = checkpoint
        if let node = reader.node("weights") {
            weights = reader.choice("weights", node, among: names).flatMap(WeightFormatName.named)
        }
        var exceptions: [TensorClass: WeightFormatName] = [:]
        for tensorClass in TensorClass.allCases {
            guard let node = reader.node(tensorClass.rawValue) else { continue }
            exceptions[tensorClass] = reader.choice(tensorClass.rawValue, node, among: names)
                .flatMap(WeightFormatName.named)
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
