// Greedy answers are the same whether a step keeps the greatest logit of its rows or all logits are searched for it.

import Generation
import ModelRuntime
import TensorTypes
import Testing

@Suite struct GreedyChoiceTests {
    private func check<Model: CompiledModel>(
        _ model: Model.Type,
        _ images: [String],
        weights: WeightFormat
    ) throws {
        let loaded = try load(model) {
            $0.weightFormat = weights
            $0.stepRows = 50
        }
        let prompt = try loaded.prompt("Read 항목 and 금액, then the total of this bill.", images)
        let changes: [(inout SamplingParameters) -> Void] = [
            { _ in }, { $0.minimumTokens = 7 }, { $0.presencePenalty = 0.5 }, { $0.repetitionPenalty = 1.2 },
        ]
        for change in changes {
            var parameters = greedy(24)
            change(&parameters)
            let found = try GenerationSession(loaded).generate(prompt, parameters)
            // Log probabilities need all logits.
            parameters.topLogProbabilities = 0
            let expected = try GenerationSession(loaded).generate(prompt, parameters)
            #expect(found.tokens.count == 24 && found.tokens == expected.tokens)
        }
    }

    @Test(arguments: [WeightFormat.f32, .bf16, .w8g32, .w4g128]) func text(weights: WeightFormat) throws {
        try check(TinySmollm2B.self, [], weights: weights)
    }

    @Test(arguments: [WeightFormat.f32, .bf16]) func images(weights: WeightFormat) throws {
        try check(TinyQwen25vlA.self, ["stamp-61x45.png"], weights: weights)
    }

    /// What a conversation is asked may differ from answer to answer.
    @Test func answersOfOneSession() throws {
        let loaded = try load(TinySmollm2B.self)
        let prompt = try loaded.prompt("And until when?")
        var parameters = greedy(12)
        parameters.topLogProbabilities = 3
        let session = try GenerationSession(loaded)
        let first = try session.generate(prompt, greedy(12))
        let second = try session.generate(prompt, parameters)
        let third = try session.generate(prompt, greedy(12))
        #expect(first.tokens == second.tokens && first.tokens == third.tokens)
        #expect(first.logProbabilities.isEmpty && second.logProbabilities.count == 12)
        #expect(second.logProbabilities.map(\.chosen) == second.logProbabilities.compactMap(\.top.first))
    }
}
