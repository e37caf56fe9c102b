// The cases of attention, of the cache and of stacks of layers: continues OperatorCases.swift.
// Heads are one or two numbers wide, so that every product can be checked by eye.

import ComputeGraph

@testable import ReferenceInterpreter

private let infinity = Double.infinity
/// ln 2 and ln 3: differences of scores that make shares of 1/3 and 2/3, of 1/4 and 3/4.
private let (ln2, ln3) = (0.6931471805599453, 1.0986122886681098)

private func parameters(
    heads: Int,
    kvHeads: Int = 1,
    scale: Double = 1,
    causal: Bool,
    cached: Bool
) -> AttentionParameters {
    AttentionParameters(
        queryHeads: heads,
        kvHeads: kvHeads,
        headDim: 1,
        scale: scale,
        causal: causal,
        cached: cached
    )
}

/// A cache of one layer, whose sequences hold these keys and values, one head of one number each.
func cache(_ sequences: [(keys: [Double], values: [Double])]) -> KeyValueCache<Double> {
    var cache = KeyValueCache<Double>(layers: 1, sequences: sequences.count)
    for (index, sequence) in sequences.enumerated() {
        cache.layers[0][index].keys = sequence.keys
        cache.layers[0][index].values = sequence.values
        cache.layers[0][index].tokens = sequence.keys.count
    }
    return cache
}

/// The last row of sequence 1 (token 2), then two rows of sequence 0 (tokens 0 and 1).
private let mixedStep = RowSegments([
    RowSegments.Run(count: 1, firstIndex: 2, sequence: 1), RowSegments.Run(count: 2, firstIndex: 0, sequence: 0),
])
private let mixedCache = cache([
    (keys: [ln2, 0], values: [3, 6]), (keys: [0, ln3, 0], values: [10, 5, 20]),
])

extension OperatorCase {
    static let attending = [
        // Two runs see themselves only; query heads 0 and 1 look at key head 0, heads 2 and 3 at key head 1.
        OperatorCase(
            .attentionScores(parameters(heads: 4, kvHeads: 2, scale: 0.5, causal: false, cached: false)),
            [
                .real([3, 4, 1], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]), .real([3, 2, 1], [2, 4, 6, 8, 10, 12]),
                .segments(RowSegments(lengths: [1, 2])),
            ],
            gives: [3, 4, 3],
            [1, -infinity, -infinity, 2, -infinity, -infinity, 6, -infinity, -infinity, 8, -infinity, -infinity]
                + [-infinity, 15, 25, -infinity, 18, 30, -infinity, 28, 42, -infinity, 32, 48]
                + [-infinity, 27, 45, -infinity, 30, 50, -infinity, 44, 66, -infinity, 48, 72]
        ),
        OperatorCase(
            .attentionScores(parameters(heads: 1, causal: true, cached: false)),
            [
                .real([3, 1, 1], [1, 2, 3]), .real([3, 1, 1], [1, 10, 100]),
                .segments(RowSegments(lengths: [2, 1])),
            ],
            gives: [3, 1, 3],
            [1, -infinity, -infinity, 2, 20, -infinity, -infinity, -infinity, 300]
        ),
        // Columns are tokens of the sequence that a row belongs to, as many as the longest one has.
        OperatorCase(
            .attentionScores(parameters(heads: 1, causal: true, cached: true)),
            [.real([3, 1, 1], [1, 1, 2]), .cache(mixedCache), .segments(mixedStep)],
            gives: [3, 1, 3],
            [0, ln3, 0, ln2, -infinity, -infinity, 2 * ln2, 0, -infinity]
        ),
        OperatorCase(
            .attentionScores(parameters(heads: 1, causal: false, cached: true)),
            [.real([3, 1, 1], [1, 1, 2]), .cache(mixedCache), .segments(mixedStep)],
            gives: [3, 1, 3],
            [0, ln3, 0, ln2, 0, -infinity, 2 * ln2, 0, -infinity]
        ),
        OperatorCase(
            .attentionValues(parameters(heads: 2, causal: false, cached: false)),
            [
                .real([2, 2, 2], [1, 0, 0.5, 0.5, 0.25, 0.75, 0, 1]), .real([2, 1, 1], [4, 8]),
                .segments(RowSegments(lengths: [2])),
            ],
            gives: [2, 2, 1],
            [4, 6, 7, 8]
        ),
        OperatorCase(
            .attentionValues(parameters(heads: 1, causal: true, cached: true)),
            [.shares([3, 1, 3], [0.2, 0.6, 0.2, 1, 0, 0, 0.8, 0.2, 0]), .cache(mixedCache), .segments(mixedStep)],
            gives: [3, 1, 1],
            [9, 3, 3.6]
        ),
        // Shares 1/3 and 2/3 within the first run; the second one sees one key.
        OperatorCase(
            .attention(parameters(heads: 1, causal: false, cached: false)),
            [
                .real([3, 1, 1], [1, 0, 5]), .real([3, 1, 1], [0, ln2, 7]), .real([3, 1, 1], [3, 6, 9]),
                .segments(RowSegments(lengths: [2, 1])),
            ],
            gives: [3, 1, 1],
            [5, 4.5, 9]
        ),
        // Sequence 1: shares 1/5, 3/5, 1/5. Sequence 0: one key, then 2^2 and 1, so 4/5 and 1/5.
        OperatorCase(
            .attention(parameters(heads: 1, causal: true, cached: true)),
            [.real([3, 1, 1], [1, 1, 2]), .cache(mixedCache), .segments(mixedStep)],
            gives: [3, 1, 1],
            [9, 3, 3.6]
        ),
    ]

    /// `rows * factor`, and the factor is chosen by layer.
    private static func scalingLayer(count: Int) -> Block {
        var builder = BlockBuilder(name: "layer", role: .layer(count: count), keyPath: "test")
        let rows = builder.parameter("rows", .tensor(.real(1, 2)))
        let factor = builder.parameter("factor", .tensor(.real(1, 2)))
        // The operands have one type, so the rules hold by construction.
        let scaled = try? builder.append(.multiply, [rows, factor], named: "scaled")
        return builder.build(results: [scaled].compactMap(\.self))
    }

    static let stacks = [
        // Layers 0 and 2 multiply by (2, 3), layer 1 by (5, 7).
        OperatorCase(
            .layers(
                LayerLoop(
                    block: "layer",
                    count: 3,
                    bindings: [.operand(0), .selected(layers: [1], operand: 1, otherwise: 2)]
                )
            ),
            [.real([1, 2], [1, 10]), .real([1, 2], [5, 7]), .real([1, 2], [2, 3])],
            gives: [1, 2],
            [20, 630],
            callee: scalingLayer(count: 3)
        )
    ]
}
