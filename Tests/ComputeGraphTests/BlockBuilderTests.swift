// Blocks built operation by operation, and blocks changed in place.

import TestSupport
import Testing

@testable import ComputeGraph

@Suite struct BlockBuilderTests {
    private let row = ValueType.tensor(.real(.symbolic(.rows), 4))

    private func matrix(_ name: String, _ rows: Int, _ columns: Int) -> Weight {
        Weight(
            name: name,
            tensorClass: .mlp,
            sources: [Weight.Source(tensor: "\(name).weight", shape: [rows, columns])]
        )
    }

    @Test func infersTypesAndMakesNamesUnique() throws {
        var builder = BlockBuilder(name: "entry", role: .entry, keyPath: "decoder.mlp")
        let x = builder.parameter("x", row)
        let weight = builder.weight(matrix("mlp.gate-proj", 6, 4))
        let y = try builder.append(.linear(bias: false), [x, weight], named: "x")
        builder.keyPath = "decoder.norm"
        let z = try builder.append(.add, [y, y], named: "x")
        #expect(builder.type(of: z) == .tensor(.real(.symbolic(.rows), 6)))
        let block = builder.build(results: [z])
        #expect(block.values.map(\.name) == ["x", "mlpGateProj", "x2", "x3"])
        #expect(block.operations.map(\.keyPath) == ["decoder.mlp", "decoder.norm"])
        #expect(block.parameters == [x])
        #expect(block.results == [z])
        #expect(block.weights.map(\.id) == [weight])
        #expect(block.definers == [y: 0, z: 1])
        #expect(block.readers == [x: [0], weight: [0], y: [1, 1]])
        #expect(GraphVerifier.violations(in: Graph(name: "test", blocks: [block])) == [])
    }

    @Test func refusesWhatDoesNotFit() {
        var builder = BlockBuilder(name: "entry", role: .entry, keyPath: "test")
        let x = builder.parameter("x", row)
        #expect(throws: ShapeViolation(rule: "add.results", "1 results, but 2 names")) {
            try builder.append(.add, [x, x], named: ["y", "z"])
        }
        #expect(throws: ShapeViolation.self) { try builder.append(.splitHeads(3), [x], named: "y") }
        #expect(builder.build(results: []).operations.isEmpty)
    }

    @Test func camelCase() {
        #expect(lowerCamelCase("attention.query-norm") == "attentionQueryNorm")
        #expect(lowerCamelCase("Head") == "head")
        #expect(lowerCamelCase("mlp.0_up") == "mlp0Up")
        #expect(lowerCamelCase("") == "")
    }

    @Test func rewriterDropsWhatNothingRefersTo() throws {
        var builder = BlockBuilder(name: "entry", role: .entry, keyPath: "test")
        let x = builder.parameter("x", row)
        let unread = builder.parameter("unread", row)
        let weight = builder.weight(matrix("gate", 4, 4))
        let y = try builder.append(.linear(bias: false), [x, weight], named: "y")
        let z = try builder.append(.add, [y, x], named: "z")
        let block = builder.build(results: [z])
        #expect(BlockRewriter(block).rewritten() == block)

        var rewriter = BlockRewriter(block)
        #expect(rewriter[y].name == "y")
        let doubled = rewriter.define("y", row, .operation)
        rewriter.operations[0] = Operation(.add, operands: [x, x], results: [doubled], keyPath: "test")
        rewriter.operations[1] = Operation(.add, operands: [doubled, x], results: [z], keyPath: "test")
        let rewritten = rewriter.rewritten()
        // The product and its weight are gone; the parameter that nothing reads stays in the signature.
        #expect(rewritten.values.map(\.name) == ["x", "unread", "z", "y2"])
        #expect(rewritten.parameters.map { rewritten[$0].name } == ["x", block[unread].name])
        #expect(rewritten.results.map { rewritten[$0].name } == ["z"])
        #expect(GraphVerifier.violations(in: Graph(name: "test", blocks: [rewritten])) == [])
        #expect(
            rewritten.operations.map { GraphPrinter.text(of: $0, in: rewritten) }
                == ["y2 = add(x, x) -> f32[rows, 4]", "z = add(y2, x) -> f32[rows, 4]"]
        )
    }

    @Test func weightsOfSeveralSources() {
        let weight = Weight(
            name: "query-key",
            tensorClass: .attention,
            sources: [Weight.Source(tensor: "q", shape: [6, 2, 2]), Weight.Source(tensor: "k", shape: [3, 4])]
        )
        #expect(weight.rows == 9)
        #expect(weight.columns == 4)
        #expect(weight.elementCount == 36)
        #expect(weight.type == .real(9, 4))
        let bias = Weight(
            name: "bias",
            tensorClass: nil,
            sources: [Weight.Source(tensor: "b", shape: [6]), Weight.Source(zeros: [3])]
        )
        #expect(bias.isVector)
        #expect(bias.type == .real(9))
        #expect(bias.elementCount == 9)
    }

    @Test func blocksByName() throws {
        let graph = try GraphExpansion.graph(of: TinyDescriptions.text)
        #expect(graph.blocks.map(\.name) == [GraphExpansion.decoderLayer, GraphExpansion.step])
        #expect(graph.block(named: GraphExpansion.step)?.repetitions == 1)
        #expect(graph.block(named: GraphExpansion.decoderLayer)?.repetitions == 2)
        #expect(graph.block(named: "encode-images") == nil)
        #expect(graph.mapBlocks { $0 } == graph)
    }
}
