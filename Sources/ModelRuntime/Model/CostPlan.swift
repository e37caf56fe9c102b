// What calls of a model must do at least, as constants that the compiler counted: the numerators of `bench`.
// Not how long that takes, and not the bytes of activations: those stay in caches, weights and the cache of keys do not.

import TensorTypes

/// The least work of both calls of a model.
public struct CostPlan: Sendable, Hashable {
    /// What the rows are that a matrix is multiplied by.
    public enum Unit: String, Sendable, Hashable {
        /// A token row of a step.
        case row
        /// A row of a step whose logits are wanted.
        case logitRow
        /// A patch of an image.
        case patch
        /// A square of patches that becomes one token.
        case imageToken
    }

    /// Matrix products of one class, all layers together.
    public struct Product: Sendable, Hashable {
        /// The class, which decides the format.
        public let weightClass: WeightClass
        /// Numbers in the matrices; each is one multiply-add for each unit.
        public let weights: Int
        /// Numbers that are read, with outputs filled up to whole panels.
        public let packedWeights: Int
        /// What the matrices are multiplied by.
        public let unit: Unit

        /// Products of matrices with `weights` numbers; `packed` is left out where it is the same.
        public init(_ weightClass: WeightClass, weights: Int, packed: Int? = nil, per unit: Unit) {
            self.weightClass = weightClass
            self.weights = weights
            packedWeights = packed ?? weights
            self.unit = unit
        }
    }

    /// The least work of one call, all layers together.
    public struct Call: Sendable, Hashable {
        /// The matrix products.
        public let products: [Product]
        /// Bytes of gains, shifts and biases.
        public let vectorBytes: Int
        /// Numbers of the embedding that a row looks up.
        public let embeddedNumbers: Int
        /// Operations of attention for each query and each key that it may see, in layers without windows.
        public let operationsPerPair: Int
        /// Operations of attention for each patch in all layers with windows.
        public let windowOperationsPerPatch: Int

        /// The work of a call.
        public init(
            products: [Product] = [],
            vectorBytes: Int = 0,
            embeddedNumbers: Int = 0,
            operationsPerPair: Int = 0,
            windowOperationsPerPatch: Int = 0
        ) {
            self.products = products
            self.vectorBytes = vectorBytes
            self.embeddedNumbers = embeddedNumbers
            self.operationsPerPair = operationsPerPair
            self.windowOperationsPerPatch = windowOperationsPerPatch
        }
    }

    /// `step`.
    public let step: Call
    /// `encodeImages`.
    public let encodeImages: Call

    /// The work of a model; one that reads no images has no second call.
    public init(step: Call, encodeImages: Call = Call()) {
        self.step = step
        self.encodeImages = encodeImages
    }
}

/// The sizes of a call whose work is asked for.
public struct CallSizes: Sendable, Hashable {
    /// How many there are of each unit.
    public var units: [CostPlan.Unit: Int]
    /// Pairs of a query and a key that it may see, in layers without windows.
    public var pairs: Int
    /// Tokens whose keys and values are read from the cache of the decoder.
    public var cachedTokens: Int

    /// A step of sequences that bring `rows` rows each to what is in the cache.
    public static func step(_ sequences: [(rows: Int, cached: Int)], logitRows: Int) -> CallSizes {
        CallSizes(
            units: [.row: sequences.reduce(0) { $0 + $1.rows }, .logitRow: logitRows],
            // Row i of a run sees what was there before, and rows 0 ... i.
            pairs: sequences.reduce(0) { $0 + $1.rows * $1.cached + $1.rows * ($1.rows + 1) / 2 },
            cachedTokens: sequences.reduce(0) { $0 + $1.cached + $1.rows }
        )
    }

    /// One image of one frame.
    public static func image(patches: Int, merge: Int) -> CallSizes {
        CallSizes(
            units: [.patch: patches, .imageToken: patches / (merge * merge)],
            pairs: patches * patches,
            cachedTokens: 0
        )
    }
}

/// The least work of a call with given sizes, in given formats.
public struct CallWork: Sendable, Hashable {
    /// Bytes of weights by class; each is read once.
    public let weightBytes: [WeightClass: Double]
    /// Bytes of gains, shifts and biases, and of the rows of the embedding.
    public let otherBytes: Double
    /// Bytes of keys and values that are read from the cache.
    public let cacheBytes: Double
    /// Operations of matrix products by class; a multiply-add counts as two.
    public let productOperations: [WeightClass: Double]
    /// Operations of attention.
    public let attentionOperations: Double

    /// All bytes.
    public var bytes: Double { weightBytes.values.reduce(0, +) + otherBytes + cacheBytes }
    /// All operations.
    public var operations: Double { productOperations.values.reduce(0, +) + attentionOperations }

    /// The work of `call` with `sizes`.
    ///
    /// - Parameter tokenBytes: Bytes that a token takes in the cache.
    public init(_ call: CostPlan.Call, _ sizes: CallSizes, formats: WeightFormats, tokenBytes: Int) {
        func units(_ unit: CostPlan.Unit) -> Double { Double(sizes.units[unit] ?? 0) }
        var weightBytes: [WeightClass: Double] = [:]
        var operations: [WeightClass: Double] = [:]
        for product in call.products where units(product.unit) > 0 {
            let bytes = Double(product.packedWeights) * formats[product.weightClass].bytesPerWeight
            weightBytes[product.weightClass, default: 0] += bytes
            operations[product.weightClass, default: 0] += 2 * Double(product.weights) * units(product.unit)
        }
        self.weightBytes = weightBytes
        productOperations = operations
        otherBytes =
            Double(call.vectorBytes)
            + units(.row) * Double(call.embeddedNumbers) * formats[.embeddings].bytesPerWeight
        cacheBytes = Double(sizes.cachedTokens * tokenBytes)
        attentionOperations =
            Double(sizes.pairs) * Double(call.operationsPerPair)
            + units(.patch) * Double(call.windowOperationsPerPatch)
    }
}

extension WeightFormat {
    /// Bytes of one weight of a large matrix, scales and offsets included.
    public var bytesPerWeight: Double {
        let inputs = 4096
        return Double(panelBytes(inputs: inputs)) / Double(inputs * Self.panelOutputs)
    }
}
