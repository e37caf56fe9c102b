// What a correct description says, value by value, and which defaults take the place of keys that are left out.
// Not what is wrong with others: ReaderDiagnosticsTests.

import TensorTypes
import Testing

@testable import ModelDescriptions

struct ModelReaderTests {
    private func read(_ text: String) throws -> ModelDescription {
        try ModelReader().description(of: text, file: "m.toml")
    }

    @Test func `every value of a vision-language model`() throws {
        let model = try read(Example.visionLanguage)
        let rms = Layer(RMSNorm(epsilon: 1e-6))
        #expect(model.name == "example-vl")
        #expect(model.minimumCompiler.description == "0.1.0")
        #expect(model.source == "example/Example-VL")
        #expect(model.license == "apache-2.0")
        #expect(model.languages == ["en", "ko"])
        #expect(
            model.checkpoint
                == ModelDescription.Checkpoint(
                    elementType: .bf16,
                    renamed: ["model.language_model.": "model.", "model.visual.": "visual."],
                    unused: ["*.rotary_emb.inv_freq"]
                )
        )
        #expect(
            model.vision
                == ModelDescription.Vision(
                    layers: 8,
                    hidden: 64,
                    patch: 14,
                    temporalPatch: 2,
                    channels: 3,
                    merge: 2,
                    weights: "visual",
                    norm: rms,
                    patches: Layer(PatchProjection(bias: false)),
                    attention: Layer(
                        SegmentAttention(
                            heads: 4,
                            bias: [.query, .key, .value, .output],
                            window: 112,
                            fullAttentionLayers: [3, 7],
                            rope: RotaryEmbedding(positions: .grid, theta: 10000)
                        )
                    ),
                    mlp: Layer(GatedMLP(intermediate: 171, activation: .silu, bias: true))
                )
        )
        #expect(model.bridge == Layer(PatchMerger(norm: rms, activation: .gelu, bias: true)))
        #expect(model.decoder.head == "lm_head")
        #expect(
            model.decoder.attention
                == Layer(
                    SelfAttention(
                        heads: 8,
                        kvHeads: 2,
                        headDim: 16,
                        bias: [.query, .key, .value],
                        rope: RotaryEmbedding(
                            positions: .multimodal(sections: [2, 3, 3], layout: .sectioned),
                            theta: 1e6
                        )
                    )
                )
        )
        #expect(model.tokenizer.endOfText == ["<|im_end|>", "<|endoftext|>"])
        #expect(model.chat.imagePrefix == "<|vision_start|>")
        #expect(model.image?.rescale == 1.0 / 255)
        #expect(model.image?.patch == 14)
        #expect(model.image?.temporalPatch == 2)
        #expect(model.generation == ModelDescription.Generation(sample: true, temperature: 0.01, topP: 0.001, topK: 1))
        #expect(model.quantization.format(of: .mlp).name == "w4g32")
        #expect(model.quantization.format(of: .attention).name == "bf16")
    }

    @Test func `defaults of a language model`() throws {
        let model = try read(Example.language)
        let attention = try #require(model.decoder.attention.parameters as? SelfAttention)
        #expect(attention.kvHeads == 3)
        #expect(attention.headDim == 16)
        #expect(attention.bias == [])
        #expect(!attention.queryKeyNorm)
        #expect(attention.rope == RotaryEmbedding(positions: .sequence, theta: 1e5))
        #expect(model.decoder.head == nil)
        #expect(model.vision == nil)
        #expect(model.bridge == nil)
        #expect(model.image == nil)
        #expect(model.checkpoint.elementType == .f32)
        #expect(model.quantization.weights.name == "f32")
        #expect(model.chat == ModelDescription.Chat(format: .plain))
        #expect(model.generation == ModelDescription.Generation())
        #expect(model.tokenizer.file == "tokenizer.json")
    }

    @Test func `layers that see their windows`() throws {
        let attention = try #require(try read(Example.visionLanguage).vision?.attention.parameters as? SegmentAttention)
        #expect((0..<8).filter { !attention.isWindowed(layer: $0) } == [3, 7])
        var unwindowed = attention
        unwindowed.window = nil
        #expect((0..<8).allSatisfy { !unwindowed.isWindowed(layer: $0) })
    }

    @Test func `interleaved positions, head norms and learned positions can be stated`() throws {
        let model = try read(Example.interleaved)
        let attention = try #require(model.decoder.attention.parameters as? SelfAttention)
        #expect(attention.queryKeyNorm)
        #expect(attention.heads * attention.headDim == model.decoder.hidden)
        #expect(attention.rope.positions == .multimodal(sections: [24, 20, 20], layout: .interleaved))
        #expect(model.vision?.positions == Layer(LearnedGridPositions(side: 48)))
    }

    @Test(arguments: [
        ("{ kind = \"linear\", factor = 2 }", RotaryScaling.linear(factor: 2)),
        (
            "{ kind = \"llama3\", factor = 8, low-frequency-factor = 1, high-frequency-factor = 4, original-context = 8192 }",
            .llama3(
                RotaryScaling.Llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 8192)
            )
        ),
        (
            "{ kind = \"yarn\", factor = 1, original-context = 4096 }",
            .yarn(
                RotaryScaling.YaRN(
                    factor: 1,
                    originalContext: 4096,
                    betaFast: 32,
                    betaSlow: 1,
                    attentionFactor: 1,
                    truncate: true
                )
            )
        ),
    ])
    func `rotary scaling`(text: String, scaling: RotaryScaling) throws {
        let model = try read(Example.language.replacing("theta = 100000.0 }", with: "theta = 1e5, scaling = \(text) }"))
        #expect((model.decoder.attention.parameters as? SelfAttention)?.rope.scaling == scaling)
    }

    @Test func `biases are a truth value or a list`() throws {
        func bias(_ text: String) throws -> Set<AttentionProjection>? {
            let model = try read(Example.language.replacing("heads = 3", with: "heads = 3\nbias = \(text)"))
            return (model.decoder.attention.parameters as? SelfAttention)?.bias
        }
        #expect(try bias("true") == Set(AttentionProjection.allCases))
        #expect(try bias("false") == [])
        #expect(try bias("[]") == [])
        #expect(try bias("[\"output\", \"query\"]") == [.query, .output])
    }

    @Test func `an exception with the common format is none`() throws {
        let text = Example.visionLanguage.replacing("mlp = \"w4g32\"", with: "mlp = \"bf16\"")
        #expect(try read(text).quantization.exceptions.isEmpty)
    }
}
