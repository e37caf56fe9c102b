// Scores, softmax and weighted sum become one operation where nothing else looks at scores or probabilities.
// That numbers stay the same: ReferenceInterpreterTests/WholeModelTests.swift.

import ComputeGraph
import TestSupport
import Testing

@testable import Scheduling

@Suite struct StreamSoftmaxTests {
    private static let rows = Dimension.symbolic(.rows)

    private struct Attention {
        var builder = BlockBuilder(name: "entry", role: .entry, keyPath: "test")
        let query: ValueID
        let keys: ValueID
        let values: ValueID
        let segments: ValueID
        let otherSegments: ValueID
        let parameters: AttentionParameters

        init(cached: Bool) {
            let heads = ValueType.tensor(.real(rows, 2, 4))
            let segments = ValueType.segments(of: rows, longest: .symbolic(.context))
            query = builder.parameter("query", heads)
            keys = builder.parameter("keys", cached ? .cache : heads)
            values = cached ? keys : builder.parameter("values", heads)
            self.segments = builder.parameter("segments", segments)
            otherSegments = builder.parameter("otherSegments", segments)
            parameters = AttentionParameters(
                queryHeads: 2,
                kvHeads: 2,
                headDim: 4,
                scale: 0.5,
                causal: true,
                cached: cached
            )
        }

        func streamed(_ results: [ValueID]) -> [String] {
            let graph = streamSoftmax(Graph(name: "test", blocks: [builder.build(results: results)]))
            #expect(GraphVerifier.violations(in: graph) == [])
            return graph.blocks.flatMap { block in
                block.operations.map { GraphPrinter.text(of: $0, in: block) }
            }
        }
    }

    @Test func rowsOfTheStep() throws {
        var attention = Attention(cached: false)
        let scores = try attention.builder.append(
            .attentionScores(attention.parameters),
            [attention.query, attention.keys, attention.segments],
            named: "scores"
        )
        let shares = try attention.builder.append(.softmax, [scores], named: "shares")
        let attended = try attention.builder.append(
            .attentionValues(attention.parameters),
            [shares, attention.values, attention.segments],
            named: "attended"
        )
        #expect(
            attention.streamed([attended]) == [
                "attended = attention(query, keys, values, segments) "
                    + "{heads: 2/2, width: 4, scale: 0.5, causal} -> f32[rows, 2, 4]"
            ]
        )
        // Whoever wants to see the probabilities keeps them.
        #expect(attention.streamed([attended, shares]).count == 3)
        #expect(attention.streamed([attended, scores]).count == 3)
        _ = try attention.builder.append(.activation(.relu), [scores], named: "otherReader")
        #expect(attention.streamed([attended]).count == 4)
    }

    @Test func cache() throws {
        var attention = Attention(cached: true)
        let scores = try attention.builder.append(
            .attentionScores(attention.parameters),
            [attention.query, attention.keys, attention.segments],
            named: "scores"
        )
        let shares = try attention.builder.append(.softmax, [scores], named: "shares")
        let attended = try attention.builder.append(
            .attentionValues(attention.parameters),
            [shares, attention.values, attention.segments],
            named: "attended"
        )
        #expect(
            attention.streamed([attended]) == [
                "attended = attention(query, keys, segments) "
                    + "{heads: 2/2, width: 4, scale: 0.5, causal, cached} -> f32[rows, 2, 4]"
            ]
        )
    }

    @Test func differentSegmentsStayApart() throws {
        var attention = Attention(cached: false)
        let scores = try attention.builder.append(
            .attentionScores(attention.parameters),
            [attention.query, attention.keys, attention.segments],
            named: "scores"
        )
        let shares = try attention.builder.append(.softmax, [scores], named: "shares")
        let attended = try attention.builder.append(
            .attentionValues(attention.parameters),
            [shares, attention.values, attention.otherSegments],
            named: "attended"
        )
        #expect(attention.streamed([attended]).count == 3)
    }

    @Test func noModelKeepsScores() throws {
        for description in TinyDescriptions.all {
            let graph = streamSoftmax(try GraphExpansion.graph(of: description))
            #expect(GraphVerifier.violations(in: graph) == [])
            for operation in graph.blocks.flatMap(\.operations) {
                switch operation.kind {
                case .attentionScores, .softmax, .attentionValues: Issue.record("\(description.name) keeps scores")
                default: continue
                }
            }
        }
    }
}
