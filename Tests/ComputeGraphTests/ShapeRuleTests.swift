// Every shape rule: what it makes of operands that fit, and that it refuses those that don't, citing its number.
// What operators compute: ReferenceInterpreterTests.

import ModelDescriptions
import TensorTypes
import Testing

@testable import ComputeGraph

/// Operands that break one constraint.
struct RuleViolation: Sendable, CustomTestStringConvertible {
    let rule: String
    let kind: Operator
    let operands: [ValueType]
    var testDescription: String { rule }

    init(_ rule: String, _ kind: Operator, _ operands: ValueType...) {
        self.rule = rule
        self.kind = kind
        self.operands = operands
    }
}

private func real(_ shape: Dimension...) -> ValueType { .tensor(TensorType(.f32, shape)) }
private func index(_ shape: Dimension...) -> ValueType { .tensor(TensorType(.i32, shape)) }
private let rows = Dimension.symbolic(.rows)
private let patches = Dimension.symbolic(.patches)
private let context = Dimension.symbolic(.context)
private let segments = ValueType.segments(of: rows, longest: context)
private let rms = Operator.norm(Normalization(.rms, epsilon: 1e-6))
private let layerNorm = Operator.norm(Normalization(.layer, epsilon: 1e-6))
private let oneAxis = RotaryFrequencies(axes: [0, 0], inverseFrequencies: [1, 0.5])
private let threeAxes = RotaryFrequencies(axes: [0, 1, 2], inverseFrequencies: [1, 0.5, 0.25])

private func attention(heads: Int = 4, kvHeads: Int = 2, cached: Bool) -> AttentionParameters {
    AttentionParameters(queryHeads: heads, kvHeads: kvHeads, headDim: 8, scale: 1, causal: true, cached: cached)
}

private func loop(_ bindings: LayerLoop.Binding..., count: Int = 2) -> Operator {
    .layers(LayerLoop(block: "layer", count: count, bindings: bindings))
}

@Suite struct ShapeRuleTests {
    static let violations: [RuleViolation] = rowViolations + headViolations + attentionViolations + loopViolations

    static let rowViolations = [
        RuleViolation("embedding.operands", .embedding, real(9, 4)),
        RuleViolation("embedding.operands", .embedding, real(9, 4), real(rows)),
        RuleViolation("embedding.operands", .embedding, real(9), index(rows)),
        RuleViolation("linear.operands", .linear(bias: true), real(rows, 4), real(6, 4)),
        RuleViolation("linear.operands", .linear(bias: false), .cache, real(6, 4)),
        RuleViolation("linear.1", .linear(bias: false), real(rows, 4), real(6, 5)),
        RuleViolation("linear.2", .linear(bias: true), real(rows, 4), real(6, 4), real(4)),
        RuleViolation("rms-norm.operands", rms, real(rows, 4), real(4), real(4)),
        RuleViolation("layer-norm.operands", layerNorm, real(rows, 4), real(4)),
        RuleViolation("rms-norm.1", rms, real(rows, 4), real(5)),
        RuleViolation("layer-norm.1", layerNorm, real(rows, 4), real(4), real(5)),
        RuleViolation("rms-norm.2", .norm(Normalization(.rms, epsilon: 0)), real(rows, 4), real(4)),
        RuleViolation("silu.operands", .activation(.silu), index(rows, 4)),
        RuleViolation("softmax.operands", .softmax, real(rows, 4), real(rows, 4)),
        RuleViolation("add.operands", .add, real(rows, 4)),
        RuleViolation("add.1", .add, real(rows, 4), real(patches, 4)),
        RuleViolation("multiply.1", .multiply, real(rows, 4), real(rows, 5)),
        RuleViolation("columns.operands", .columns(from: 0, count: 1), real(rows, 4, 2)),
        RuleViolation("columns.1", .columns(from: 0, count: 1), real(4, rows)),
        RuleViolation("columns.2", .columns(from: 3, count: 2), real(rows, 4)),
        RuleViolation("columns.2", .columns(from: -1, count: 2), real(rows, 4)),
        RuleViolation("columns.2", .columns(from: 0, count: 0), real(rows, 4)),
        RuleViolation("columns.2", .columns(from: .max, count: 2), real(rows, 4)),
        RuleViolation("join-rows.operands", .joinRows(4), real(patches)),
        RuleViolation("join-rows.1", .joinRows(0), real(patches, 4)),
        RuleViolation("join-rows.2", .joinRows(4), real(6, 4)),
        RuleViolation("gather-rows.operands", .gatherRows(group: 1), real(rows, 4), real(rows)),
        RuleViolation("gather-rows.1", .gatherRows(group: 0), real(rows, 4), index(rows)),
        RuleViolation("scatter-rows.operands", .scatterRows, real(rows, 4), real(2, 4)),
        RuleViolation("scatter-rows.1", .scatterRows, real(rows, 4), real(2, 5), index(2)),
        RuleViolation("scatter-rows.2", .scatterRows, real(rows, 4), real(2, 4), index(3)),
    ]

    static let headViolations = [
        RuleViolation("split-heads.operands", .splitHeads(2), real(rows, 2, 4)),
        RuleViolation("split-heads.1", .splitHeads(2), real(4, rows)),
        RuleViolation("split-heads.2", .splitHeads(3), real(rows, 8)),
        RuleViolation("split-heads.2", .splitHeads(0), real(rows, 8)),
        RuleViolation("merge-heads.operands", .mergeHeads, real(rows, 4)),
        RuleViolation("merge-heads.1", .mergeHeads, real(rows, 2, context)),
        RuleViolation("rotary-table.operands", .rotaryTable(oneAxis), real(1, rows)),
        RuleViolation(
            "rotary-table.1",
            .rotaryTable(RotaryFrequencies(axes: [], inverseFrequencies: [])),
            index(1, rows)
        ),
        RuleViolation(
            "rotary-table.2",
            .rotaryTable(RotaryFrequencies(axes: [0], inverseFrequencies: [1, 2])),
            index(1, rows)
        ),
        RuleViolation("rotary-table.3", .rotaryTable(threeAxes), index(2, rows)),
        RuleViolation("rotary-table.3", .rotaryTable(oneAxis), index(rows, 2)),
        RuleViolation(
            "rotary-table.3",
            .rotaryTable(RotaryFrequencies(axes: [-1], inverseFrequencies: [1])),
            index(1, rows)
        ),
        RuleViolation("rotate.operands", .rotate, real(rows, 8), real(rows, 8)),
        RuleViolation("rotate.1", .rotate, real(rows, 2, 8), real(patches, 8)),
        RuleViolation("rotate.2", .rotate, real(rows, 2, context), real(rows, 8)),
        RuleViolation("rotate.2", .rotate, real(rows, 2, 8), real(rows, context)),
        RuleViolation("rotate.3", .rotate, real(rows, 2, 8), real(rows, 10)),
        RuleViolation("rotate.4", .rotate, real(rows, 2, 8), real(rows, 7)),
    ]

    static let attentionViolations = [
        RuleViolation("append-to-cache.operands", .appendToCache, .cache, real(rows, 2, 8), real(rows, 2, 8)),
        RuleViolation(
            "append-to-cache.operands",
            .appendToCache,
            segments,
            real(rows, 2, 8),
            real(rows, 2, 8),
            segments
        ),
        RuleViolation(
            "append-to-cache.operands",
            .appendToCache,
            .cache,
            real(patches, 2, 8),
            real(patches, 2, 8),
            segments
        ),
        RuleViolation("append-to-cache.1", .appendToCache, .cache, real(rows, 2, 8), real(rows, 2, 4), segments),
        RuleViolation(
            "attention-scores.operands",
            .attentionScores(attention(cached: true)),
            real(rows, 4, 8),
            real(rows, 2, 8),
            segments
        ),
        RuleViolation(
            "attention-scores.operands",
            .attentionScores(attention(cached: false)),
            real(rows, 4, 16),
            real(rows, 2, 8),
            segments
        ),
        RuleViolation(
            "attention-scores.heads",
            .attentionScores(attention(heads: 3, cached: true)),
            real(rows, 3, 8),
            .cache,
            segments
        ),
        RuleViolation(
            "attention-scores.heads",
            .attentionScores(attention(kvHeads: 0, cached: true)),
            real(rows, 4, 8),
            .cache,
            segments
        ),
        RuleViolation(
            "attention-values.operands",
            .attentionValues(attention(cached: true)),
            real(rows, 4, context),
            .cache,
            .cache
        ),
        RuleViolation(
            "attention-values.heads",
            .attentionValues(attention(heads: 3, cached: true)),
            real(rows, 3, context),
            .cache,
            segments
        ),
        RuleViolation(
            "attention-values.1",
            .attentionValues(attention(cached: true)),
            real(rows, 3, context),
            .cache,
            segments
        ),
        RuleViolation(
            "attention-values.2",
            .attentionValues(attention(cached: true)),
            real(rows, 4, rows),
            .cache,
            segments
        ),
        RuleViolation(
            "attention-values.2",
            .attentionValues(attention(cached: false)),
            real(rows, 4, context),
            real(rows, 2, 8),
            segments
        ),
        RuleViolation(
            "attention.operands",
            .attention(attention(cached: false)),
            real(rows, 4, 8),
            real(rows, 2, 8),
            segments
        ),
        RuleViolation(
            "attention.operands",
            .attention(attention(cached: false)),
            real(rows, 4, 8),
            real(rows, 2, 8),
            real(rows, 4, 8),
            segments
        ),
        RuleViolation(
            "attention.heads",
            .attention(attention(heads: 3, cached: true)),
            real(rows, 3, 8),
            .cache,
            segments
        ),
    ]

    static let loopViolations = [
        RuleViolation("layers.1", loop(.operand(0), count: 0), real(rows, 4)),
        RuleViolation("layers.2", loop(), real(rows, 4)),
        RuleViolation("layers.2", loop(.selected(layers: [0], operand: 0, otherwise: 0)), real(rows, 4)),
        RuleViolation("layers.3", loop(.operand(1)), real(rows, 4)),
        RuleViolation(
            "layers.3",
            loop(.operand(0), .selected(layers: [0], operand: 0, otherwise: 1)),
            real(rows, 4)
        ),
        RuleViolation(
            "layers.4",
            loop(.operand(0), .selected(layers: [2], operand: 0, otherwise: 0)),
            real(rows, 4)
        ),
        RuleViolation("layers.5", loop(.operand(0), .operand(1), .operand(2)), real(rows, 4), .cache, .cache),
    ]

    @Test(arguments: violations)
    func refuses(_ violation: RuleViolation) {
        do {
            let types = try ShapeRules.resultTypes(of: violation.kind, operands: violation.operands)
            Issue.record("gives \(types)")
        } catch {
            #expect(error.rule == violation.rule)
            #expect(error.description.hasPrefix("[\(violation.rule)] "))
        }
    }

    @Test func resultTypes() throws {
        func result(_ kind: Operator, _ operands: ValueType...) throws -> [ValueType] {
            try ShapeRules.resultTypes(of: kind, operands: operands)
        }
        let heads = (query: real(rows, 4, 8), keys: real(rows, 2, 8))
        #expect(try result(.embedding, real(9, 4), index(rows)) == [real(rows, 4)])
        #expect(try result(.linear(bias: false), real(rows, 4), real(6, 4)) == [real(rows, 6)])
        #expect(try result(.linear(bias: true), real(rows, 4), real(6, 4), real(6)) == [real(rows, 6)])
        #expect(try result(rms, real(rows, 2, 4), real(4)) == [real(rows, 2, 4)])
        #expect(try result(layerNorm, real(rows, 4), real(4), real(4)) == [real(rows, 4)])
        #expect(try result(.activation(.gelu), real(rows, 4)) == [real(rows, 4)])
        #expect(try result(.softmax, real(rows, 4, context)) == [real(rows, 4, context)])
        #expect(try result(.add, real(rows, 4), real(rows, 4)) == [real(rows, 4)])
        #expect(try result(.columns(from: 1, count: 3), real(rows, 4)) == [real(rows, 3)])
        #expect(try result(.splitHeads(4), real(rows, 32)) == [heads.query])
        #expect(try result(.mergeHeads, heads.query) == [real(rows, 32)])
        #expect(try result(.joinRows(4), real(patches, 4)) == [real(patches / 4, 16)])
        #expect(try result(.joinRows(4), real(8, 4)) == [real(2, 16)])
        #expect(try result(.gatherRows(group: 4), real(patches, 4), index(patches / 4)) == [real(patches, 4)])
        #expect(try result(.scatterRows, real(rows, 4), real(2, 4), index(2)) == [real(rows, 4)])
        #expect(try result(.rotaryTable(threeAxes), index(3, rows)) == [real(rows, 6)])
        #expect(try result(.rotate, heads.query, real(rows, 6)) == [heads.query])
        #expect(try result(.appendToCache, .cache, heads.keys, heads.keys, segments) == [.cache])
        #expect(
            try result(.attentionScores(attention(cached: true)), heads.query, .cache, segments)
                == [real(rows, 4, context)]
        )
        #expect(
            try result(.attentionScores(attention(cached: false)), heads.query, heads.keys, segments)
                == [real(rows, 4, rows)]
        )
        #expect(
            try result(.attentionValues(attention(cached: false)), real(rows, 4, rows), heads.keys, segments)
                == [heads.query]
        )
        #expect(
            try result(.attention(attention(cached: false)), heads.query, heads.keys, heads.keys, segments)
                == [heads.query]
        )
        #expect(try result(.attention(attention(cached: true)), heads.query, .cache, segments) == [heads.query])
        #expect(
            try result(loop(.operand(1), .operand(0)), .cache, real(rows, 4)) == [real(rows, 4), .cache]
        )
    }
}
