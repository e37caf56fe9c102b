// The closed set of operators: everything a model is made of is one of these.
// Shape rules are in ShapeRules.swift, meaning in ReferenceInterpreter, kernels in Scheduling: each switches without default.

import ModelDescriptions

/// What an operation computes. Operands are named in the order in which `Operation.operands` lists them.
///
/// `n` stands for the rows of the operand; leading axes that a rule does not mention stay as they are.
public enum Operator: Sendable, Hashable {
    /// Rows of a table. *Operands* table `[vocab, hidden]`, indices `i32[n]`. *Result* `[n, hidden]`.
    case embedding
    /// `linear(x)_j = sum_k x_k W_jk + b_j`. *Operands* x `[n, inputs]`, weight `[outputs, inputs]`, and bias
    /// `[outputs]` if `bias`. *Result* `[n, outputs]`.
    case linear(bias: Bool)
    /// Normalisation over the innermost axis. *Operands* x `[..., width]`, gain `[width]`, and for a layer norm
    /// shift `[width]`. *Result* as x.
    case norm(Normalization)
    /// A function of every element. *Operands* x. *Result* as x.
    case activation(Activation)
    /// Elementwise sum of two tensors of one shape.
    case add
    /// Elementwise product of two tensors of one shape.
    case multiply
    /// Consecutive columns of the innermost axis. *Operands* x `[n, width]`. *Result* `[n, count]`.
    case columns(from: Int, count: Int)
    /// Splits the innermost axis into heads: `[n, heads * d]` to `[n, heads, d]`. A view.
    case splitHeads(Int)
    /// Undoes `splitHeads`: `[n, heads, d]` to `[n, heads * d]`. A view.
    case mergeHeads
    /// Joins `count` consecutive rows into one: `[n, width]` to `[n / count, count * width]`. A view.
    case joinRows(Int)
    /// Rows in another order, moved in groups. *Operands* x `[n, width]`, indices `i32[m]` of groups of `group`
    /// rows. *Result* `[m * group, width]`.
    case gatherRows(group: Int)
    /// Replaces rows. *Operands* x `[n, width]`, replacements `[m, width]`, indices `i32[m]`, each at most once.
    /// *Result* as x.
    case scatterRows
    /// Cosines and sines of rotary angles. *Operands* positions `i32[axes, n]`.
    /// *Result* `[n, 2 * frequencies]`: all cosines, then all sines.
    case rotaryTable(RotaryFrequencies)
    /// Rotates the leading `2 * frequencies` columns of every head: element `d` with element `d + frequencies`.
    /// *Operands* x `[n, heads, d]`, table `[n, 2 * frequencies]`. *Result* as x.
    case rotate
    /// Adds the keys and values of this step to the cache of the layer. *Operands* cache, keys `[n, heads, d]`,
    /// values `[n, heads, d]`, segments. *Result* cache.
    case appendToCache
    /// Scaled products of queries with the keys they may see; what they may not see is minus infinity.
    /// *Operands* query `[n, queryHeads, d]`, keys (`[n, kvHeads, d]`, or a cache), segments.
    /// *Result* `[n, queryHeads, keys]`.
    case attentionScores(AttentionParameters)
    /// `exp(x - max) / sum` over the innermost axis. *Operands* x. *Result* as x.
    case softmax
    /// Sums of values weighted by probabilities. *Operands* probabilities `[n, queryHeads, keys]`, values
    /// (`[n, kvHeads, d]`, or a cache), segments. *Result* `[n, queryHeads, d]`.
    case attentionValues(AttentionParameters)
    /// Scores, softmax and weighted sum in one, so that scores are never kept. *Operands* query, keys, values,
    /// segments; or query, cache, segments. *Result* `[n, queryHeads, d]`.
    case attention(AttentionParameters)
    /// All layers of a stack, one after the other. *Operands* and *results*: see `LayerLoop`.
    case layers(LayerLoop)

    /// The name that the printer and diagnostics use.
    public var name: String {
        switch self {
        case .embedding: "embedding"
        case .linear: "linear"
        case .norm(let norm): norm.kind.rawValue
        case .activation(let function): function.rawValue
        case .add: "add"
        case .multiply: "multiply"
        case .columns: "columns"
        case .splitHeads: "split-heads"
        case .mergeHeads: "merge-heads"
        case .joinRows: "join-rows"
        case .gatherRows: "gather-rows"
        case .scatterRows: "scatter-rows"
        case .rotaryTable: "rotary-table"
        case .rotate: "rotate"
        case .appendToCache: "append-to-cache"
        case .attentionScores: "attention-scores"
        case .softmax: "softmax"
        case .attentionValues: "attention-values"
        case .attention: "attention"
        case .layers: "layers"
        }
    }

    /// Whether the result is the operand under another shape, so that both can be one piece of memory.
    public var isView: Bool {
        switch self {
        case .splitHeads, .mergeHeads, .joinRows: true
        case .embedding, .linear, .norm, .activation, .add, .multiply, .columns, .gatherRows, .scatterRows,
            .rotaryTable, .rotate, .appendToCache, .attentionScores, .softmax, .attentionValues, .attention, .layers:
            false
        }
    }
}

/// A normalisation over the innermost axis.
public struct Normalization: Sendable, Hashable {
    /// The kind of normalisation.
    public enum Kind: String, Sendable, Hashable {
        /// `x / sqrt(mean(x^2) + epsilon) * gain`.
        case rms = "rms-norm"
        /// `(x - mean(x)) / sqrt(variance(x) + epsilon) * gain + shift`.
        case layer = "layer-norm"
    }

    /// The kind.
    public let kind: Kind
    /// What is added to the mean square or the variance.
    public let epsilon: Double

    /// A normalisation.
    public init(_ kind: Kind, epsilon: Double) {
        self.kind = kind
        self.epsilon = epsilon
    }
}

/// How attention looks at keys.
public struct AttentionParameters: Sendable, Hashable {
    /// Heads of the query; a multiple of `kvHeads`.
    public let queryHeads: Int
    /// Heads of keys and values.
    public let kvHeads: Int
    /// Width of a head.
    public let headDim: Int
    /// What products are multiplied by.
    public let scale: Double
    /// Whether a query sees only its own token and earlier ones of its sequence (by index in the sequence, never by
    /// rotary position), or all keys of its segment.
    public let causal: Bool
    /// Whether keys and values come out of the cache instead of the step's own rows.
    public let cached: Bool

    /// How attention looks at keys.
    public init(queryHeads: Int, kvHeads: Int, headDim: Int, scale: Double, causal: Bool, cached: Bool) {
        self.queryHeads = queryHeads
        self.kvHeads = kvHeads
        self.headDim = headDim
        self.scale = scale
        self.causal = causal
        self.cached = cached
    }
}

/// The angles of a rotary embedding: position on one axis times an inverse frequency.
public struct RotaryFrequencies: Sendable, Hashable {
    /// The axis of the positions that each frequency reads: all 0 for text, time, height and width for M-RoPE.
    public let axes: [Int]
    /// Radians per position, one per frequency.
    public let inverseFrequencies: [Double]
    /// What cosines and sines are multiplied by; 1 unless the context is stretched.
    public let magnitude: Double

    /// The angles of a rotary embedding.
    public init(axes: [Int], inverseFrequencies: [Double], magnitude: Double = 1) {
        self.axes = axes
        self.inverseFrequencies = inverseFrequencies
        self.magnitude = magnitude
    }

    /// The number of axes that positions must have.
    public var axisCount: Int { (axes.max() ?? 0) + 1 }
    /// The number of frequencies: half of the columns of a head that are rotated.
    public var count: Int { inverseFrequencies.count }
}

/// All layers of a stack as one operation.
///
/// The first operand is carried from layer to layer and is, after the last one, the first result. If the block takes
/// a cache, it is carried likewise and is the second result. Every other parameter of the block is bound to an operand
/// of this operation, the same for each layer or chosen by its index.
public struct LayerLoop: Sendable, Hashable {
    /// What a parameter of the block is bound to.
    public enum Binding: Sendable, Hashable {
        /// The operand at this place, for every layer.
        case operand(Int)
        /// One operand for the layers listed, another one for the rest.
        case selected(layers: [Int], operand: Int, otherwise: Int)
    }

    /// The name of the block that computes one layer.
    public let block: String
    /// The number of layers.
    public let count: Int
    /// One binding per parameter of the block. The first is carried.
    public let bindings: [Binding]

    /// All layers of a stack.
    public init(block: String, count: Int, bindings: [Binding]) {
        self.block = block
        self.count = count
        self.bindings = bindings
    }
}
