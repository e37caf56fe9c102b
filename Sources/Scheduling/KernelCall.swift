// What a compiled model does at run time, one call per case: the vocabulary shared with CPUDevice in ModelRuntime.
// Which operations become which call is decided by GroupKernels.swift.

import ComputeGraph
import ModelDescriptions

/// One call of a fused kernel. Values are named by their place in the block that the call belongs to.
public enum KernelCall: Sendable, Hashable {
    /// Rows of a table.
    case embedding(table: ValueID, tokens: ValueID, output: ValueID)
    /// A matrix product with everything around it.
    case linear(LinearCall)
    /// A matrix product whose outputs are heads: bias, head norms, rotation, and the write of keys and values.
    case projectHeads(ProjectHeadsCall)
    /// Streaming attention.
    case attention(AttentionCall)
    /// A normalisation on its own.
    case norm(NormPrologue, input: ValueID, output: ValueID)
    /// A function of every element.
    case activation(Activation, input: ValueID, output: ValueID)
    /// Elementwise sum.
    case add(ValueID, ValueID, output: ValueID)
    /// Elementwise product.
    case multiply(ValueID, ValueID, output: ValueID)
    /// Columns copied out of wider rows.
    case columns(input: ValueID, from: Int, count: Int, output: ValueID)
    /// Rows in another order, in groups.
    case gatherRows(input: ValueID, indices: ValueID, group: Int, output: ValueID)
    /// Rows replaced, in place.
    case scatterRows(target: ValueID, replacements: ValueID, indices: ValueID, output: ValueID)
    /// Cosines and sines of rotary angles.
    case rotaryTable(RotaryFrequencies, positions: ValueID, output: ValueID)
    /// All layers of a stack.
    case layers(LayerLoop, operands: [ValueID], results: [ValueID])
}

/// A normalisation that a kernel applies to the rows it reads.
public struct NormPrologue: Sendable, Hashable {
    /// Kind and epsilon.
    public let norm: Normalization
    /// The gain.
    public let gain: ValueID
    /// The shift of a layer norm.
    public let shift: ValueID?
}

/// `output = residual + activation(norm(input) W + bias)`, or with a gate
/// `output = residual + activation(gate) * up`.
public struct LinearCall: Sendable, Hashable {
    /// Rows that are read.
    public var input: ValueID
    /// What is done to a row first.
    public var norm: NormPrologue?
    /// The matrix.
    public let weight: ValueID
    /// What is added to a row of outputs.
    public let bias: ValueID?
    /// What is done to an output, or to the gate.
    public var activation: Activation?
    /// Whether the outputs are gates and values to be gated; the matrix is then packed panel by panel in turn.
    public var isGated = false
    /// What is added at last.
    public var residual: ValueID?
    /// Where the result goes; the same memory as `residual` where that is not read again.
    public var output: ValueID
}

/// The heads of attention, made out of rows.
public struct ProjectHeadsCall: Sendable, Hashable {
    /// Where keys and values go.
    public enum Destination: Sendable, Hashable {
        /// Rows of their own.
        case rows(key: ValueID, value: ValueID)
        /// The cache.
        case cache(input: ValueID, segments: ValueID, output: ValueID)
    }

    /// Rows that are read.
    public let input: ValueID
    /// What is done to a row first.
    public let norm: NormPrologue?
    /// The matrix: query heads, then key heads, then value heads.
    public let weight: ValueID
    /// What is added to a row of outputs.
    public let bias: ValueID?
    /// Heads of the query, of keys and of values.
    public let queryHeads: Int
    /// Heads of keys and of values.
    public let kvHeads: Int
    /// Width of a head.
    public let headDim: Int
    /// What is done to a head of the query before it is rotated.
    public let queryNorm: NormPrologue?
    /// What is done to a head of the keys before it is rotated.
    public let keyNorm: NormPrologue?
    /// The rotation of query and keys.
    public let rotaryTable: ValueID?
    /// Where the query goes.
    public let query: ValueID
    /// Where keys and values go.
    public let destination: Destination
}

/// Streaming attention.
public struct AttentionCall: Sendable, Hashable {
    /// Where keys and values come from.
    public enum Source: Sendable, Hashable {
        /// The step's own rows.
        case rows(key: ValueID, value: ValueID)
        /// The cache.
        case cache(ValueID)
    }

    /// Heads, scale and what a query may see.
    public let parameters: AttentionParameters
    /// The query.
    public let query: ValueID
    /// Keys and values.
    public let source: Source
    /// The runs of rows that see one another.
    public let segments: ValueID
    /// Where the result goes.
    public let output: ValueID
}

extension KernelCall {
    /// The name in the printed schedule.
    public var name: String {
        switch self {
        case .embedding: "embedding"
        case .linear(let call): call.isGated ? "gated-linear" : "linear"
        case .projectHeads: "project-heads"
        case .attention: "attention"
        case .norm(let prologue, _, _): prologue.norm.kind.rawValue
        case .activation(let function, _, _): function.rawValue
        case .add: "add"
        case .multiply: "multiply"
        case .columns: "columns"
        case .gatherRows: "gather-rows"
        case .scatterRows: "scatter-rows"
        case .rotaryTable: "rotary-table"
        case .layers: "layers"
        }
    }

    /// Weights and values that are read, without the bindings of layers to weights of their own.
    public var reads: [ValueID] {
        switch self {
        case .embedding(let table, let tokens, _): [table, tokens]
        case .linear(let call):
            [call.input] + call.norm.reads + [call.weight] + [call.bias, call.residual].compactMap(\.self)
        case .projectHeads(let call):
            [call.input] + call.norm.reads + [call.weight] + [call.bias].compactMap(\.self) + call.queryNorm.reads
                + call.keyNorm.reads + [call.rotaryTable].compactMap(\.self) + call.destination.reads
        case .attention(let call):
            switch call.source {
            case .rows(let key, let value): [call.query, key, value, call.segments]
            case .cache(let cache): [call.query, cache, call.segments]
            }
        case .norm(let prologue, let input, _): [input] + Optional(prologue).reads
        case .activation(_, let input, _), .columns(let input, _, _, _): [input]
        case .add(let left, let right, _), .multiply(let left, let right, _): [left, right]
        case .gatherRows(let input, let indices, _, _): [input, indices]
        case .scatterRows(let target, let replacements, let indices, _): [target, replacements, indices]
        case .rotaryTable(_, let positions, _): [positions]
        case .layers(_, let operands, _): operands
        }
    }

    /// Values that are defined.
    public var writes: [ValueID] {
        switch self {
        case .embedding(_, _, let output), .norm(_, _, let output), .activation(_, _, let output),
            .add(_, _, let output), .multiply(_, _, let output), .columns(_, _, _, let output),
            .gatherRows(_, _, _, let output), .scatterRows(_, _, _, let output), .rotaryTable(_, _, let output):
            [output]
        case .linear(let call): [call.output]
        case .projectHeads(let call): [call.query] + call.destination.writes
        case .attention(let call): [call.output]
        case .layers(_, _, let results): results
        }
    }

    /// Pairs of an operand and a result that may share memory if nothing reads the operand afterwards.
    public var inPlacePairs: [(operand: ValueID, result: ValueID)] {
        switch self {
        case .linear(let call): call.residual.map { [($0, call.output)] } ?? []
        case .activation(_, let input, let output): [(input, output)]
        case .add(let left, let right, let output), .multiply(let left, let right, let output):
            [(left, output), (right, output)]
        case .scatterRows(let target, _, _, let output): [(target, output)]
        case .layers(let loop, let operands, let results):
            if case .operand(let carried)? = loop.bindings.first { [(operands[carried], results[0])] } else { [] }
        case .embedding, .projectHeads, .attention, .norm, .columns, .gatherRows, .rotaryTable: []
        }
    }
}

extension Optional<NormPrologue> {
    fileprivate var reads: [ValueID] { map { [$0.gain] + [$0.shift].compactMap(\.self) } ?? [] }
}

extension ProjectHeadsCall.Destination {
    fileprivate var reads: [ValueID] {
        switch self {
        case .rows: []
        case .cache(let input, let segments, _): [input, segments]
        }
    }

    fileprivate var writes: [ValueID] {
        switch self {
        case .rows(let key, let value): [key, value]
        case .cache(_, _, let output): [output]
        }
    }
}
