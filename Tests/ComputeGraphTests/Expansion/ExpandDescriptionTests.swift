// From descriptions to graphs: goldens of whole models, what is refused, and the weights that are asked for.
// Whether the graphs compute the right thing: ReferenceInterpreterTests.

import Diagnostics
import ModelDescriptions
import TestSupport
import Testing

@testable import ComputeGraph

/// A layer kind that nobody gave an expansion.
private struct UnexpandedMLP: LayerParameters {
    static let kind = "unexpanded-mlp"
    static let role = LayerRole.feedForward
    static let summary = "does nothing"
    init() {}
    init?(from reader: inout TableReader, context: LayerContext) { self.init() }
    func write(to writer: inout TableWriter) {}
}

/// Attention with a window of its own in every layer.
private struct GrowingWindows: LayerParameters, AttentionExpansion {
    static let kind = "growing-windows"
    static let role = LayerRole.attention
    static let summary = "sees more with every layer"
    init() {}
    init?(from reader: inout TableReader, context: LayerContext) { self.init() }
    func write(to writer: inout TableWriter) {}

    func rotaryFrequencies(hidden: Int) -> RotaryFrequencies {
        RotaryFrequencies(axes: [0, 1], inverseFrequencies: [1, 1])
    }
    func segmentation(layer: Int) -> Segmentation { .windows(pixels: 8 * (layer + 1)) }
    func attend(
        _ input: ValueID,
        inputs: AttentionInputs,
        hidden: Int,
        scope: WeightScope,
        in builder: inout BlockBuilder
    ) throws -> (rows: ValueID, cache: ValueID?) { (input, nil) }
}

@Suite struct ExpandDescriptionTests {
    /// Text of the graph of a published model, of the tiny ones that parity is shown with, and of one that has what
    /// those do not have.
    @Test(
        arguments: ["qwen2.5-vl-3b"] + ModelFiles.names(prefix: "tiny-")
    )
    func goldenOfModelFile(_ name: String) throws {
        let graph = try GraphExpansion.graph(of: ModelFiles.description(name))
        try Golden.check(GraphPrinter.text(of: graph), "\(name).txt")
    }

    @Test func goldenOfAllVariants() throws {
        let graph = try GraphExpansion.graph(of: TinyDescriptions.interleaved)
        try Golden.check(GraphPrinter.text(of: graph), "interleaved.txt")
    }

    private func messages(_ description: ModelDescription) -> [String] {
        do {
            _ = try GraphExpansion.graph(of: description)
            return []
        } catch let error as DiagnosticError {
            return error.diagnostics.map(\.message)
        } catch {
            return ["\(error)"]
        }
    }

    @Test func refusesWhatItDoesNotCompute() {
        var description = TinyDescriptions.windowed
        description.vision?.deepstackLayers = [1]
        description.vision?.positions = Layer(LearnedGridPositions(side: 4))
        #expect(
            messages(description) == [
                "the encoder hands features of inner layers to the decoder, "
                    + "which this version parses but does not compile",
                "the encoder has positions of the kind `learned-grid-positions`, "
                    + "which this version parses but does not compile",
            ]
        )
    }

    @Test func refusesKindsWithoutExpansion() {
        var description = TinyDescriptions.text
        description.decoder.mlp = Layer(UnexpandedMLP())
        #expect(
            messages(description) == ["layer kind `unexpanded-mlp` has no expansion for the role feed-forward"]
        )
        description = TinyDescriptions.windowed
        description.vision?.norm = Layer(UnexpandedMLP())
        #expect(messages(description).count == 1)
    }

    @Test func refusesTwoKindsOfWindows() {
        var description = TinyDescriptions.windowed
        description.vision?.attention = Layer(GrowingWindows())
        #expect(
            messages(description) == [
                "the layers do not fit together: [vision.1] layers of the encoder see 3 kinds of windows"
            ]
        )
    }

    @Test func segmentationFollowsTheLayer() throws {
        let graph = try GraphExpansion.graph(of: TinyDescriptions.windowed)
        let block = try #require(graph.block(named: GraphExpansion.encodeImages))
        let loops = block.operations.compactMap { operation -> LayerLoop? in
            if case .layers(let loop) = operation.kind { loop } else { nil }
        }
        #expect(
            loops.map(\.bindings) == [
                [.operand(0), .operand(1), .selected(layers: [1], operand: 3, otherwise: 2)]
            ]
        )
        // Without windows there is nothing to put in order.
        let plain = try GraphExpansion.graph(of: TinyDescriptions.unwindowed)
        let names = try #require(plain.block(named: GraphExpansion.encodeImages)).values.map(\.name)
        #expect(!names.contains("windowOrder"))
    }

    @Test func embeddingIsTheHeadIfTied() throws {
        func head(_ description: ModelDescription) throws -> (name: String, sameAsEmbedding: Bool) {
            let graph = try GraphExpansion.graph(of: description)
            let step = try #require(graph.block(named: GraphExpansion.step))
            let first = try #require(step.operations.first).operands[0]
            let last = try #require(step.operations.last).operands[1]
            return (try #require(step[last].weight?.sources.first?.tensor), first == last)
        }
        #expect(try head(TinyDescriptions.text) == ("model.embed_tokens.weight", true))
        #expect(try head(TinyDescriptions.unwindowed) == ("lm_head.weight", false))
    }

    /// Parameters of Qwen2.5-VL-3B as its tensors sum up to: transformers@5.23.0, Qwen2_5_VLForConditionalGeneration
    /// of the published configuration, without the tied head.
    @Test func parameterCountOfAPublishedModel() throws {
        let graph = try GraphExpansion.graph(of: ModelFiles.description("qwen2.5-vl-3b"))
        var elements: [String: Int] = [:]
        for block in graph.blocks {
            for layer in 0..<block.repetitions {
                for source in block.weights.flatMap(\.weight.sources) {
                    guard let name = source.tensor else { continue }
                    elements["\(name) \(layer)"] = source.rows * source.rowElements
                }
            }
        }
        #expect(elements.values.reduce(0, +) == 3_754_622_976)
    }
}
