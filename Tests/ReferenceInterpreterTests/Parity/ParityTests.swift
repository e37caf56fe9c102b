// The interpreter in Double against transformers in f32, stage by stage, on the committed tiny checkpoints.
// The tolerance of 1e-4 is the project's; `f32_noise` in each case says how well f32 can agree with itself.

import ComputeGraph
import ModelDescriptions
import TestSupport
import Testing

@testable import ReferenceInterpreter

/// A checkpoint and a conversation.
struct ParityArgument: Sendable, CustomTestStringConvertible {
    let model: String
    let name: String
    var testDescription: String { "\(model) \(name)" }

    static let all = ModelFiles.names(prefix: "tiny-").flatMap { model in
        let names =
            model.contains("smollm2") ? ["text", "two-turn"] : ["text", "one-image", "two-images", "two-turn"]
        return names.map { ParityArgument(model: model, name: $0) }
    }
}

@Suite struct ParityTests {
    @Test func thereAreCheckpoints() {
        #expect(ModelFiles.names(prefix: "tiny-").count >= 10)
    }

    @Test(arguments: ModelFiles.names(prefix: "tiny-"))
    func everyTensorIsRead(_ model: String) throws {
        let description = try ModelFiles.description(model)
        let checkpoint = try ParityCheckpoint(description)
        #expect(checkpoint.unread(by: try GraphExpansion.graph(of: description)) == [])
    }

    @Test(arguments: ParityArgument.all)
    func stages(_ argument: ParityArgument) throws {
        let description = try ModelFiles.description(argument.model)
        let example = try ParityCase(description, argument.name)
        let interpreter = try Interpreter(
            GraphExpansion.graph(of: description),
            weights: ParityCheckpoint(description)
        )
        var errors: [(stage: String, error: Double)] = []
        func compare(_ stage: String, _ found: Tensor<Double>?, rows: [Int]) throws {
            let found = try #require(found, "\(stage) was not observed")
            let expected = try example.stage(stage)
            let elements = try rows.flatMap { try #require(found.row($0), "\(stage) has no row \($0)") }
            errors.append((stage, relativeError(elements, expected.elements)))
        }

        var features: Tensor<Double>?
        if let layout = try example.layout() {
            let seen = try encodeImages(interpreter, example, layout)
            let order = layout.windowSquares == nil ? "patches" : "patches_window_order"
            try compare("vision.patch_embed", seen["embeddedPatches"], rows: example.rows("patches"))
            for layer in 0..<(description.vision?.layers ?? 0) {
                try compare("vision.block.\(layer)", seen["rowsAfterMLP \(layer)"], rows: example.rows(order))
            }
            features = seen["result"]
            try compare("vision.merger", features, rows: example.rows("merged"))
        }
        let (seen, logits, decodeLogits) = try decode(interpreter, example, features: features)
        let rows = try example.rows("text")
        try compare("text.embedding", seen["embeddedRows"] ?? seen["embeddedTokens"], rows: rows)
        for layer in 0..<description.decoder.layers {
            try compare("text.layer.\(layer)", seen["rowsAfterMLP \(layer)"], rows: rows)
        }
        try compare("text.norm", seen["normedRows"], rows: rows)
        try compare("logits", logits, rows: rows)
        try compare("decode.logits", decodeLogits, rows: example.rows("decode"))
        if let worst = errors.max(by: { $0.error < $1.error }) {
            print("parity of \(argument.testDescription): at most \(worst.error), in \(worst.stage)")
        }
        for (stage, error) in errors {
            #expect(error <= example.tolerance, "\(stage)")
        }
        for (index, token) in example.generated.enumerated() {
            let row = try #require(decodeLogits.row(index))
            let best = row.indices.max { row[$0] < row[$1] }.map { $0 - row.startIndex }
            #expect(best == Int(token), "greedy token \(index)")
        }
    }

    /// Values of `encode-images` by name, those of layers with the layer's number behind; `result` is the result.
    private func encodeImages(
        _ interpreter: Interpreter<Double>,
        _ example: ParityCase,
        _ layout: ImageGrids
    ) throws -> [String: Tensor<Double>] {
        func indices(_ elements: [Int], rows: Int? = nil) throws -> InterpretedValue<Double> {
            let shape = rows.map { [$0, elements.count / $0] } ?? [elements.count]
            return .indices(try Tensor(shape: shape, elements: elements.map(Int32.init)))
        }
        var parameters: [String: InterpretedValue<Double>] = [
            "patches": .tensor(try example.pixelValues()),
            "positions": try indices(layout.positions, rows: 2),
        ]
        // Where no layer sees whole images, the entry does not ask for them.
        let entry = try #require(interpreter.graph.block(named: GraphExpansion.encodeImages))
        if entry.parameters.contains(where: { entry[$0].name == "imageSegments" }) {
            parameters["imageSegments"] = .segments(RowSegments(lengths: layout.imageLengths))
        }
        if layout.windowSquares != nil {
            #expect(try example.stage("vision.window_index").elements.map { Int($0) } == layout.windowOrder)
            parameters["windowOrder"] = try indices(layout.windowOrder)
            parameters["originalOrder"] = try indices(layout.originalOrder)
            parameters["windowSegments"] = .segments(RowSegments(lengths: layout.windowLengths))
        }
        var seen: [String: Tensor<Double>] = [:]
        let outcome = try interpreter.run(GraphExpansion.encodeImages, with: parameters) { seen.note($0) }
        seen["result"] = try outcome.onlyTensor
        return seen
    }

    /// Values of `step` over the prompt, all its logits, and the logits that chose each of the generated tokens.
    private func decode(
        _ interpreter: Interpreter<Double>,
        _ example: ParityCase,
        features: Tensor<Double>?
    ) throws -> (seen: [String: Tensor<Double>], logits: Tensor<Double>, decodeLogits: Tensor<Double>) {
        let decoder = example.description.decoder
        let step = try #require(interpreter.graph.block(named: GraphExpansion.step))
        let axes = step.parameters.compactMap { id in
            step[id].name == "positions" ? step[id].type.tensor?.rows.constant : nil
        }
        let positions = try example.positions(axes: try #require(axes.first))
        func parameters(
            _ tokens: [Int32],
            _ positions: [Int32],
            firstIndex: Int,
            cache: KeyValueCache<Double>,
            features: Tensor<Double>?
        ) throws -> [String: InterpretedValue<Double>] {
            let run = RowSegments.Run(count: tokens.count, firstIndex: firstIndex)
            var parameters: [String: InterpretedValue<Double>] = [
                "tokens": .indices(try Tensor(shape: [tokens.count], elements: tokens)),
                "positions": .indices(
                    try Tensor(shape: [positions.count / tokens.count, tokens.count], elements: positions)
                ),
                "sequences": .segments(RowSegments([run])), "cache": .cache(cache),
                "logitRows": .indices(
                    try Tensor(shape: [tokens.count], elements: (0..<tokens.count).map(Int32.init))
                ),
            ]
            guard example.description.vision != nil else { return parameters }
            let places = features == nil ? [] : try example.imageRows()
            parameters["imageRows"] = .indices(try Tensor(shape: [places.count], elements: places))
            parameters["imageFeatures"] = .tensor(
                try features ?? Tensor(shape: [0, decoder.hidden], elements: [])
            )
            return parameters
        }
        var seen: [String: Tensor<Double>] = [:]
        let prompt = try interpreter.run(
            GraphExpansion.step,
            with: parameters(
                example.tokens,
                positions.prompt,
                firstIndex: 0,
                cache: KeyValueCache(layers: decoder.layers, sequences: 1),
                features: features
            )
        ) { seen.note($0) }
        let generated = try interpreter.run(
            GraphExpansion.step,
            with: parameters(
                example.generated,
                positions.generated,
                firstIndex: example.tokens.count,
                cache: try #require(prompt.cache),
                features: nil
            )
        )
        let logits = try prompt.tensor("logits")
        let further = try generated.tensor("logits")
        let chosen =
            Array(try #require(logits.row(logits.rows - 1)))
            + further.elements.prefix((example.generated.count - 1) * further.width)
        return (seen, logits, try Tensor(shape: [example.generated.count, logits.width], elements: chosen))
    }
}

extension [String: Tensor<Double>] {
    fileprivate mutating func note(_ observation: Interpreter<Double>.Observation) {
        guard let tensor = observation.value.tensor else { return }
        self[([observation.name] + [observation.layer].compactMap { $0.map(String.init) }).joined(separator: " ")] =
            tensor
    }
}
