// What is printed of a description reads back as the same description, whatever is in it.

import TensorTypes
import TestRandomness
import Testing

@testable import ModelDescriptions

/// Puts together correct descriptions at random.
struct DescriptionGenerator {
    var generator: SeededGenerator

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    private mutating func flip() -> Bool { Bool.random(using: &generator) }

    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[number(0...elements.count - 1)]
    }

    private mutating func positive() -> Double {
        pick([1e-6, 1e-5, 0.1, 1, 1e6, 500_000, 12345.678, Double.random(in: 1e-9...1e9, using: &generator)])
    }

    private mutating func text() -> String {
        let pieces = ["a", "B", ".", "\"", "\\", "\n", "\t", "é", "한", "🙂", " ", "#", "'", "\u{1}", "=", "]", "\u{7F}"]
        return (0..<number(1...8)).map { _ in pick(pieces) }.joined()
    }

    private mutating func optionalText() -> String? { flip() ? text() : nil }

    private mutating func texts() -> [String] {
        (0..<number(1...3)).map { "\($0)" + text() }
    }

    private mutating func strings() -> [String: String] {
        Dictionary(texts().enumerated().map { ("k\($0.offset)\($0.element)", "v" + text()) }) { first, _ in first }
    }

    private mutating func norm() -> Layer {
        flip() ? Layer(RMSNorm(epsilon: positive())) : Layer(LayerNorm(epsilon: positive(), bias: flip()))
    }

    private mutating func mlp() -> Layer {
        let intermediate = number(1...20000)
        let activation = pick(Activation.allCases)
        return flip()
            ? Layer(GatedMLP(intermediate: intermediate, activation: activation, bias: flip()))
            : Layer(MLP(intermediate: intermediate, activation: activation, bias: flip()))
    }

    private mutating func biases() -> Set<AttentionProjection> {
        Set(AttentionProjection.allCases.filter { _ in flip() })
    }

    private mutating func scaling() -> RotaryScaling? {
        switch number(0...3) {
        case 0: return .linear(factor: 1 + positive())
        case 1:
            let low = positive()
            return .llama3(
                RotaryScaling.Llama3(
                    factor: 1 + positive(),
                    lowFrequencyFactor: low,
                    highFrequencyFactor: low * 4,
                    originalContext: number(1...100_000)
                )
            )
        case 2:
            let slow = positive()
            return .yarn(
                RotaryScaling.YaRN(
                    factor: 1 + positive(),
                    originalContext: number(1...100_000),
                    betaFast: slow * 32,
                    betaSlow: slow,
                    attentionFactor: positive(),
                    truncate: flip()
                )
            )
        default: return nil
        }
    }

    private mutating func selfAttention() -> Layer {
        let kvHeads = number(1...8)
        let headDim = 2 * number(3...64)
        let pairs = headDim / 2
        var positions = RotaryEmbedding.Positions.sequence
        if flip() {
            let height = number(0...pairs / 3)
            let width = number(0...pairs / 3)
            let layout: RotaryEmbedding.SectionLayout = flip() ? .sectioned : .interleaved
            positions = .multimodal(sections: [pairs - height - width, height, width], layout: layout)
        }
        return Layer(
            SelfAttention(
                heads: kvHeads * number(1...8),
                kvHeads: kvHeads,
                headDim: headDim,
                bias: biases(),
                queryKeyNorm: flip(),
                rope: RotaryEmbedding(positions: positions, theta: 1 + positive(), scaling: scaling())
            )
        )
    }

    private mutating func vision() -> ModelDescription.Vision {
        let layers = number(1...40)
        let heads = number(1...16)
        let patch = number(1...32)
        let merge = number(1...4)
        let window = flip() ? patch * merge * number(1...8) : nil
        let full = (0..<layers).filter { _ in window != nil && flip() }
        return ModelDescription.Vision(
            layers: layers,
            hidden: heads * 4 * number(1...32),
            patch: patch,
            temporalPatch: number(1...4),
            channels: number(1...4),
            merge: merge,
            weights: text(),
            norm: norm(),
            patches: Layer(PatchProjection(bias: flip())),
            positions: flip() ? Layer(LearnedGridPositions(side: number(2...64))) : nil,
            attention: Layer(
                SegmentAttention(
                    heads: heads,
                    bias: biases(),
                    window: window,
                    fullAttentionLayers: full,
                    rope: RotaryEmbedding(positions: .grid, theta: 1 + positive())
                )
            ),
            mlp: mlp()
        )
    }

    private mutating func image(_ vision: ModelDescription.Vision) -> ModelDescription.ImageProcessor {
        let square = vision.patch * vision.merge
        let minimum = number(1...100_000)
        return ModelDescription.ImageProcessor(
            processor: .qwen2VL,
            resample: pick(ModelDescription.ImageProcessor.Resample.allCases),
            mean: (0..<vision.channels).map { _ in positive() - 1 },
            standardDeviation: (0..<vision.channels).map { _ in positive() },
            rescale: positive(),
            minimumPixels: minimum,
            maximumPixels: minimum + square * square,
            patch: vision.patch,
            temporalPatch: vision.temporalPatch,
            merge: vision.merge
        )
    }

    private mutating func quantization(hasVision: Bool, isTied: Bool) -> ModelDescription.Quantization {
        var exceptions: [ModelDescription.Quantization.TensorClass: WeightFormat] = [:]
        for tensorClass in ModelDescription.Quantization.TensorClass.allCases where flip() {
            let isOfVision = tensorClass == .vision || tensorClass == .bridge
            if isOfVision && !hasVision || tensorClass == .head && isTied { continue }
            exceptions[tensorClass] = pick(WeightFormat.all)
        }
        return ModelDescription.Quantization(weights: pick(WeightFormat.all), exceptions: exceptions)
    }

    mutating func description() -> ModelDescription {
        let vision = flip() ? vision() : nil
        let isTied = flip()
        let decoder = ModelDescription.Decoder(
            layers: number(1...100),
            hidden: number(1...10_000),
            vocab: number(1...200_000),
            context: number(1...1_000_000),
            tiedEmbeddings: isTied,
            weights: text(),
            head: isTied ? nil : text(),
            norm: norm(),
            attention: selfAttention(),
            mlp: mlp()
        )
        let format = pick(ModelDescription.Chat.Format.allCases)
        return ModelDescription(
            name: pick(["a", "qwen2.5-vl-3b", "x_1"]),
            source: optionalText(),
            baseModel: optionalText(),
            license: optionalText(),
            languages: flip() ? texts() : [],
            checkpoint: ModelDescription.Checkpoint(
                elementType: pick(ModelDescription.Checkpoint.elementTypes),
                renamed: strings(),
                tied: isTied ? strings() : [:],
                unused: flip() ? texts() : []
            ),
            vision: vision,
            bridge: vision == nil ? nil : Layer(PatchMerger(norm: norm(), activation: .gelu, bias: flip())),
            decoder: decoder,
            tokenizer: ModelDescription.Tokenizer(
                file: pick(["tokenizer.json", "other file.json"]),
                endOfText: texts(),
                startOfText: optionalText(),
                padding: optionalText(),
                image: vision == nil ? nil : "<image>",
                video: vision == nil ? nil : optionalText()
            ),
            chat: ModelDescription.Chat(
                format: format,
                defaultSystem: format == .plain ? nil : optionalText(),
                imagePrefix: vision == nil || flip() ? "" : text(),
                imageSuffix: vision == nil || flip() ? "" : text()
            ),
            image: vision.map { image($0) },
            generation: ModelDescription.Generation(
                sample: flip(),
                temperature: positive(),
                topP: Double.random(in: 0...1, using: &generator),
                topK: number(0...100),
                minP: Double.random(in: 0...1, using: &generator),
                repetitionPenalty: positive(),
                maximumTokens: flip() ? number(1...100_000) : nil
            ),
            quantization: quantization(hasVision: vision != nil, isTied: isTied)
        )
    }
}

struct ModelPrinterTests {
    @Test(arguments: 0..<60)
    func `a printed description reads back as itself`(seed: Int) throws {
        var generator = DescriptionGenerator(seed: UInt64(seed))
        for _ in 0..<4 {
            let description = generator.description()
            let text = ModelPrinter(header: ["x"], comments: ["decoder": "y", "decoder.layers": "z"]).print(description)
            let outcome = ModelReader().read(text, file: "p")
            #expect(outcome.diagnostics == [], "\(text)")
            #expect(outcome.description == description, "\(text)")
            let again = try #require(outcome.description)
            #expect(
                ModelPrinter(header: ["x"], comments: ["decoder": "y", "decoder.layers": "z"]).print(again) == text
            )
        }
    }

    @Test func `the examples read back as themselves`() throws {
        for text in [Example.visionLanguage, Example.language, Example.interleaved] {
            let description = try ModelReader().description(of: text, file: "m")
            let printed = ModelPrinter().print(description)
            #expect(try ModelReader().description(of: printed, file: "m") == description)
        }
    }

    @Test func `every default is stated`() throws {
        let description = try ModelReader().description(of: Example.language, file: "m")
        let text = ModelPrinter().print(description)
        for line in [
            "kv-heads = 3", "head-dim = 16", "bias = false", "qk-norm = false", "file = \"tokenizer.json\"",
            "format = \"plain\"", "sample = false", "temperature = 1.0", "top-p = 1.0", "top-k = 0", "min-p = 0.0",
            "repetition-penalty = 1.0", "weights = \"f32\"", "unused = []",
        ] {
            #expect(text.contains("\n\(line)\n"), "\(line)")
        }
    }

    @Test func `small tables stand inline, and others under a heading`() throws {
        let text = ModelPrinter().print(try ModelReader().description(of: Example.visionLanguage, file: "m"))
        #expect(text.contains("\nnorm = { kind = \"rms-norm\", epsilon = 1e-6 }\n"))
        #expect(text.contains("\n\n[decoder.attention.rope]\nkind = \"m-rope\"\ntheta = 1e6\n"))
    }

    @Test func `comments stand beside keys, above long lines and above headings`() throws {
        let description = try ModelReader().description(of: Example.visionLanguage, file: "m")
        let comments = [
            "decoder": "the language model", "decoder.layers": "how many",
            "tokenizer.end-of-text":
                "a comment that is so long that it no longer fits beside the key that it speaks of",
        ]
        let text = ModelPrinter(header: ["first", "", "second"], comments: comments).print(description)
        #expect(text.hasPrefix("# first\n\n# second\nschema = 1\n"))
        #expect(text.contains("\n\n# the language model\n[decoder]\nlayers = 4  # how many\n"))
        #expect(text.contains("\n# a comment that is so long"))
        #expect(ModelReader().read(text, file: "m").description == description)
    }
}
