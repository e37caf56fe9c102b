// Weights and arguments for random graphs and for the entries of small models.

import ComputeGraph
import TestRandomness
import TestSupport

@testable import ReferenceInterpreter

enum Batch {
    /// Random tensors for every weight of every layer of `graph`.
    static func weights(of graph: Graph, seed: UInt64) throws -> WeightTable<Double> {
        var generator = SeededGenerator(seed: seed)
        var table = WeightTable<Double>([:])
        for block in graph.blocks {
            for layer in 0..<block.repetitions {
                for source in block.weights.flatMap(\.weight.sources) {
                    guard let name = source.tensorName(layer: layer), table.tensors[name] == nil else { continue }
                    let spread = (3 / Double(max(source.rowElements, 4))).squareRoot()
                    let middle = source.shape.count == 1 ? 0.7 : 0
                    let count = source.rows * source.rowElements
                    table.tensors[name] = try Tensor(
                        shape: source.shape,
                        elements: (0..<count).map { _ in middle + spread * generator.uniform() }
                    )
                }
            }
        }
        return table
    }

    /// Random arguments for `block`, whose symbols have these sizes. Indices are permutations of the rows; runs divide
    /// the rows in two, and belong to sequences 0 and 1 of an empty cache.
    static func arguments(
        for block: Block,
        sizes: [DimensionSymbol: Int],
        cacheLayers: Int,
        seed: UInt64
    ) throws -> [String: InterpretedValue<Double>] {
        var generator = SeededGenerator(seed: seed)
        var arguments: [String: InterpretedValue<Double>] = [:]
        for id in block.parameters {
            switch block[id].type {
            case .tensor(let type):
                let shape = type.shape.compactMap { $0.size(with: sizes) }
                let count = shape.reduce(1, *)
                if type.element == .i32 {
                    let rows = shape[shape.count - 1]
                    let elements = (0..<count / max(rows, 1)).flatMap { _ in
                        (0..<Int32(rows)).shuffled(using: &generator)
                    }
                    arguments[block[id].name] = .indices(try Tensor(shape: shape, elements: elements))
                } else {
                    arguments[block[id].name] = .tensor(
                        try Tensor(shape: shape, elements: (0..<count).map { _ in generator.uniform() })
                    )
                }
            case .segments(let rows, let longest):
                let count = rows.size(with: sizes) ?? 0
                var lengths: [Int] = []
                let piece = min(longest.constant ?? count, count * 3 / 4)
                while lengths.reduce(0, +) < count { lengths.append(min(piece, count - lengths.reduce(0, +))) }
                arguments[block[id].name] = .segments(
                    RowSegments(
                        lengths.enumerated().map { RowSegments.Run(count: $0.element, sequence: $0.offset) }
                    )
                )
            case .cache: arguments[block[id].name] = .cache(KeyValueCache(layers: cacheLayers, sequences: 2))
            }
        }
        return arguments
    }

    /// The largest difference between `found` and `expected`, relative to the largest expected number; NaN if any is.
    static func relativeError(_ found: [Double], _ expected: [Double]) -> Double {
        guard found.count == expected.count else { return .infinity }
        let largest = expected.reduce(0) { max($0, abs($1)) }
        return zip(found, expected).reduce(0) { error, pair in
            let distance = abs(pair.0 - pair.1) / max(largest, 1e-300)
            return distance.isNaN || error.isNaN ? .nan : max(error, distance)
        }
    }
}
