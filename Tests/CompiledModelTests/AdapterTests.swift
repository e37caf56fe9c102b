// Adapters of compiled models: what they compute, as transformers and PEFT do, whatever is beside them in a batch, and
// that they come and go while the model runs.

import Foundation
import Generation
import InputProcessing
import ModelRuntime
import TensorTypes
import Testing

@testable import ModelCommands

extension Files {
    static func adapter(_ name: String) -> String { fixtures.appendingPathComponent("adapters/\(name)").path }
}

/// An adapter of the fixtures, and the conversation that was held with it.
private struct AdapterCase: CustomTestStringConvertible {
    let name: String
    let conversation: String

    var testDescription: String { name }

    var fixture: ParityFixture {
        get throws { try ParityFixture(path: Files.adapter(name) + "/\(conversation).json") }
    }
}

@Suite struct AdapterTests {
    private static let ofQwen = [
        AdapterCase(name: "qwen25vl-attention", conversation: "text"),
        AdapterCase(name: "qwen25vl-everything", conversation: "one-image"),
        AdapterCase(name: "qwen25vl-vision", conversation: "two-images"),
    ]
    private static let ofSmolLM = [
        AdapterCase(name: "smollm2-stabilised", conversation: "text"),
        AdapterCase(name: "smollm2-head", conversation: "two-turn"),
    ]

    // MARK: What they compute

    /// Every stage, the logits and the greedy tokens within the bounds that models without adapters are held to.
    private func verify<Model: CompiledModel>(_ model: Model.Type, _ example: AdapterCase, chunk: Int) throws {
        let loaded = try load(model) { options in
            options.adapter = Files.adapter(example.name)
            options.logitRows = 16
            options.stepRows = chunk
        }
        let stages = try Verifier(loaded: loaded, fixture: example.fixture).run()
        for stage in stages { #expect(stage.agrees, "\(stage.name): \(stage.error) of \(stage.tolerance)") }
        let plain = try load(model) { options in
            options.logitRows = 16
            options.stepRows = chunk
        }
        let others = try Verifier(loaded: plain, fixture: example.fixture).run()
        #expect(others.contains { !$0.agrees }, "without the adapter something must differ")
    }

    @Test(arguments: ofQwen, [512, 13]) private func agreeOnImagesAndText(example: AdapterCase, chunk: Int) throws {
        try verify(TinyQwen25vlA.self, example, chunk: chunk)
    }

    @Test(arguments: ofSmolLM, [512, 1]) private func agreeOnText(example: AdapterCase, chunk: Int) throws {
        try verify(TinySmollm2B.self, example, chunk: chunk)
    }

    /// bf16 weights: no further from f32 than the reference's own bf16 run is, by the factor of the fixture.
    @Test(arguments: ofQwen) private func halfPrecision(example: AdapterCase) throws {
        let command = try VerifyCommand<TinyQwen25vlA>.parse([
            "--quiet", "--weights", Files.checkpoint("tiny-qwen25vl-a"), "--cache", Files.cache, "--dtype", "bf16",
            "--adapter", Files.adapter(example.name), "--fixture",
            Files.adapter(example.name) + "/\(example.conversation).json",
        ])
        try command.run()
    }

    /// Integer weights lose what they lose without an adapter, and far less than the adapter changes.
    @Test(arguments: [WeightFormat.w8g32, .w8]) func integerWeights(format: WeightFormat) throws {
        func logits(_ format: WeightFormat, _ adapter: String?) throws -> [[Float]] {
            let loaded = try load(TinySmollm2B.self) { options in
                options.weightFormat = format
                options.adapter = adapter
                options.logitRows = 16
            }
            return try Verifier(loaded: loaded, fixture: Self.ofSmolLM[0].fixture).allLogits()
        }
        func divergence(_ left: [[Float]], _ right: [[Float]]) -> Double {
            zip(left, right).map(KullbackLeibler.divergence).reduce(0, +) / Double(left.count)
        }
        let folder = Files.adapter(Self.ofSmolLM[0].name)
        let (single, adapted) = (try logits(.f32, nil), try logits(.f32, folder))
        let loss = divergence(single, try logits(format, nil))
        let adaptedLoss = divergence(adapted, try logits(format, folder))
        #expect(adaptedLoss <= 2 * loss, "\(adaptedLoss) of \(loss)")
        #expect(adaptedLoss * 20 < divergence(adapted, single))
    }

    // MARK: Company

    /// Formats of weights with a cache each.
    private static let formats: [(weights: WeightFormat, cache: CacheGeometry.Precision)] = [
        (.f32, .f32), (.bf16, .bf16), (.w8g32, .int8), (.w4g128, .bf16),
    ]

    /// Sequences with different adapters and with none, in common steps of every mixture, are each what they are alone,
    /// bit by bit; and without an adapter, what a model gives that has no room for any.
    @Test(arguments: formats) func mixedBatches(weights: WeightFormat, cache: CacheGeometry.Precision) throws {
        func loadedModel(_ limits: AdapterLimits) throws -> LoadedModel<TinyQwen25vlA> {
            try load(TinyQwen25vlA.self) { options in
                options.logitRows = 5
                options.weightFormat = weights
                options.cachePrecision = cache
                options.adapterLimits = limits
            }
        }
        let loaded = try loadedModel(AdapterLimits(count: 3, rank: 6))
        for example in Self.ofQwen { try loaded.adapters.load(example.name, from: Files.adapter(example.name)) }
        let names = [0: "qwen25vl-attention", 1: "qwen25vl-everything", 3: "qwen25vl-vision", 4: "qwen25vl-attention"]
        let adapters = names.compactMapValues { loaded.adapters[$0] }
        #expect(adapters.count == names.count)
        let questions: [(String, [String])] = [
            ("No image here.", []), ("Read this.", ["stamp-61x45.png"]), ("And this?", ["label-140x71.png"]),
            ("진단명은?", ["receipt-113x301.png"]), ("a", []),
        ]
        let prompts = try questions.map { try loaded.prompt($0.0, $0.1) }
        let alone = try prompts.indices.map { index in
            try BatchedRun(loaded, [prompts[index]], adapters: adapters[index].map { [0: $0] } ?? [:]).answer(12)
        }
        let plain = try BatchedRun(try loadedModel(.none), [prompts[2]]).answer(12)
        #expect(alone[2] == plain, "the one without adapter")
        for (index, prompt) in prompts.enumerated() where adapters[index] != nil {
            #expect(try BatchedRun(loaded, [prompt]).answer(12) != alone[index], "an adapter that changes nothing")
        }
        for seed in 0..<4 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let run = try BatchedRun(loaded, prompts, adapters: adapters)
            #expect(try run.answers(12, &generator) == alone, "the same bits, seed \(seed)")
            #expect(run.steps.contains { $0.count > 2 })

            let greedy = Set(prompts.indices.filter { _ in Bool.random(using: &generator) })
            let mixed = try BatchedRun(loaded, prompts, greedy: greedy, adapters: adapters).answers(12, &generator)
            let expected = alone.enumerated().map { greedy.contains($0) ? Answer(tokens: $1.tokens) : $1 }
            #expect(mixed == expected, "greedy: \(greedy.sorted()), seed \(seed)")
        }
    }

    // MARK: Coming and going

    /// An answer goes on with its adapter when that is unloaded; its place is free when the answer's session is gone.
    @Test func unloadingDuringAnAnswer() throws {
        let loaded = try load(TinySmollm2B.self) { $0.adapterLimits = AdapterLimits(count: 1, rank: 8) }
        let folder = Files.adapter("smollm2-stabilised")
        let prompt = try loaded.prompt("What does this policy cover?")
        let plain = try GenerationSession(loaded).generate(prompt, greedy(20)).tokens
        try loaded.adapters.load("claims", from: folder)
        var expected: [Int32] = []
        do {
            let session = try GenerationSession(loaded, adapter: loaded.adapters["claims"])
            expected = try session.generate(prompt, greedy(20)).tokens
            #expect(expected != plain)
            var isUnloaded = false
            let anew = try GenerationSession(loaded, adapter: loaded.adapters["claims"])
            let answer = try anew.generate(prompt, greedy(20)) { event in
                guard case .text = event, !isUnloaded else { return }
                isUnloaded = loaded.adapters.unload("claims")
            }
            #expect(isUnloaded && answer.tokens == expected)
            #expect(throws: AdapterError.self) { try loaded.adapters.load("other", from: folder) }
            withExtendedLifetime(session) {}
        }
        try loaded.adapters.load("other", from: folder)
        let again = try GenerationSession(loaded, adapter: loaded.adapters["other"]).generate(prompt, greedy(20))
        #expect(again.tokens == expected)
        #expect(try GenerationSession(loaded).generate(prompt, greedy(20)).tokens == plain)
    }

    @Test func memoryIsPlanned() throws {
        func planned(_ limits: AdapterLimits) throws -> Int {
            try load(TinyQwen25vlA.self) { $0.adapterLimits = limits }.plannedBytes
        }
        let none = try planned(.none)
        let weights = TinyQwen25vlA.manifest.weights
        // Query, key and value share a matrix: three times the rank.
        let scratch = { (rank: Int) in
            CPUDevice.scratchByteCount(threads: 2, largestInputs: 16, adapterWidth: 3 * rank)
                - CPUDevice.scratchByteCount(threads: 2, largestInputs: 16)
        }
        for (count, rank) in [(1, 4), (3, 100)] {
            let expected = none + count * weights.adapterByteCount(rank: rank) + scratch(rank)
            #expect(try planned(AdapterLimits(count: count, rank: rank)) == expected)
        }
        let everything = try Adapter(folder: Files.adapter("qwen25vl-everything"), for: weights)
        #expect(everything.byteCount <= weights.adapterByteCount(rank: everything.rank))
    }

    @Test func anAdapterOfAnotherModel() throws {
        let error = #expect(throws: AdapterError.self) {
            try load(TinySmollm2B.self) { $0.adapter = Files.adapter("qwen25vl-attention") }
        }
        let text = error?.description ?? ""
        #expect(text.contains("language_model.layers.{0...2}.self_attn.q_proj.lora_A.weight belongs to no matrix"))
        #expect(text.split(separator: "\n").count == 9, "four modules with two tensors each, of three layers: \(text)")
    }
}
