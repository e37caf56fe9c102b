// Runs one operator by itself: an entry whose parameters are the operands and whose results are the operator's.
// The cases that use it: OperatorCases.swift.

import ComputeGraph
import TensorTypes

@testable import ReferenceInterpreter

/// An operand with the size of every axis known.
enum Operand<Element: ReferenceElement> {
    case real([Int], [Element])
    /// Real numbers with a column for each key of the cache.
    case shares([Int], [Element])
    case index([Int], [Int32])
    case segments(RowSegments)
    case cache(KeyValueCache<Element>)

    var type: ValueType {
        switch self {
        case .real(let shape, _): .tensor(TensorType(.f32, shape.map(Dimension.constant)))
        case .shares(let shape, _):
            .tensor(TensorType(.f32, shape.dropLast().map(Dimension.constant) + [.symbolic(.context)]))
        case .index(let shape, _): .tensor(TensorType(.i32, shape.map(Dimension.constant)))
        case .segments(let segments):
            .segments(of: .constant(segments.rows), longest: .constant(segments.runs.map(\.count).max() ?? 0))
        case .cache: .cache
        }
    }

    func value() throws -> InterpretedValue<Element> {
        switch self {
        case .real(let shape, let elements), .shares(let shape, let elements):
            .tensor(try Tensor(shape: shape, elements: elements))
        case .index(let shape, let elements): .indices(try Tensor(shape: shape, elements: elements))
        case .segments(let segments): .segments(segments)
        case .cache(let cache): .cache(cache)
        }
    }
}

/// The results of `kind` for `operands`, in a graph in which `callee` stands before it.
func results<Element: ReferenceElement>(
    of kind: Operator,
    _ operands: [Operand<Element>],
    callee: Block? = nil
) throws -> [InterpretedValue<Element>] {
    var builder = BlockBuilder(name: "entry", role: .entry, keyPath: "test")
    let parameters = operands.enumerated().map { builder.parameter("operand\($0.offset)", $0.element.type) }
    let count = try ShapeRules.resultTypes(of: kind, operands: operands.map(\.type)).count
    let names = (0..<count).map { "result\($0)" }
    let defined = try builder.append(kind, parameters, named: names)
    let block = builder.build(results: defined)
    let graph = Graph(name: "test", blocks: [callee].compactMap(\.self) + [block])
    let interpreter = try Interpreter(graph, weights: WeightTable<Element>([:]))
    var values: [String: InterpretedValue<Element>] = [:]
    for (index, operand) in operands.enumerated() { values["operand\(index)"] = try operand.value() }
    let outcome = try interpreter.run("entry", with: values)
    return names.compactMap { outcome.results[$0] }
}

/// The largest difference between `found` and `expected`, relative to the largest expected number; NaN if any is NaN.
func relativeError<Left: BinaryFloatingPoint, Right: BinaryFloatingPoint>(
    _ found: [Left],
    _ expected: [Right]
) -> Double {
    guard found.count == expected.count else { return .infinity }
    var (largest, difference) = (0.0, 0.0)
    for (found, expected) in zip(found, expected) where !(Double(found) == Double(expected)) {
        let distance = abs(Double(found) - Double(expected))
        difference = distance.isNaN || difference.isNaN ? .nan : max(difference, distance)
    }
    for expected in expected where expected.isFinite { largest = max(largest, abs(Double(expected))) }
    return difference == 0 ? 0 : difference / largest
}
