// Every InterpretationProblem, triggered once through the public interface.
// Results: OperatorTests.swift.

import ComputeGraph
import TestSupport
import Testing

@testable import ReferenceInterpreter

@Suite struct InterpretationErrorTests {
    /// The problem that `body` throws, with its place.
    private func failure(_ body: () throws -> Void) -> InterpretationError? {
        do {
            try body()
            return nil
        } catch {
            return error as? InterpretationError
        }
    }

    /// Runs `step` of the model with windows over three tokens, with changed parameters.
    private func step(
        weights change: (inout WeightTable<Double>) -> Void = { _ in },
        with changeParameters: (inout [String: InterpretedValue<Double>]) throws -> Void
    ) throws {
        let model = try TinyModel(TinyDescriptions.windowed)
        var weights = try model.weights(Double.self)
        change(&weights)
        var parameters = try model.stepParameters(
            [TinyModel.Rows(tokens: [1, 2, 3])],
            cache: model.emptyCache(sequences: 1, Double.self)
        )
        try changeParameters(&parameters)
        _ = try Interpreter(model.graph, weights: weights).run(GraphExpansion.step, with: parameters)
    }

    private func indices(_ elements: [Int32]) throws -> InterpretedValue<Double> {
        .indices(try Tensor(shape: [elements.count], elements: elements))
    }

    @Test func malformedGraph() throws {
        let model = try TinyModel(TinyDescriptions.text)
        let blocks = Graph(name: "reversed", blocks: model.graph.blocks.reversed())
        let failure = failure { _ = try Interpreter(blocks, weights: WeightTable<Double>([:])) }
        guard case .malformedGraph(let violations)? = failure?.problem else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(violations.count == 1)
        #expect(failure?.description.contains("does not stand before it") == true)
    }

    @Test func unknownEntry() throws {
        let model = try TinyModel(TinyDescriptions.text)
        let interpreter = try Interpreter(model.graph, weights: WeightTable<Double>([:]))
        let failure = failure { _ = try interpreter.run("steps", with: [:]) }
        #expect(failure?.problem == .unknownEntry("steps", known: ["step"]))
        // A layer is no entry.
        #expect(self.failure { _ = try interpreter.run(GraphExpansion.decoderLayer, with: [:]) } != nil)
    }

    @Test func unknownResult() throws {
        let outcome = Interpreter<Double>.Outcome(results: [:], cache: nil)
        #expect(throws: InterpretationProblem.unknownResult("logit", known: [])) { try outcome.tensor("logit") }
    }

    @Test func missingParameter() {
        let failure = failure { try step { $0["tokens"] = nil } }
        #expect(failure?.problem == .missingParameter)
        #expect(failure?.value == "tokens")
    }

    @Test func unknownParameter() {
        let failure = failure { try step { $0["token"] = $0["tokens"] } }
        #expect(failure?.value == "token")
        #expect(failure?.description.contains("there is no such parameter") == true)
    }

    @Test func wrongKind() {
        let failure = failure { try step { $0["tokens"] = $0["sequences"] } }
        #expect(failure?.problem == .wrongKind(found: "segments", expected: "indices"))
    }

    @Test func wrongShape() {
        let failure = failure { try step { $0["sequences"] = .segments(RowSegments(lengths: [4])) } }
        #expect(failure?.problem == .wrongShape(found: [4], expected: "[rows] with rows = 3"))
        #expect(failure?.value == "sequences")
    }

    @Test func elementCount() {
        #expect(throws: InterpretationProblem.elementCount(found: 5, shape: [2, 3])) {
            _ = try Tensor(shape: [2, 3], elements: [1.0, 2, 3, 4, 5])
        }
        #expect(throws: InterpretationProblem.elementCount(found: 1, shape: [-1, -1])) {
            _ = try Tensor(shape: [-1, -1], elements: [1.0])
        }
        #expect(throws: InterpretationProblem.elementCount(found: 0, shape: [.max, 4, 0])) {
            _ = try Tensor(shape: [.max, 4, 0], elements: [Double]())
        }
    }

    @Test func missingWeight() {
        let name = "model.layers.1.mlp.up_proj.weight"
        let failure = failure { try step(weights: { $0.tensors[name] = nil }, with: { _ in }) }
        #expect(failure?.problem == .missingWeight(name))
        #expect(failure?.block == GraphExpansion.decoderLayer)
        #expect(failure?.layer == 1)
        #expect(failure?.value == "mlpUp")
    }

    @Test func weightShape() throws {
        let name = "model.norm.weight"
        let short = try Tensor(shape: [2], elements: [1.0, 1])
        let failure = failure { try step(weights: { $0.tensors[name] = short }, with: { _ in }) }
        #expect(failure?.problem == .weightShape(name, found: [2], expected: [24]))
    }

    @Test func indexOutOfRange() {
        let failures = [
            failure { try step { $0["tokens"] = try indices([1, 29, 3]) } },
            failure { try step { $0["tokens"] = try indices([1, -1, 3]) } },
            failure { try step { $0["logitRows"] = try indices([3]) } },
            failure {
                try step {
                    $0["sequences"] = .segments(RowSegments([RowSegments.Run(count: 3, firstIndex: 0, sequence: 1)]))
                }
            },
        ]
        #expect(failures[0]?.problem == .indexOutOfRange(29, limit: 29))
        #expect(failures[0]?.value == "embeddedTokens")
        #expect(failures[1]?.problem == .indexOutOfRange(-1, limit: 29))
        #expect(failures[2]?.problem == .indexOutOfRange(3, limit: 3))
        #expect(failures[3]?.problem == .indexOutOfRange(1, limit: 1))
    }

    @Test func repeatedIndex() throws {
        let features = try Tensor(shape: [2, 24], elements: Array(repeating: 0.0, count: 48))
        let failure = failure {
            try step {
                $0["imageFeatures"] = .tensor(features)
                $0["imageRows"] = try indices([1, 1])
            }
        }
        #expect(failure?.problem == .repeatedIndex(1))
    }

    @Test(arguments: [
        RowSegments([RowSegments.Run(count: 3), RowSegments.Run(count: 0)]),
        RowSegments([RowSegments.Run(count: 3, firstIndex: -1)]),
        RowSegments([RowSegments.Run(count: 3, sequence: -1)]),
        RowSegments([RowSegments.Run(count: .max), RowSegments.Run(count: 3)]),
        RowSegments([RowSegments.Run(count: 3, firstIndex: .max)]),
    ])
    func impossibleRuns(_ segments: RowSegments) {
        let failure = failure { try step { $0["sequences"] = .segments(segments) } }
        guard case .segments? = failure?.problem else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    @Test func runLongerThanAWindow() throws {
        let model = try TinyModel(TinyDescriptions.windowed)
        var parameters = try model.imageParameters([(height: 6, width: 6)], Double.self)
        parameters["windowSegments"] = .segments(RowSegments(lengths: [17, 19]))
        let interpreter = try Interpreter(model.graph, weights: model.weights(Double.self))
        let failure = failure { _ = try interpreter.run(GraphExpansion.encodeImages, with: parameters) }
        #expect(failure?.problem == .segments("run 0 has 17 rows, at most 16 are allowed"))
    }

    @Test func cacheOfAnotherModel() {
        let failure = failure { try step { $0["cache"] = .cache(KeyValueCache(layers: 3, sequences: 1)) } }
        #expect(failure?.problem == .cache("it has 3 layers, the model 2"))
    }

    @Test func rowsThatDoNotContinueTheirSequence() {
        let failure = failure {
            try step { $0["sequences"] = .segments(RowSegments([RowSegments.Run(count: 3, firstIndex: 2)])) }
        }
        guard case .cache(let message)? = failure?.problem else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(message.contains("has 0 tokens, but the next row is to be its token 2"))
    }

    @Test func patchesThatDoNotFillSquares() throws {
        let model = try TinyModel(TinyDescriptions.unwindowed)
        var parameters = try model.imageParameters([(height: 2, width: 2)], Double.self)
        let patches = 5
        parameters["patches"] = .tensor(
            try Tensor(shape: [patches, 96], elements: Array(repeating: 0, count: patches * 96))
        )
        parameters["positions"] = .indices(
            try Tensor(shape: [2, patches], elements: Array(repeating: 0, count: patches * 2))
        )
        parameters["imageSegments"] = .segments(RowSegments(lengths: [patches]))
        let interpreter = try Interpreter(model.graph, weights: model.weights(Double.self))
        let failure = failure { _ = try interpreter.run(GraphExpansion.encodeImages, with: parameters) }
        #expect(failure?.problem == .wrongShape(found: [5, 16], expected: "a multiple of 4 rows"))
    }
}
