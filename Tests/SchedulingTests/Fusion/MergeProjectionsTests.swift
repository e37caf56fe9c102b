// Projections of one input become one: names, sources, zeros for missing biases, order of results.
// That numbers stay the same: ReferenceInterpreterTests/WholeModelTests.swift.

import ComputeGraph
import TestSupport
import Testing

@testable import Scheduling

@Suite struct MergeProjectionsTests {
    private let row = ValueType.tensor(.real(.symbolic(.rows), 4))

    private func matrix(_ name: String, _ outputs: Int) -> Weight {
        Weight(
            name: name,
            tensorClass: .attention,
            sources: [Weight.Source(tensor: "\(name).weight", shape: [outputs, 4])]
        )
    }

    private func bias(_ name: String, _ outputs: Int) -> Weight {
        Weight(
            name: "\(name).bias",
            tensorClass: nil,
            sources: [Weight.Source(tensor: "\(name).bias", shape: [outputs])]
        )
    }

    private func merged(_ block: Block) throws -> Block {
        let graph = mergeProjections(Graph(name: "test", blocks: [block]))
        #expect(GraphVerifier.violations(in: graph) == [])
        return try #require(graph.blocks.first)
    }

    private func text(_ block: Block) -> [String] {
        block.operations.map { GraphPrinter.text(of: $0, in: block) }
    }

    @Test func siblingsBecomeColumnsOfOneProduct() throws {
        var builder = BlockBuilder(name: "entry", role: .entry, keyPath: "attention")
        let x = builder.parameter("x", row)
        let query = try builder.append(
            .linear(bias: true),
            [x, builder.weight(matrix("a.query", 6)), builder.weight(bias("a.query", 6))],
            named: "query"
        )
        let doubled = try builder.append(.add, [query, query], named: "doubled")
        let key = try builder.append(.linear(bias: false), [x, builder.weight(matrix("a.key", 2))], named: "key")
        let block = try merged(builder.build(results: [doubled, key]))
        #expect(
            text(block) == [
                "aQueryKeyProduct = linear(x, aQueryKey, aQueryKeyBias) {bias} -> f32[rows, 8]",
                "query = columns(aQueryKeyProduct) {0..<6} -> f32[rows, 6]",
                "key = columns(aQueryKeyProduct) {6..<8} -> f32[rows, 2]",
                "doubled = add(query, query) -> f32[rows, 6]",
            ]
        )
        let weights = block.weights.map(\.weight)
        #expect(
            weights == [
                Weight(
                    name: "a.query-key",
                    tensorClass: .attention,
                    sources: [
                        Weight.Source(tensor: "a.query.weight", shape: [6, 4]),
                        Weight.Source(tensor: "a.key.weight", shape: [2, 4]),
                    ]
                ),
                Weight(
                    name: "a.query-key.bias",
                    tensorClass: nil,
                    sources: [Weight.Source(tensor: "a.query.bias", shape: [6]), Weight.Source(zeros: [2])]
                ),
            ]
        )
        #expect(block.results.map { block[$0].name } == ["doubled", "key"])
    }

    @Test func namesWithoutACommonPrefixAreJoined() throws {
        var builder = BlockBuilder(name: "entry", role: .entry, keyPath: "test")
        let x = builder.parameter("x", row)
        let left = try builder.append(.linear(bias: false), [x, builder.weight(matrix("a.one", 4))], named: "left")
        let right = try builder.append(.linear(bias: false), [x, builder.weight(matrix("b.two", 4))], named: "right")
        let block = try merged(builder.build(results: [try builder.append(.add, [left, right], named: "sum")]))
        #expect(block.weights.map(\.weight.name) == ["a.one-b.two"])
    }

    @Test func productsOfDifferentInputsStayApart() throws {
        var builder = BlockBuilder(name: "entry", role: .entry, keyPath: "test")
        let x = builder.parameter("x", row)
        let first = try builder.append(.linear(bias: false), [x, builder.weight(matrix("one", 4))], named: "first")
        let second = try builder.append(
            .linear(bias: false),
            [first, builder.weight(matrix("two", 4))],
            named: "second"
        )
        let block = builder.build(results: [second])
        #expect(try merged(block) == block)
    }

    @Test func aModelHasOneProductPerInput() throws {
        for description in TinyDescriptions.all {
            let graph = mergeProjections(try GraphExpansion.graph(of: description))
            for block in graph.blocks {
                let inputs = block.operations.compactMap { operation -> ValueID? in
                    if case .linear = operation.kind { operation.operands[0] } else { nil }
                }
                #expect(Set(inputs).count == inputs.count, "\(description.name) \(block.name)")
            }
        }
    }
}
