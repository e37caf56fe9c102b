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

        /// Appends scores, softmax and weighted sum; `valueSegments` say where values are looked up.
        mutating func append(valueSegments: ValueID) throws -> (scores: ValueID, shares: ValueID, attended: ValueID) {
            let scores = try builder.append(.attentionScores(parameters), [query, keys, segments], named: "scores")
            let shares = try builder.append(.softmax, [scores], named: "shares")
            let attended = try builder.append(
                .attentionValues(parameters),
                [shares, values, valueSegments],
                named: "attended"
            )
            return (scores, shares, attended)
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
        let (scores, shares, attended) = try attention.append(valueSegments: attention.segments)
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
        let (_, _, attended) = try attention.append(valueSegments: attention.segments)
        #expect(
            attention.streamed([attended]) == [
                "attended = attention(query, keys, segments) "
                    + "{heads: 2/2, width: 4, scale: 0.5, causal, cached} -> f32[rows, 2, 4]"
            ]
        )
    }

    @Test func differentSegmentsStayApart() throws {
        var attention = Attention(cached: false)
        let (_, _, attended) = try attention.append(valueSegments: attention.otherSegments)
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
