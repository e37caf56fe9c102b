// Whole choices: greedy, random with fixed seeds, adjusted logits, log probabilities, and what is refused.

import Testing

@testable import ModelRuntime

@Suite struct TokenSamplerTests {
    private func makeSampler(
        _ parameters: SamplingParameters,
        vocabulary: Int,
        prompt: [Int32] = [],
        endOfSequence: Set<Int32> = []
    ) throws -> TokenSampler {
        try TokenSampler(parameters, vocabularySize: vocabulary, endOfSequence: endOfSequence, prompt: prompt)
    }

    private func sample(_ sampler: inout TokenSampler, _ logits: [Float]) throws -> SampledToken {
        try logits.withUnsafeBufferPointer { try sampler.sample($0) }
    }

    @Test func greedyTakesTheFirstLargest() throws {
        var sampler = try makeSampler(.greedy, vocabulary: 4)
        #expect(try sample(&sampler, [0, 2, 2, 1]).token == 1)
    }

    @Test func paddingBeyondTheVocabularyIsNeverChosen() throws {
        var sampler = try makeSampler(.greedy, vocabulary: 2)
        #expect(try sample(&sampler, [0, 1, 99, .nan]).token == 1)
    }

    @Test func greedyTakesTheGreatestThatAStepKept() throws {
        var sampler = try makeSampler(.greedy, vocabulary: 4)
        #expect(try sampler.sample(.greatest(GreatestLogit(token: 3, value: -2))) == SampledToken(token: 3))
        #expect(throws: SamplingError.logitNotFinite(token: 1)) {
            try sampler.sample(.greatest(GreatestLogit(token: 1, value: .infinity)))
        }
        #expect(throws: SamplingError.everyTokenExcluded) {
            try sampler.sample(.greatest(GreatestLogit(token: 0, value: -.infinity)))
        }
    }

    @Test func greatestIsEnoughForGreedyChoicesAlone() throws {
        func isEnough(_ change: (inout SamplingParameters) -> Void) throws -> Bool {
            var parameters = SamplingParameters.greedy
            change(&parameters)
            return try makeSampler(parameters, vocabulary: 4, prompt: [1]).needsGreatestOnly
        }
        #expect(try isEnough { _ in })
        #expect(try isEnough { $0.topK = 2 })
        #expect(try !isEnough { $0.temperature = 0.5 })
        #expect(try !isEnough { $0.topLogProbabilities = 0 })
        #expect(try !isEnough { $0.logitBias = [1: 1] })
        #expect(try !isEnough { $0.repetitionPenalty = 1.1 })
    }

    /// Penalties begin with the first token, forbidden stop tokens end with the last.
    @Test func whatIsEnoughMayChangeWithEveryChoice() throws {
        var parameters = SamplingParameters.greedy
        parameters.presencePenalty = 1
        var penalized = try makeSampler(parameters, vocabulary: 4)
        #expect(penalized.needsGreatestOnly)
        #expect(try penalized.sample(.greatest(GreatestLogit(token: 1, value: 5))).token == 1)
        #expect(!penalized.needsGreatestOnly)
        #expect(try sample(&penalized, [0, 0.5, 0, 0]).token == 0)
        parameters = .greedy
        parameters.minimumTokens = 1
        var started = try makeSampler(parameters, vocabulary: 4, endOfSequence: [1])
        #expect(!started.needsGreatestOnly)
        #expect(try sample(&started, [0, 2, 1, 0]).token == 2)
        #expect(started.needsGreatestOnly)
    }

    @Test func choicesFollowTheProbabilities() throws {
        let logits: [Float] = [1, 0.5, -1, 2, -0.25, 0, 1.5, -2]
        var parameters = SamplingParameters()
        parameters.temperature = 0.8
        parameters.seed = 42
        var sampler = try makeSampler(parameters, vocabulary: 8)
        var counts = [Int](repeating: 0, count: 8)
        for _ in 0..<5_000 { counts[Int(try sample(&sampler, logits).token)] += 1 }
        let weights = logits.map { exponential(Double($0) / 0.8) }
        let total = weights.reduce(0, +)
        let statistic = chiSquare(observed: counts, expected: weights.map { 5_000 * $0 / total })
        #expect(statistic < 30, "chi-square with 7 degrees of freedom exceeds 30 once in 10,000 streams")
    }

    @Test func truncatedChoicesFollowTheRenormalisedProbabilities() throws {
        let logits: [Float] = [1, 0.5, -1, 2, -0.25, 0, 1.5, -2]
        var parameters = SamplingParameters()
        parameters.topK = 4
        parameters.topP = 0.9
        parameters.seed = 43
        var sampler = try makeSampler(parameters, vocabulary: 8)
        var counts = [Int](repeating: 0, count: 8)
        for _ in 0..<5_000 { counts[Int(try sample(&sampler, logits).token)] += 1 }
        // Of 2, 1.5, 1, 0.5 the first three reach 0.9 of the sum: 0.4551 + 0.2760 + 0.1674 = 0.8985, so all four stay.
        let kept = [3, 6, 0, 1]
        let total = kept.reduce(0) { $0 + exponential(Double(logits[$1])) }
        let expected = kept.map { 5_000 * exponential(Double(logits[$0])) / total }
        #expect(counts.enumerated().allSatisfy { kept.contains($0.offset) || $0.element == 0 })
        let statistic = chiSquare(observed: kept.map { counts[$0] }, expected: expected)
        #expect(statistic < 22, "chi-square with 3 degrees of freedom exceeds 22 once in 10,000 streams")
    }

    @Test func equalSeedsGiveEqualTokens() throws {
        let logits = (0..<64).map { Float($0 % 7) }
        func tokens(seed: UInt64?) throws -> (seed: UInt64, tokens: [Int32]) {
            var parameters = SamplingParameters()
            parameters.seed = seed
            var sampler = try makeSampler(parameters, vocabulary: 64)
            return (sampler.seed, try (0..<50).map { _ in try sample(&sampler, logits).token })
        }
        let first = try tokens(seed: 7)
        #expect(try tokens(seed: 7).tokens == first.tokens)
        #expect(try tokens(seed: 8).tokens != first.tokens)
        let drawn = try tokens(seed: nil)
        #expect(try tokens(seed: drawn.seed).tokens == drawn.tokens)
    }

    @Test func biasChangesTheChoice() throws {
        var parameters = SamplingParameters.greedy
        parameters.logitBias = [2: 5, 1: -100]
        var sampler = try makeSampler(parameters, vocabulary: 3)
        #expect(try sample(&sampler, [3, 90, 0]).token == 2)
    }

    @Test func stopTokensAreForbiddenBeforeTheMinimum() throws {
        var parameters = SamplingParameters.greedy
        parameters.minimumTokens = 2
        parameters.stopTokens = [1]
        var sampler = try makeSampler(parameters, vocabulary: 4, endOfSequence: [3])
        let logits: [Float] = [0, 5, 1, 9]
        #expect(try (0..<3).map { _ in try sample(&sampler, logits).token } == [2, 2, 3])
    }

    @Test func ignoredEndOfSequenceIsNotForbidden() throws {
        var parameters = SamplingParameters.greedy
        parameters.minimumTokens = 1
        parameters.ignoresEndOfSequence = true
        var sampler = try makeSampler(parameters, vocabulary: 2, endOfSequence: [1])
        #expect(try sample(&sampler, [0, 1]).token == 1)
    }

    @Test func penaltiesEqualTheirDefinition() {
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<50 {
            let logits = (0..<32).map { _ in Float.random(in: -5...5, using: &generator) }
            var parameters = SamplingParameters()
            parameters.repetitionPenalty = Double.random(in: 0.5...2, using: &generator)
            parameters.frequencyPenalty = Double.random(in: -2...2, using: &generator)
            parameters.presencePenalty = Double.random(in: -2...2, using: &generator)
            parameters.logitBias = [3: 1.5, 30: -7]
            let prompt = (0..<10).map { _ in Int32.random(in: 0..<40, using: &generator) }
            let answer = (0..<12).map { _ in Int32.random(in: 0..<32, using: &generator) }
            var adjustment = LogitAdjustment(parameters, stopTokens: [], prompt: prompt, vocabularySize: 32)
            answer.forEach { adjustment.append($0) }
            var adjusted = logits
            adjusted.withUnsafeMutableBufferPointer { adjustment.apply(to: $0) }
            for token in 0..<32 as Range<Int32> {
                var expected = Double(logits[Int(token)]) + (parameters.logitBias[token] ?? 0)
                if prompt.contains(token) || answer.contains(token) {
                    expected =
                        expected > 0
                        ? expected / parameters.repetitionPenalty
                        : expected * parameters.repetitionPenalty
                }
                let count = answer.count { $0 == token }
                expected -= parameters.frequencyPenalty * Double(count)
                if count > 0 { expected -= parameters.presencePenalty }
                #expect(abs(Double(adjusted[Int(token)]) - expected) <= 1e-5)
            }
        }
    }

    /// What `RepetitionPenaltyLogitsProcessor(1.3)` of transformers@5.23.0 gives for the prompt 0, 2, 2, 1.
    @Test func repetitionEqualsTransformers() {
        var parameters = SamplingParameters()
        parameters.repetitionPenalty = 1.3
        let adjustment = LogitAdjustment(parameters, stopTokens: [], prompt: [0, 2, 2, 1], vocabularySize: 4)
        var logits: [Float] = [1, 3.375, -3.0625, 2.25]
        logits.withUnsafeMutableBufferPointer { adjustment.apply(to: $0) }
        for (found, expected) in zip(logits, [0.7692308, 2.596154, -3.9812498, 2.25] as [Float]) {
            #expect(abs(found - expected) <= 1e-6)
        }
    }

    @Test func logProbabilitiesAreThoseOfTheModel() throws {
        let logits: [Float] = [2, -1, 2, 5, 0.5, -.infinity]
        var parameters = SamplingParameters.greedy
        parameters.topLogProbabilities = 3
        parameters.logitBias = [4: 100]
        var sampler = try makeSampler(parameters, vocabulary: 6)
        let sampled = try sample(&sampler, logits)
        let found = try #require(sampled.logProbabilities)
        let logTotal = logarithm(logits.reduce(0) { $0 + exponential(Double($1)) })
        #expect(sampled.token == 4)
        #expect(found.rank == 4)
        #expect(found.top.map(\.token) == [3, 0, 2])
        for entry in found.top + [found.chosen] {
            #expect(abs(entry.logProbability - (Double(logits[Int(entry.token)]) - logTotal)) <= 1e-12)
        }
    }

    @Test func logProbabilitiesOfLargeLogitsDoNotOverflow() throws {
        var parameters = SamplingParameters.greedy
        parameters.topLogProbabilities = 2
        var sampler = try makeSampler(parameters, vocabulary: 2)
        let found = try #require(try sample(&sampler, [10_000, 9_999]).logProbabilities)
        #expect(abs(found.chosen.logProbability + 0.313261687518) <= 1e-9)
        #expect(found.top.count == 2)
    }

    @Test func damagedLogitsAreAnError() throws {
        var sampler = try makeSampler(SamplingParameters(), vocabulary: 3)
        #expect(throws: SamplingError.logitNotFinite(token: 1)) { try sample(&sampler, [0, .nan, 1]) }
        #expect(throws: SamplingError.tooFewLogits(found: 2, needed: 3)) { try sample(&sampler, [0, 1]) }
        var parameters = SamplingParameters()
        parameters.minimumTokens = 1
        parameters.stopTokens = [0, 1]
        var excluded = try makeSampler(parameters, vocabulary: 2)
        #expect(throws: SamplingError.everyTokenExcluded) { try sample(&excluded, [0, 1]) }
    }

    @Test func everyParameterOutOfRangeIsReported() throws {
        var parameters = SamplingParameters()
        parameters.temperature = -.infinity
        parameters.topK = 0
        parameters.topP = 0
        parameters.minP = .nan
        parameters.repetitionPenalty = 0
        parameters.presencePenalty = 3
        parameters.frequencyPenalty = .nan
        parameters.logitBias = [100: 1, 1: 101]
        parameters.topLogProbabilities = -1
        parameters.minimumTokens = 5
        parameters.maximumTokens = 0
        parameters.stopStrings = [""] + [String](repeating: "x", count: 64)
        parameters.stopTokens = [-1]
        let error = try #require(throws: SamplingParametersError.self) {
            try makeSampler(parameters, vocabulary: 100)
        }
        #expect(
            error.problems.map(\.field) == [
                "temperature", "top_k", "top_p", "min_p", "repetition_penalty", "presence_penalty",
                "frequency_penalty", "logit_bias[1]", "logit_bias", "top_logprobs", "max_tokens", "min_tokens", "stop",
                "stop[0]", "stop_token_ids",
            ]
        )
        #expect(error.description.contains("top_p is 0.0; allowed: a number above 0, at most 1"))
        #expect(throws: Never.self) { try SamplingParameters.greedy.validate(vocabularySize: 1) }
    }
}
