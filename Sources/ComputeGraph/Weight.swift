// The parameters of a model as the graph sees them, and where a checkpoint keeps them.
// Not their packed layout: that is chosen by scheduling (TensorTypes/Formats).

import ModelDescriptions

/// A tensor of the checkpoint, or some tensors put together.
public struct Weight: Sendable, Hashable {
    /// One tensor of the checkpoint, or zeros where the checkpoint has none.
    public struct Source: Sendable, Hashable {
        /// Its name there, in which `{layer}` stands for the index of the layer; nil for zeros.
        public let tensor: String?
        /// Its shape there.
        public let shape: [Int]

        /// A tensor of the checkpoint.
        public init(tensor: String, shape: [Int]) {
            self.tensor = tensor
            self.shape = shape
        }

        /// Zeros: the bias of a projection that has none, merged with projections that have one.
        public init(zeros shape: [Int]) {
            self.tensor = nil
            self.shape = shape
        }

        /// The size of the outermost axis.
        public var rows: Int { shape.first ?? 0 }
        /// The product of the other axes.
        public var rowElements: Int { shape.dropFirst().reduce(1, *) }
    }

    /// The name within its block, in dotted form: `attention.query`.
    public let name: String
    /// The class whose format it takes; nil for norm gains, shifts and biases, which stay in single precision.
    public let tensorClass: ModelDescription.Quantization.TensorClass?
    /// The tensors it is made of, at least one: all rows of the first, then all of the second, ... Inner axes of a
    /// source are flattened.
    public let sources: [Source]

    /// A weight made of `sources`.
    public init(name: String, tensorClass: ModelDescription.Quantization.TensorClass?, sources: [Source]) {
        self.name = name
        self.tensorClass = tensorClass
        self.sources = sources
    }

    /// Rows of all sources together: outputs of a matrix, entries of a vector.
    public var rows: Int { sources.reduce(0) { $0 + $1.rows } }
    /// Inputs of a matrix; 1 for a vector.
    public var columns: Int { sources.first?.rowElements ?? 0 }
    /// Whether this is a vector (a norm's gain or a bias).
    public var isVector: Bool { tensorClass == nil }
    /// The type of the weight as a value: `[rows]` or `[rows, columns]`.
    public var type: TensorType {
        isVector ? .real(.constant(rows)) : .real(.constant(rows), .constant(columns))
    }
    /// Number of parameters.
    public var elementCount: Int { rows * columns }
}
