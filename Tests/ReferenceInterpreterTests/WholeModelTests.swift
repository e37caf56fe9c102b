// Whole small models: passes keep the meaning, and how a batch is cut up does not matter.
// Against transformers: ParityTests.swift.

import ComputeGraph
import ModelDescriptions
import Scheduling
import TestSupport
import Testing

@testable import ReferenceInterpreter

/// Models as a test argument.
struct ModelArgument: CustomTestStringConvertible, Sendable {
    let description: ModelDescription
    var testDescription: String { description.name }

    /// Those put together in code, and the tiny ones of models/.
    static let all: [ModelArgument] =
        TinyDescriptions.all.map(ModelArgument.init(description:))
        + ModelFiles.names(prefix: "tiny-").compactMap { name in
            // One that cannot be read fails the tests of ModelDescriptions.
            (try? ModelFiles.description(name)).map(ModelArgument.init(description:))
        }

    static let withImages = all.filter { $0.description.vision != nil }
}

@Suite struct WholeModelTests {
    /// Images of 3 x 5, 1 x 1 and 2 x 7 rows of the decoder, in patches.
    private func grids(_ argument: ModelArgument) -> [(height: Int, width: Int)] {
        let merge = argument.description.vision?.merge ?? 1
        return [(3, 5), (1, 1), (2, 7)].map { (height: $0.0 * merge, width: $0.1 * merge) }
    }

    /// Merging projections adds up the same products in the same order; streaming softmax may not differ either.
    @Test(arguments: ModelArgument.all)
    func passesKeepTheMeaningOfStep(_ argument: ModelArgument) throws {
        let model = try TinyModel(argument.description)
        let weights = try model.weights(Double.self)
        let tokens = model.randomTokens(11, seed: 3)
        let parameters = try model.stepParameters(
            [TinyModel.Rows(tokens: Array(tokens[..<7])), TinyModel.Rows(tokens: Array(tokens[7...]), sequence: 1)],
            cache: model.emptyCache(sequences: 2, Double.self)
        )
        let plain = try Interpreter(model.graph, weights: weights).run(GraphExpansion.step, with: parameters)
        let merged = mergeProjections(model.graph)
        #expect(merged != model.graph)
        for graph in [merged, streamSoftmax(model.graph), streamSoftmax(merged)] {
            let fused = try Interpreter(graph, weights: weights).run(GraphExpansion.step, with: parameters)
            let error = relativeError(
                try fused.tensor("logits").elements,
                try plain.tensor("logits").elements
            )
            #expect(error <= 1e-12)
        }
    }

    @Test(arguments: ModelArgument.withImages)
    func passesKeepTheMeaningOfTheEncoder(_ argument: ModelArgument) throws {
        let model = try TinyModel(argument.description)
        let weights = try model.weights(Double.self)
        let parameters = try model.imageParameters(grids(argument), Double.self)
        let plain = try Interpreter(model.graph, weights: weights)
            .run(GraphExpansion.encodeImages, with: parameters).onlyTensor
        let fused = try Interpreter(streamSoftmax(mergeProjections(model.graph)), weights: weights)
            .run(GraphExpansion.encodeImages, with: parameters).onlyTensor
        #expect(plain.shape == [30, argument.description.decoder.hidden])
        #expect(relativeError(fused.elements, plain.elements) <= 1e-12)
    }

    /// Every row is computed by itself, so the numbers are the same to the last bit.
    @Test(arguments: ModelArgument.all)
    func prefillInPiecesIsPrefillAtOnce(_ argument: ModelArgument) throws {
        let model = try TinyModel(argument.description)
        let interpreter = try Interpreter(model.graph, weights: model.weights(Double.self))
        let tokens = model.randomTokens(13, seed: 4)
        let whole = try interpreter.run(
            GraphExpansion.step,
            with: model.stepParameters(
                [TinyModel.Rows(tokens: tokens)],
                cache: model.emptyCache(sequences: 1, Double.self)
            )
        )
        var cache = model.emptyCache(sequences: 1, Double.self)
        var logits: [Double] = []
        for piece in [0..<5, 5..<6, 6..<12, 12..<13] {
            let rows = TinyModel.Rows(tokens: Array(tokens[piece]), firstIndex: piece.lowerBound)
            let outcome = try interpreter.run(
                GraphExpansion.step,
                with: model.stepParameters([rows], cache: cache)
            )
            cache = try #require(outcome.cache)
            logits += try outcome.tensor("logits").elements
        }
        #expect(logits == (try whole.tensor("logits").elements))
        #expect(cache == whole.cache)
    }

    @Test(arguments: ModelArgument.all)
    func aBatchOfSequencesIsEachByItself(_ argument: ModelArgument) throws {
        let model = try TinyModel(argument.description)
        let interpreter = try Interpreter(model.graph, weights: model.weights(Double.self))
        let sequences = [4, 1, 6].enumerated().map { model.randomTokens($1, seed: UInt64(10 + $0)) }
        // Two steps: the first tokens of 0 and 2, then the rest of 2, all of 1 and the rest of 0.
        var cache = model.emptyCache(sequences: 3, Double.self)
        var logits: [[Double]] = [[], [], []]
        let steps = [
            [
                TinyModel.Rows(tokens: Array(sequences[0][..<3])),
                TinyModel.Rows(tokens: Array(sequences[2][..<2]), sequence: 2),
            ],
            [
                TinyModel.Rows(tokens: Array(sequences[2][2...]), firstIndex: 2, sequence: 2),
                TinyModel.Rows(tokens: sequences[1], sequence: 1),
                TinyModel.Rows(tokens: Array(sequences[0][3...]), firstIndex: 3),
            ],
        ]
        for rows in steps {
            let outcome = try interpreter.run(
                GraphExpansion.step,
                with: model.stepParameters(rows, cache: cache)
            )
            cache = try #require(outcome.cache)
            let tensor = try outcome.tensor("logits")
            var row = 0
            for part in rows {
                for _ in part.tokens {
                    logits[part.sequence] += try #require(tensor.row(row))
                    row += 1
                }
            }
        }
        for (index, tokens) in sequences.enumerated() {
            let alone = try interpreter.run(
                GraphExpansion.step,
                with: model.stepParameters(
                    [TinyModel.Rows(tokens: tokens)],
                    cache: model.emptyCache(sequences: 1, Double.self)
                )
            )
            #expect(logits[index] == (try alone.tensor("logits").elements), "sequence \(index)")
        }
    }

    @Test(arguments: ModelArgument.withImages)
    func aBatchOfImagesIsEachByItself(_ argument: ModelArgument) throws {
        let model = try TinyModel(argument.description)
        let interpreter = try Interpreter(model.graph, weights: model.weights(Double.self))
        let together = try interpreter.run(
            GraphExpansion.encodeImages,
            with: model.imageParameters(grids(argument), seed: 20, Double.self)
        ).onlyTensor
        var apart: [Double] = []
        for (index, grid) in grids(argument).enumerated() {
            apart += try interpreter.run(
                GraphExpansion.encodeImages,
                with: model.imageParameters([grid], seed: 20 + UInt64(index), Double.self)
            ).onlyTensor.elements
        }
        #expect(together.elements == apart)
    }

    /// An error of one unit in the last place for each of some twenty operations a layer, grown by sums of up to 24
    /// terms: 3 layers x 20 x sqrt(24) x 2^-24 is below 2e-5.
    @Test(arguments: ModelArgument.withImages)
    func singlePrecisionStaysCloseToDouble(_ argument: ModelArgument) throws {
        let model = try TinyModel(argument.description)
        let merge = argument.description.vision?.merge ?? 1
        let grid = (height: 2 * merge, width: 3 * merge)
        func logits<Element: ReferenceElement>(_: Element.Type) throws -> [Element] {
            let interpreter = try Interpreter(model.graph, weights: model.weights(Element.self))
            let features = try interpreter.run(
                GraphExpansion.encodeImages,
                with: model.imageParameters([grid], Element.self)
            ).onlyTensor
            let tokens = model.randomTokens(12, seed: 5)
            let parameters = try model.stepParameters(
                [TinyModel.Rows(tokens: tokens)],
                cache: model.emptyCache(sequences: 1, Element.self),
                features: features,
                imageRows: [3, 4, 5, 6, 7, 8]
            )
            return try interpreter.run(GraphExpansion.step, with: parameters).tensor("logits").elements
        }
        let (single, double) = (try logits(Float.self), try logits(Double.self))
        let error = relativeError(single, double)
        #expect(error <= 2e-5)
        #expect(error > 0)
    }

    @Test func rowsOfImagesReplaceTokens() throws {
        let model = try TinyModel(TinyDescriptions.windowed)
        let interpreter = try Interpreter(model.graph, weights: model.weights(Double.self))
        let hidden = model.description.decoder.hidden
        func logits(_ feature: Double) throws -> Tensor<Double> {
            let features = try Tensor(shape: [1, hidden], elements: Array(repeating: feature, count: hidden))
            let parameters = try model.stepParameters(
                [TinyModel.Rows(tokens: [1, 2, 3])],
                cache: model.emptyCache(sequences: 1, Double.self),
                features: features,
                imageRows: [1]
            )
            return try interpreter.run(GraphExpansion.step, with: parameters).tensor("logits")
        }
        let (first, second) = (try logits(0.5), try logits(-0.25))
        #expect(first.row(0) == second.row(0))
        #expect(first.row(1) != second.row(1))
        #expect(first.row(2) != second.row(2))
    }

    @Test func theObserverSeesEveryValueInOrder() throws {
        let model = try TinyModel(TinyDescriptions.text)
        let interpreter = try Interpreter(model.graph, weights: model.weights(Double.self))
        var seen: [String] = []
        _ = try interpreter.run(
            GraphExpansion.step,
            with: model.stepParameters(
                [TinyModel.Rows(tokens: [1, 2])],
                cache: model.emptyCache(sequences: 1, Double.self)
            )
        ) { observation in
            seen.append("\(observation.block) \(observation.layer.map(String.init) ?? "-") \(observation.name)")
        }
        var expected: [String] = []
        for block in [GraphExpansion.step] {
            for operation in try #require(model.graph.block(named: block)).operations {
                if case .layers(let loop) = operation.kind {
                    let callee = try #require(model.graph.block(named: loop.block))
                    for layer in 0..<loop.count {
                        expected += callee.operations.flatMap(\.results)
                            .map { "\(callee.name) \(layer) \(callee[$0].name)" }
                    }
                }
                expected += operation.results.map { id in
                    "\(block) - \(model.graph.block(named: block)?[id].name ?? "")"
                }
            }
        }
        #expect(seen == expected)
    }
}

extension Interpreter.Outcome {
    /// The tensor of an entry with one result.
    var onlyTensor: Tensor<Element> {
        get throws {
            let name = try #require(results.keys.first)
            #expect(results.count == 1)
            return try tensor(name)
        }
    }
}
