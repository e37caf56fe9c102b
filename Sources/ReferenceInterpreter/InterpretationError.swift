// Everything that can be wrong with what the interpreter is given: what, and where in the graph it showed.
// Wrong numbers are no error: NaN and infinity pass through, so that tests see them.

import ComputeGraph

/// What was wrong.
public enum InterpretationProblem: Error, Sendable, Hashable {
    /// The graph itself is not well-formed.
    case malformedGraph([GraphViolation])
    /// There is no entry of this name.
    case unknownEntry(String, known: [String])
    /// The entry gives back nothing of this name.
    case unknownResult(String, known: [String])
    /// A parameter was not given.
    case missingParameter
    /// Something was given that is no parameter.
    case unknownParameter(known: [String])
    /// A value is of another kind than the graph says.
    case wrongKind(found: String, expected: String)
    /// A value has another shape than the graph says for the sizes of this batch.
    case wrongShape(found: [Int], expected: String)
    /// A tensor has more or fewer elements than its shape says.
    case elementCount(found: Int, shape: [Int])
    /// The weights lack a tensor.
    case missingWeight(String)
    /// A tensor of the weights has another shape than the model's.
    case weightShape(String, found: [Int], expected: [Int])
    /// An index does not lie in `0..<limit`.
    case indexOutOfRange(Int, limit: Int)
    /// A row is replaced twice.
    case repeatedIndex(Int)
    /// Runs of rows that cannot be.
    case segments(String)
    /// A cache that does not fit the graph or the runs of rows.
    case cache(String)
}

extension InterpretationProblem: CustomStringConvertible {
    /// A sentence without a full stop.
    public var description: String {
        switch self {
        case .malformedGraph(let violations):
            "the graph is malformed: \(violations.map(\.description).joined(separator: "; "))"
        case .unknownEntry(let name, let known):
            "there is no entry `\(name)`; entries are \(known.joined(separator: ", "))"
        case .unknownResult(let name, let known):
            "there is no result `\(name)`; results are \(known.joined(separator: ", "))"
        case .missingParameter: "this parameter was not given"
        case .unknownParameter(let known): "there is no such parameter; parameters are \(known.joined(separator: ", "))"
        case .wrongKind(let found, let expected): "these are \(found), but \(expected) is expected"
        case .wrongShape(let found, let expected): "the shape is \(found), but \(expected) is expected"
        case .elementCount(let found, let shape): "\(found) elements do not fill the shape \(shape)"
        case .missingWeight(let tensor): "the weights have no tensor `\(tensor)`"
        case .weightShape(let tensor, let found, let expected):
            "the tensor `\(tensor)` has the shape \(found), but the model needs \(expected)"
        case .indexOutOfRange(let index, let limit): "the index \(index) does not lie in 0..<\(limit)"
        case .repeatedIndex(let index): "row \(index) is replaced twice"
        case .segments(let message): message
        case .cache(let message): "the cache does not fit: \(message)"
        }
    }
}

/// A run that could not be completed.
public struct InterpretationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The block that was run.
    public let block: String
    /// The layer, if the block is that of a stack.
    public let layer: Int?
    /// The value that was to be bound or defined, if one was.
    public let value: String?
    /// What was wrong.
    public let problem: InterpretationProblem

    /// `decoder.layer, layer 3, queryHeads: ...`.
    public var description: String {
        let place = [block, layer.map { "layer \($0)" }, value].compactMap(\.self).joined(separator: ", ")
        return "\(place): \(problem)"
    }
}
