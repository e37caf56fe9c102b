// A NaN or an infinity in a row, a bias or a rotation goes through the cache, whatever that rounds to, and shows in all
// rows that attend to it. The same for products alone: LinearTests.swift.

import TensorTypes
import Testing

@testable import ModelRuntime

@Suite("numbers that are not finite in the cache")
struct NonFiniteCacheTests {
    /// Where the number that is not finite stands.
    enum Place: CaseIterable {
        /// In the row of one token: query, key and value.
        case row
        /// In the rotation of one token: query and key.
        case rotation
        /// In the bias of the values of the first key head, for all tokens.
        case valueBias
    }

    private static let heads = HeadShape(query: 4, keyValue: 2, width: 32)
    /// Rows of two sequences, of two blocks and one.
    private static let sequences = [
        RaggedBatch.Sequence(rows: 0..<21, firstIndex: 0, blocks: [0, 1]),
        RaggedBatch.Sequence(rows: 21..<28, firstIndex: 0, blocks: [2]),
    ]
    private static let slots = Array(0..<Int32(21)) + Array(32..<Int32(39))
    /// The token whose row or rotation is not finite, in the second block of the first sequence.
    private static let token = 17

    /// Projects rows to a cache and attends to it: `[row][query head][width]`.
    private func attended(
        _ kernelSet: String,
        _ precision: CacheGeometry.Precision,
        _ place: Place,
        _ special: Float
    ) throws -> [Float] {
        let (heads, rows, inputs) = (Self.heads, Self.slots.count, 48)
        var random = KernelRandom(11)
        let outputs = (heads.query + 2 * heads.keyValue) * heads.width
        let weight = OwnedMatrix(random.floats(outputs * inputs), outputs: outputs, inputs: inputs, format: .f32)
        var (input, bias) = (random.floats(rows * inputs), random.floats(outputs))
        var table = random.floats(rows * heads.width)
        switch place {
        case .row: input[Self.token * inputs + 5] = special
        case .rotation: table[Self.token * heads.width + 5] = special
        case .valueBias: bias[(heads.query + heads.keyValue) * heads.width + 5] = special
        }
        let device = try poisonedDevice(kernelSet)
        let pages = TestPages(heads: heads, blocks: 3, precision: precision)
        let owned = (input: GuardedFloats(input), bias: GuardedFloats(bias), table: GuardedFloats(table))
        let queries = GuardedFloats(count: rows * heads.query * heads.width)
        device.projectHeads(
            owned.input.start,
            rows: rows,
            weight: weight.matrix,
            bias: owned.bias.start,
            heads: heads,
            rotaryTable: owned.table.start,
            queries: queries.start,
            cache: pages.pages,
            sequences: SequenceBatch(slots: Self.slots)
        )
        let output = GuardedFloats(count: queries.count)
        device.attend(
            queries.start,
            cache: pages.pages,
            sequences: SequenceBatch(slots: [], sequences: Self.sequences),
            heads: heads,
            scale: 0.1,
            into: output.start
        )
        return output.values
    }

    /// Whether a head of a row attends to the number; nil for rows of the same sequence before it, which may show it, too:
    /// they meet it with a weight of 0.
    private func isSeen(_ place: Place, row: Int, head: Int) -> Bool? {
        // The first key head serves the first half of the query heads.
        if place == .valueBias { return head < Self.heads.query / 2 }
        guard Self.sequences[0].rows.contains(row) else { return false }
        return row >= Self.token ? true : nil
    }

    @Test(
        "show in the rows that attend to them, and in no other sequence or head",
        arguments: runnableKernelSets,
        CacheGeometry.Precision.allCases
    )
    func showWhereTheyAreSeen(kernelSet: String, precision: CacheGeometry.Precision) throws {
        let width = Self.heads.width
        for place in Place.allCases {
            // A score of minus infinity is a weight of 0, so that an infinite key of a floating-point cache may vanish.
            let mayVanish = place == .rotation && precision != .int8
            for special in mayVanish ? [Float.nan] : [Float.nan, .infinity, -.infinity] {
                let output = try attended(kernelSet, precision, place, special)
                for row in Self.slots.indices {
                    for head in 0..<Self.heads.query {
                        guard let isSeen = isSeen(place, row: row, head: head) else { continue }
                        let start = (row * Self.heads.query + head) * width
                        #expect(
                            output[start..<start + width].allSatisfy(\.isFinite) == !isSeen,
                            "\(special) in \(place): row \(row), head \(head), \(precision), \(kernelSet)"
                        )
                    }
                }
            }
        }
    }
}
