// What the interpreter computes with: numbers in row-major order with their shape.
// Not types of the graph, whose sizes may be symbolic: those are ComputeGraph's TensorType.

import RealModule

/// Numbers that the interpreter computes with: `Double` as the oracle of tests, `Float` to see what rounding costs.
public typealias ReferenceElement = Real & BinaryFloatingPoint & Sendable

/// A dense array of any rank, the innermost axis last.
public struct Tensor<Element: Sendable>: Sendable {
    /// The sizes of the axes, outermost first.
    public let shape: [Int]
    /// All elements in row-major order.
    public let elements: [Element]

    /// A tensor of `elements`, of which there must be as many as `shape` says.
    ///
    /// - Throws: `InterpretationProblem.elementCount` if there are not.
    public init(shape: [Int], elements: [Element]) throws(InterpretationProblem) {
        var expected: Int? = 1
        for size in shape {
            guard size >= 0, let product = expected?.multipliedReportingOverflow(by: size), !product.overflow else {
                expected = nil
                break
            }
            expected = product.partialValue
        }
        guard expected == elements.count else {
            throw .elementCount(found: elements.count, shape: shape)
        }
        self.init(shape, elements)
    }

    /// A tensor whose element count is known to be right.
    init(_ shape: [Int], _ elements: [Element]) {
        assert(shape.reduce(1, *) == elements.count)
        self.shape = shape
        self.elements = elements
    }

    /// The size of the outermost axis; 1 for a single number.
    public var rows: Int { shape.first ?? 1 }
    /// The size of the innermost axis; 1 for a single number.
    public var width: Int { shape.last ?? 1 }
    /// The number of elements of one outermost row.
    public var rowElements: Int { shape.dropFirst().reduce(1, *) }

    /// The elements of one outermost row, or nil if there is no such row.
    public func row(_ index: Int) -> ArraySlice<Element>? {
        guard index >= 0, index < rows else { return nil }
        return elements[index * rowElements..<(index + 1) * rowElements]
    }

    /// The same elements in another shape.
    func reshaped(_ shape: [Int]) -> Tensor { Tensor(shape, elements) }
}

extension Tensor: Equatable where Element: Equatable {}
