// One case or more per operator: operands, and results computed by hand. OperatorTests.swift runs them.
// `OperatorTag` lists operators without default: one that is added does not compile until it has a tag, and fails
// until it has a case.

import ComputeGraph
import ModelDescriptions
import Testing

@testable import ReferenceInterpreter

/// An operator, with those attributes that choose between formulas.
enum OperatorTag: Hashable, CaseIterable {
    case embedding, linear, linearWithBias, rmsNorm, layerNorm
    case silu, gelu, geluTanh, quickGELU, relu
    case add, multiply, columns, splitHeads, mergeHeads, joinRows, gatherRows, scatterRows, rotaryTable, rotate
    case appendToCache, attentionScores, cachedAttentionScores, softmax, attentionValues, cachedAttentionValues
    case attention, cachedAttention, layers

    init(_ kind: Operator) {
        switch kind {
        case .embedding: self = .embedding
        case .linear(let bias): self = bias ? .linearWithBias : .linear
        case .norm(let norm):
            switch norm.kind {
            case .rms: self = .rmsNorm
            case .layer: self = .layerNorm
            }
        case .activation(let function):
            switch function {
            case .silu: self = .silu
            case .gelu: self = .gelu
            case .geluTanh: self = .geluTanh
            case .quickGELU: self = .quickGELU
            case .relu: self = .relu
            }
        case .add: self = .add
        case .multiply: self = .multiply
        case .columns: self = .columns
        case .splitHeads: self = .splitHeads
        case .mergeHeads: self = .mergeHeads
        case .joinRows: self = .joinRows
        case .gatherRows: self = .gatherRows
        case .scatterRows: self = .scatterRows
        case .rotaryTable: self = .rotaryTable
        case .rotate: self = .rotate
        case .appendToCache: self = .appendToCache
        case .attentionScores(let parameters):
            self = parameters.cached ? .cachedAttentionScores : .attentionScores
        case .softmax: self = .softmax
        case .attentionValues(let parameters):
            self = parameters.cached ? .cachedAttentionValues : .attentionValues
        case .attention(let parameters): self = parameters.cached ? .cachedAttention : .attention
        case .layers: self = .layers
        }
    }
}

/// Operands of an operator with one tensor as result, and that result.
struct OperatorCase: Sendable, CustomTestStringConvertible {
    let kind: Operator
    let operands: [Operand<Double>]
    let shape: [Int]
    let expected: [Double]
    /// How much a relative change of an operand grows on its way to the result.
    var condition = 1.0
    var callee: Block?
    var testDescription: String { "\(OperatorTag(kind)) to \(shape)" }

    init(
        _ kind: Operator,
        _ operands: [Operand<Double>],
        gives shape: [Int],
        _ expected: [Double],
        condition: Double = 1,
        callee: Block? = nil
    ) {
        self.kind = kind
        self.operands = operands
        self.shape = shape
        self.expected = expected
        self.condition = condition
        self.callee = callee
    }
}

private let infinity = Double.infinity

extension OperatorCase {
    static let all = moving + arithmetic + rotary + attending + stacks

    static let moving = [
        OperatorCase(
            .embedding,
            [.real([3, 2], [1, 2, 3, 4, 5, 6]), .index([4], [2, 0, 2, 1])],
            gives: [4, 2],
            [5, 6, 1, 2, 5, 6, 3, 4]
        ),
        OperatorCase(
            .columns(from: 1, count: 2),
            [.real([2, 4], [1, 2, 3, 4, 5, 6, 7, 8])],
            gives: [2, 2],
            [2, 3, 6, 7]
        ),
        OperatorCase(.splitHeads(2), [.real([1, 4], [1, 2, 3, 4])], gives: [1, 2, 2], [1, 2, 3, 4]),
        OperatorCase(.mergeHeads, [.real([2, 2, 1], [1, 2, 3, 4])], gives: [2, 2], [1, 2, 3, 4]),
        OperatorCase(.joinRows(2), [.real([4, 1], [1, 2, 3, 4])], gives: [2, 2], [1, 2, 3, 4]),
        OperatorCase(
            .gatherRows(group: 2),
            [.real([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]), .index([3], [1, 0, 1])],
            gives: [6, 2],
            [5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8]
        ),
        OperatorCase(
            .scatterRows,
            [.real([3, 2], [1, 2, 3, 4, 5, 6]), .real([2, 2], [-1, -2, -3, -4]), .index([2], [2, 0])],
            gives: [3, 2],
            [-3, -4, 3, 4, -1, -2]
        ),
    ]

    static let arithmetic = [
        OperatorCase(
            .linear(bias: false),
            [.real([2, 3], [1, 2, 3, 0, -1, 1]), .real([2, 3], [1, 0, 2, -1, 1, 0.5])],
            gives: [2, 2],
            [7, 2.5, 2, -0.5]
        ),
        // More inputs than are added side by side: 1 + ... + 6, and 1 - 2 + 3 - 4 + 5 - 6.
        OperatorCase(
            .linear(bias: true),
            [
                .real([1, 6], [1, 2, 3, 4, 5, 6]), .real([2, 6], [1, 1, 1, 1, 1, 1, 1, -1, 1, -1, 1, -1]),
                .real([2], [0.5, 10]),
            ],
            gives: [1, 2],
            [21.5, 7]
        ),
        // Mean squares 25 and 4 plus epsilon 11 and 0: roots 6 and sqrt 15.
        OperatorCase(
            .norm(Normalization(.rms, epsilon: 11)),
            [.real([2, 1, 2], [1, 7, 2, -2]), .real([2], [2, 3])],
            gives: [2, 1, 2],
            [1.0 / 3, 3.5, 4 / 15.0.squareRoot(), -6 / 15.0.squareRoot()]
        ),
        // Means 2 and -5, variances 1 and 0 plus epsilon 3: roots 2 and sqrt 3.
        OperatorCase(
            .norm(Normalization(.layer, epsilon: 3)),
            [.real([2, 2], [1, 3, -5, -5]), .real([2], [2, 4]), .real([2], [10, 20])],
            gives: [2, 2],
            [9, 22, 10, 20]
        ),
        OperatorCase(
            .activation(.silu),
            [.real([1, 4], [1, -2, -30, 0])],
            gives: [1, 4],
            [0.7310585786300049, -0.2384058440442351, -2.8072868906517896e-12, 0]
        ),
        OperatorCase(
            .activation(.gelu),
            [.real([1, 4], [1, -2, 0, 40])],
            gives: [1, 4],
            [0.8413447460685429, -0.04550026389635844, 0, 40]
        ),
        // Far below zero, where 1 + erf(x / sqrt 2) has no digits left. It falls like exp(-x^2 / 2): condition x^2.
        OperatorCase(
            .activation(.gelu),
            [.real([1, 1], [-8])],
            gives: [1, 1],
            [-4.9767684594174555e-15],
            condition: 64
        ),
        OperatorCase(
            .activation(.geluTanh),
            [.real([1, 3], [1, -2, 0])],
            gives: [1, 3],
            [0.8411919906082768, -0.04540230591222494, 0]
        ),
        OperatorCase(
            .activation(.quickGELU),
            [.real([1, 3], [1, -2, 0])],
            gives: [1, 3],
            [0.8457957659328212, -0.06434137685579186, 0]
        ),
        OperatorCase(.activation(.relu), [.real([1, 3], [1, -2, 0])], gives: [1, 3], [1, 0, 0]),
        OperatorCase(.add, [.real([1, 2], [1, 2]), .real([1, 2], [10, -2])], gives: [1, 2], [11, 0]),
        OperatorCase(.multiply, [.real([1, 2], [3, 2]), .real([1, 2], [10, -2])], gives: [1, 2], [30, -4]),
        // exp(ln 3) is three times exp(0); what is minus infinity has no share, and large numbers don't overflow.
        OperatorCase(
            .softmax,
            [.real([3, 1, 2], [0, 1.0986122886681098, 7, -infinity, 1000, 1000])],
            gives: [3, 1, 2],
            [0.25, 0.75, 1, 0, 0.5, 0.5]
        ),
    ]

    /// Two frequencies: a quarter turn per position of axis 0, half of that per position of axis 1.
    private static let quarterTurns = RotaryFrequencies(
        axes: [0, 1],
        inverseFrequencies: [Double.pi / 2, Double.pi / 4],
        magnitude: 2
    )

    static let rotary = [
        // Row 0 stands at (0, 2): angles 0 and a quarter turn. Row 1 stands at (1, 4): a quarter and a half turn.
        OperatorCase(
            .rotaryTable(quarterTurns),
            [.index([2, 2], [0, 1, 2, 4])],
            gives: [2, 4],
            [2, 0, 0, 2, 0, -2, 2, 0]
        ),
        // The pair (1, 3) turns by a quarter, the pair (2, 4) not at all, and 5 is behind the rotated columns.
        OperatorCase(
            .rotate,
            [.real([1, 1, 5], [1, 2, 3, 4, 5]), .real([1, 4], [0, 1, 1, 0])],
            gives: [1, 1, 5],
            [-3, 2, 1, 4, 5]
        ),
        // Every head of a row turns alike: cosine 0.6, sine 0.8.
        OperatorCase(
            .rotate,
            [.real([1, 2, 2], [5, 0, 0, 10]), .real([1, 2], [0.6, 0.8])],
            gives: [1, 2, 2],
            [3, 4, -8, 6]
        ),
    ]
}
