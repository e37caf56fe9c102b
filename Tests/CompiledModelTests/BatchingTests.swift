// Several sequences in one step give what each gives alone, bit by bit, whatever part of their work each brings to it,
// and whether a step keeps all logits of them or the greatest.

import Generation
import ModelRuntime
import TensorTypes
import Testing

/// Formats of weights, each with the precision of a cache; together all of both.
private let formats: [(weights: WeightFormat, cache: CacheGeometry.Precision)] = [
    (.f32, .f32), (.f32, .int8), (.bf16, .bf16), (.f16, .bf16), (.w8g32, .int8), (.w8, .bf16), (.w4g32, .int8),
    (.w4g128, .int8),
]

@Suite struct BatchingTests {
    private func check<Model: CompiledModel>(
        _ model: Model.Type,
        _ questions: [(String, [String])],
        weights: WeightFormat,
        cache: CacheGeometry.Precision
    ) throws {
        let loaded = try load(model) { options in
            options.logitRows = questions.count
            options.weightFormat = weights
            options.cachePrecision = cache
        }
        let prompts = try questions.map { try loaded.prompt($0.0, $0.1) }
        let alone = try prompts.map { try BatchedRun(loaded, [$0]).answer(16) }
        #expect(
            try alone.map(\.tokens) == prompts.map { try GenerationSession(loaded).generate($0, greedy(16)).tokens }
        )
        for seed in 0..<6 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let run = try BatchedRun(loaded, prompts)
            let together = try run.answers(16, &generator)
            #expect(together.map(\.tokens) == alone.map(\.tokens), "seed \(seed)")
            #expect(together == alone, "the same bits, seed \(seed)")
            #expect(run.steps.contains { $0.count > 1 }, "some steps must have several sequences")

            let greedy = Set(prompts.indices.filter { _ in Bool.random(using: &generator) })
            let mixed = try BatchedRun(loaded, prompts, greedy: greedy).answers(16, &generator)
            let expected = alone.enumerated().map { greedy.contains($0) ? Answer(tokens: $1.tokens) : $1 }
            #expect(mixed == expected, "greedy: \(greedy.sorted()), seed \(seed)")
        }
    }

    @Test(arguments: formats) func textOfSeveralSequences(weights: WeightFormat, cache: CacheGeometry.Precision) throws
    {
        try check(
            TinySmollm2B.self,
            [("a", []), ("What does this policy cover, and until when?", []), ("수술 기록을 읽어 주세요.", []), ("12,300", [])],
            weights: weights,
            cache: cache
        )
    }

    @Test(arguments: formats)
    func textAndImagesOfSeveralSequences(weights: WeightFormat, cache: CacheGeometry.Precision) throws {
        try check(
            TinyQwen25vlA.self,
            [
                ("Read this.", ["stamp-61x45.png", "label-140x71.png"]), ("No image here.", []),
                ("진단명은?", ["receipt-113x301.png"]),
            ],
            weights: weights,
            cache: cache
        )
    }

    @Test(arguments: [WeightFormat.f32, .bf16, .w8g32, .w4g128])
    func imagesOfOneCall(weights: WeightFormat) throws {
        let loaded = try load(TinyQwen25vlA.self) { $0.weightFormat = weights }
        let run = try BatchedRun(loaded, [])
        let prompt = try loaded.prompt("Compare.", ["stamp-61x45.png", "label-140x71.png", "receipt-113x301.png"])
        let together = try run.encode(prompt.images)
        for (image, found) in zip(prompt.images, together) {
            let alone = try run.encode([image])[0]
            #expect(found.features.values.map(\.bitPattern) == alone.features.values.map(\.bitPattern))
        }
    }

    @Test func imagesWithoutWindows() throws {
        try check(
            TinyQwen2vlB.self,
            [("Read this.", ["stamp-61x45.png"]), ("And this.", ["label-140x71.png"])],
            weights: .f32,
            cache: .f32
        )
    }
}
