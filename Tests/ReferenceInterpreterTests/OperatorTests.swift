// Every operator against results computed by hand, in Double and in Float; and the cache, whose result is no tensor.
// Formulas on random operands: FormulaTests.swift.

import ComputeGraph
import Testing

@testable import ReferenceInterpreter

@Suite struct OperatorTests {
    /// A few roundings: sums here have at most six terms.
    private static func tolerance<Element: ReferenceElement>(_ example: OperatorCase, _: Element.Type) -> Double {
        4 * Double(Element.ulpOfOne) * example.condition
    }

    @Test(arguments: OperatorCase.all)
    func givesTheResultComputedByHand(_ example: OperatorCase) throws {
        let found = try results(of: example.kind, example.operands, callee: example.callee)
        let tensor = try #require(found.first?.tensor)
        #expect(found.count == 1)
        #expect(tensor.shape == example.shape)
        let error = relativeError(tensor.elements, example.expected)
        #expect(error <= Self.tolerance(example, Double.self), "\(tensor.elements) instead of \(example.expected)")
    }

    @Test(arguments: OperatorCase.all)
    func givesTheSameInSinglePrecision(_ example: OperatorCase) throws {
        let found = try results(of: example.kind, example.operands.map(\.single), callee: example.callee)
        let tensor = try #require(found.first?.tensor)
        let error = relativeError(tensor.elements, example.expected)
        #expect(error <= Self.tolerance(example, Float.self), "\(tensor.elements) instead of \(example.expected)")
    }

    @Test func cacheGrowsByTheRowsOfEachSequence() throws {
        let before = cache([(keys: [1, 2], values: [10, 20]), (keys: [], values: []), (keys: [3], values: [30])])
        let segments = RowSegments([
            RowSegments.Run(count: 1, firstIndex: 2, sequence: 0),
            RowSegments.Run(count: 2, firstIndex: 0, sequence: 1),
        ])
        let found = try results(
            of: .appendToCache,
            [
                .cache(before), .real([3, 1, 1], [4, 5, 6]), .real([3, 1, 1], [40, 50, 60]), .segments(segments),
            ]
        )
        let after = try #require(found.first?.cache)
        #expect(
            after
                == cache([
                    (keys: [1, 2, 4], values: [10, 20, 40]), (keys: [5, 6], values: [50, 60]),
                    (keys: [3], values: [30]),
                ])
        )
    }

    /// The cache has its own test above, because its result is no tensor.
    @Test func everyOperatorHasACase() {
        let covered = Set(OperatorCase.all.map { OperatorTag($0.kind) }).union([.appendToCache])
        #expect(Set(OperatorTag.allCases).subtracting(covered).isEmpty)
    }

    @Test func notANumberPassesThrough() throws {
        for kind in [Operator.activation(.relu), .activation(.gelu), .softmax] {
            let found = try results(of: kind, [Operand<Double>.real([1, 2], [1, .nan])])
            #expect(found.first?.tensor?.elements.last?.isNaN == true, "\(kind)")
        }
    }
}

extension Operand<Double> {
    fileprivate var single: Operand<Float> {
        switch self {
        case .real(let shape, let elements): .real(shape, elements.map { Float($0) })
        case .shares(let shape, let elements): .shares(shape, elements.map { Float($0) })
        case .index(let shape, let elements): .index(shape, elements)
        case .segments(let segments): .segments(segments)
        case .cache(let cache):
            .cache(
                KeyValueCache(
                    layers: cache.layers.map { layer in
                        layer.map { sequence in
                            var single = CachedSequence<Float>()
                            single.tokens = sequence.tokens
                            single.keys = sequence.keys.map { Float($0) }
                            single.values = sequence.values.map { Float($0) }
                            return single
                        }
                    }
                )
            )
        }
    }
}
