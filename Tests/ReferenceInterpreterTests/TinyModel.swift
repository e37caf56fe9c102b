// A small model with random weights, and batches for its two entries: what the tests of whole graphs run.
// Weights belong to names in the checkpoint, so that a graph before and after a pass reads the same ones.

import ComputeGraph
import ModelDescriptions
import TestRandomness
import TestSupport

@testable import ReferenceInterpreter

struct TinyModel {
    let description: ModelDescription
    let graph: Graph

    init(_ description: ModelDescription) throws {
        self.description = description
        self.graph = try GraphExpansion.graph(of: description)
    }

    /// Random tensors for every weight of every layer: matrices of variance about 1 / inputs, gains around 1.
    func weights<Element: ReferenceElement>(seed: UInt64 = 1, _: Element.Type) throws -> WeightTable<Element> {
        var generator = SeededGenerator(seed: seed)
        var table = WeightTable<Element>([:])
        for block in graph.blocks {
            for layer in 0..<block.repetitions {
                for (_, weight) in block.weights {
                    for source in weight.sources {
                        guard let name = source.tensorName(layer: layer) else { continue }
                        let isGain = weight.isVector && !weight.name.hasSuffix("bias")
                        let middle = isGain ? 1.0 : 0
                        let spread = isGain ? 0.3 : (3 / Double(max(source.rowElements, 4))).squareRoot()
                        let count = source.rows * source.rowElements
                        let elements = (0..<count).map { _ in Element(middle + spread * generator.uniform()) }
                        table.tensors[name] = try Tensor(shape: source.shape, elements: elements)
                    }
                }
            }
        }
        return table
    }

    // MARK: Batches of text

    /// Some rows of one sequence.
    struct Rows {
        var tokens: [Int32]
        var firstIndex = 0
        var sequence = 0
    }

    /// Parameters of `step` for rows of some sequences, all logits wanted. Every axis of the positions repeats the
    /// index in the sequence divided by two, so that positions say nothing about what a row may see.
    func stepParameters<Element: ReferenceElement>(
        _ rows: [Rows],
        cache: KeyValueCache<Element>,
        features: Tensor<Element>? = nil,
        imageRows: [Int32] = []
    ) throws -> [String: InterpretedValue<Element>] {
        let count = rows.reduce(0) { $0 + $1.tokens.count }
        let indices = rows.flatMap { rows in rows.tokens.indices.map { Int32(($0 + rows.firstIndex) / 2) } }
        let step = graph.block(named: GraphExpansion.step)
        let axes = step?.parameters.compactMap { id -> Int? in
            step?[id].name == "positions" ? step?[id].type.tensor?.rows.constant : nil
        }
        let positions = (0..<(axes?.first ?? 1)).flatMap { axis in indices.map { $0 + Int32(axis) } }
        let runs = rows.map {
            RowSegments.Run(count: $0.tokens.count, firstIndex: $0.firstIndex, sequence: $0.sequence)
        }
        var parameters: [String: InterpretedValue<Element>] = [
            "tokens": .indices(try Tensor(shape: [count], elements: rows.flatMap(\.tokens))),
            "positions": .indices(
                try Tensor(shape: [positions.count / count, count], elements: positions)
            ),
            "sequences": .segments(RowSegments(runs)),
            "cache": .cache(cache),
            "logitRows": .indices(try Tensor(shape: [count], elements: (0..<count).map(Int32.init))),
        ]
        if description.vision != nil {
            let hidden = description.decoder.hidden
            parameters["imageFeatures"] = .tensor(
                try features ?? Tensor(shape: [0, hidden], elements: [])
            )
            parameters["imageRows"] = .indices(
                try Tensor(shape: [imageRows.count], elements: imageRows)
            )
        }
        return parameters
    }

    func emptyCache<Element: ReferenceElement>(sequences: Int, _: Element.Type) -> KeyValueCache<Element> {
        KeyValueCache(layers: description.decoder.layers, sequences: sequences)
    }

    func randomTokens(_ count: Int, seed: UInt64) -> [Int32] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in Int32.random(in: 0..<Int32(description.decoder.vocab), using: &generator) }
    }

    // MARK: Batches of images

    /// Parameters of `encode-images` for images of these sizes in patches, with random pixels.
    func imageParameters<Element: ReferenceElement>(
        _ grids: [(height: Int, width: Int)],
        seed: UInt64 = 2,
        _: Element.Type
    ) throws -> [String: InterpretedValue<Element>] {
        guard let vision = description.vision else { return [:] }
        let layout = ImageGrids(grids, merge: vision.merge, windowSquares: windowSquares)
        let width = vision.channels * vision.temporalPatch * vision.patch * vision.patch
        var parameters: [String: InterpretedValue<Element>] = [
            "patches": .tensor(
                try Tensor(
                    shape: [layout.patches, width],
                    elements: grids.enumerated().flatMap { index, grid in
                        // Pixels follow from the place in the batch alone, so that an image can be run by itself.
                        var generator = SeededGenerator(seed: seed + UInt64(index))
                        return (0..<grid.height * grid.width * width).map { _ in Element(generator.uniform()) }
                    }
                )
            ),
            "positions": .indices(
                try Tensor(shape: [2, layout.patches], elements: layout.positions.map(Int32.init))
            ),
        ]
        if (0..<vision.layers).contains(where: { !isWindowed(layer: $0) }) {
            parameters["imageSegments"] = .segments(RowSegments(lengths: layout.imageLengths))
        }
        if windowSquares != nil {
            let orders = [("windowOrder", layout.windowOrder), ("originalOrder", layout.originalOrder)]
            for (name, order) in orders {
                parameters[name] = .indices(try Tensor(shape: [layout.squares], elements: order.map(Int32.init)))
            }
            parameters["windowSegments"] = .segments(RowSegments(lengths: layout.windowLengths))
        }
        return parameters
    }

    private func isWindowed(layer: Int) -> Bool {
        let attention = description.vision?.attention.parameters as? SegmentAttention
        return attention.map { $0.window != nil && $0.isWindowed(layer: layer) } ?? false
    }

    /// Nil also where a window is stated, but every layer sees the whole image.
    private var windowSquares: Int? {
        guard let vision = description.vision, let attention = vision.attention.parameters as? SegmentAttention,
            (0..<vision.layers).contains(where: isWindowed(layer:))
        else { return nil }
        return attention.window.map { $0 / (vision.patch * vision.merge) }
    }
}
