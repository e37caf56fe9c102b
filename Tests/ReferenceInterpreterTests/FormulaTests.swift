// Operators on random operands of odd sizes against formulas written out by index: loops, strides and tails.
// Results by hand on small operands: OperatorTests.swift.

import ComputeGraph
import Foundation
import TestRandomness
import TestSupport
import Testing

@testable import ReferenceInterpreter

@Suite struct FormulaTests {
    private static func random(_ count: Int, seed: UInt64) -> [Double] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in generator.uniform() }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 7, 8, 31, 64])
    func productsOfEveryLength(inputs: Int) throws {
        let (rows, outputs) = (3, 5)
        let x = Self.random(rows * inputs, seed: 1)
        let weight = Self.random(outputs * inputs, seed: 2)
        let found = try results(
            of: .linear(bias: false),
            [.real([rows, inputs], x), .real([outputs, inputs], weight)]
        )
        let expected = (0..<rows).flatMap { row in
            (0..<outputs).map { output in
                (0..<inputs).reduce(0.0) { $0 + x[row * inputs + $1] * weight[output * inputs + $1] }
            }
        }
        let elements = try #require(found.first?.tensor).elements
        #expect(relativeError(elements, expected) <= Double(inputs) * Double.ulpOfOne)
    }

    /// softmax(scale q k) v with every index written out, for groups of query heads and for every kind of visibility.
    @Test(arguments: [(4, 2, true), (4, 2, false), (3, 1, true), (2, 2, false), (6, 3, true)])
    func attentionOfEveryShape(heads: Int, kvHeads: Int, causal: Bool) throws {
        let (headDim, lengths) = (5, [4, 1, 6])
        let rows = lengths.reduce(0, +)
        let query = Self.random(rows * heads * headDim, seed: 3)
        let keys = Self.random(rows * kvHeads * headDim, seed: 4)
        let values = Self.random(rows * kvHeads * headDim, seed: 5)
        let segment = lengths.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) }
        var expected: [Double] = []
        for row in 0..<rows {
            for head in 0..<heads {
                let kvHead = head * kvHeads / heads
                let visible = (0..<rows).filter { segment[$0] == segment[row] && (!causal || $0 <= row) }
                let shares = visible.map { key in
                    exp(
                        0.7
                            * (0..<headDim).reduce(0.0) { sum, column in
                                sum + query[(row * heads + head) * headDim + column]
                                    * keys[(key * kvHeads + kvHead) * headDim + column]
                            }
                    )
                }
                let total = shares.reduce(0, +)
                for column in 0..<headDim {
                    expected.append(
                        zip(visible, shares).reduce(0.0) { sum, term in
                            sum + values[(term.0 * kvHeads + kvHead) * headDim + column] * term.1 / total
                        }
                    )
                }
            }
        }
        let parameters = AttentionParameters(
            queryHeads: heads,
            kvHeads: kvHeads,
            headDim: headDim,
            scale: 0.7,
            causal: causal,
            cached: false
        )
        let operands: [Operand<Double>] = [
            .real([rows, heads, headDim], query), .real([rows, kvHeads, headDim], keys),
            .real([rows, kvHeads, headDim], values), .segments(RowSegments(lengths: lengths)),
        ]
        let streamed = try #require(try results(of: .attention(parameters), operands).first?.tensor)
        #expect(relativeError(streamed.elements, expected) <= 1e-14)

        let scores = try #require(
            try results(of: .attentionScores(parameters), [operands[0], operands[1], operands[3]]).first?.tensor
        )
        let shares = try #require(
            try results(of: .softmax, [Operand<Double>.real(scores.shape, scores.elements)]).first?.tensor
        )
        let kept = try #require(
            try results(
                of: .attentionValues(parameters),
                [.real(shares.shape, shares.elements), operands[2], operands[3]]
            ).first?.tensor
        )
        #expect(relativeError(kept.elements, expected) <= 1e-14)
    }

    /// The same rows, once as rows of the step and once out of the cache in which they were put in two pieces.
    @Test func theCacheGivesWhatWasPutIntoIt() throws {
        let (heads, kvHeads, headDim, rows) = (4, 2, 3, 7)
        let query = Self.random(rows * heads * headDim, seed: 6)
        let keys = Self.random(rows * kvHeads * headDim, seed: 7)
        let values = Self.random(rows * kvHeads * headDim, seed: 8)
        var cache = KeyValueCache<Double>(layers: 1, sequences: 2)
        for piece in [0..<3, 3..<7] {
            let elements = piece.lowerBound * kvHeads * headDim..<piece.upperBound * kvHeads * headDim
            let segments = RowSegments([
                RowSegments.Run(count: piece.count, firstIndex: piece.lowerBound, sequence: 1)
            ])
            let found = try results(
                of: .appendToCache,
                [
                    .cache(cache), .real([piece.count, kvHeads, headDim], Array(keys[elements])),
                    .real([piece.count, kvHeads, headDim], Array(values[elements])), .segments(segments),
                ]
            )
            cache = try #require(found.first?.cache)
        }
        func parameters(cached: Bool) -> AttentionParameters {
            AttentionParameters(
                queryHeads: heads,
                kvHeads: kvHeads,
                headDim: headDim,
                scale: 0.5,
                causal: true,
                cached: cached
            )
        }
        let fromRows = try results(
            of: .attention(parameters(cached: false)),
            [
                .real([rows, heads, headDim], query), .real([rows, kvHeads, headDim], keys),
                .real([rows, kvHeads, headDim], values), .segments(RowSegments(lengths: [rows])),
            ]
        )
        let fromCache = try results(
            of: .attention(parameters(cached: true)),
            [
                .real([rows, heads, headDim], query), .cache(cache),
                .segments(RowSegments([RowSegments.Run(count: rows, firstIndex: 0, sequence: 1)])),
            ]
        )
        #expect(try #require(fromCache.first?.tensor) == (try #require(fromRows.first?.tensor)))
    }

    /// Scores depend on the difference of positions alone.
    @Test func rotationMakesScoresRelative() throws {
        let frequencies = RotaryFrequencies(axes: [0, 0, 0], inverseFrequencies: [1, 0.3, 0.01])
        let (query, key) = (Self.random(6, seed: 9), Self.random(6, seed: 10))
        func score(_ queryPosition: Int32, _ keyPosition: Int32) throws -> Double {
            let table = try #require(
                try results(
                    of: .rotaryTable(frequencies),
                    [Operand<Double>.index([1, 2], [queryPosition, keyPosition])]
                ).first?.tensor
            )
            let turned = try #require(
                try results(
                    of: .rotate,
                    [.real([2, 1, 6], query + key), .real(table.shape, table.elements)]
                ).first?.tensor
            )
            return zip(turned.elements[..<6], turned.elements[6...]).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let reference = try score(0, 5)
        for shift in [Int32(1), 17, 400] {
            #expect(abs(try score(shift, shift + 5) - reference) <= 1e-12)
        }
        #expect(abs(try score(0, 6) - reference) > 1e-3)
    }
}
