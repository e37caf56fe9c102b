// The values that a run takes, defines and gives back: one case for each ValueType of the graph.
// Not the graph's values, which have a type and no content.

import ComputeGraph

/// The content of a value of the graph.
public enum InterpretedValue<Element: ReferenceElement>: Sendable {
    /// Real numbers.
    case tensor(Tensor<Element>)
    /// Indices or positions.
    case indices(Tensor<Int32>)
    /// Runs of rows.
    case segments(RowSegments)
    /// Keys and values of earlier tokens: of every layer in an entry, of one layer within it.
    case cache(KeyValueCache<Element>)

    /// The tensor, or nil if it is something else.
    public var tensor: Tensor<Element>? {
        if case .tensor(let tensor) = self { tensor } else { nil }
    }

    /// The cache, or nil if it is something else.
    public var cache: KeyValueCache<Element>? {
        if case .cache(let cache) = self { cache } else { nil }
    }

    var kindName: String {
        switch self {
        case .tensor: "real numbers"
        case .indices: "indices"
        case .segments: "segments"
        case .cache: "a cache"
        }
    }

    func asTensor() throws(InterpretationProblem) -> Tensor<Element> {
        guard case .tensor(let tensor) = self else { throw .wrongKind(found: kindName, expected: "real numbers") }
        return tensor
    }

    func asIndices() throws(InterpretationProblem) -> Tensor<Int32> {
        guard case .indices(let indices) = self else { throw .wrongKind(found: kindName, expected: "indices") }
        return indices
    }

    func asSegments() throws(InterpretationProblem) -> RowSegments {
        guard case .segments(let segments) = self else { throw .wrongKind(found: kindName, expected: "segments") }
        return segments
    }

    func asCache() throws(InterpretationProblem) -> KeyValueCache<Element> {
        guard case .cache(let cache) = self else { throw .wrongKind(found: kindName, expected: "a cache") }
        return cache
    }
}
