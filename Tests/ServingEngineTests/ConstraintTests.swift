// Constrained answers through the engine: only allowed tokens, forced ones without a choice, and nobody else's changes.

import ModelRuntime
import ServingEngine
import Testing

/// Allows tokens that a number divides; after some of them two others must follow. Ends after a few.
private struct Multiples: TokenConstraint {
    static let forced: [Int32] = [7, 8]

    let divisor: Int32
    let limit: Int
    var accepted: [Int32] = []
    /// How many of the forced tokens are still to come.
    var due = 0

    mutating func allowedTokens() -> [UInt64] {
        var words = [UInt64](repeating: 0, count: (HashingModel.vocabularySize + 63) / 64)
        for token in 0..<Int32(HashingModel.vocabularySize) where allows(token) {
            words[Int(token) / 64] |= 1 << UInt64(token % 64)
        }
        return words
    }

    mutating func accept(_ token: Int32) -> Bool {
        guard !isFinished, allows(token) else { return false }
        accepted.append(token)
        due = due > 0 ? due - 1 : token % (2 * divisor) == 0 ? Self.forced.count : 0
        return true
    }

    mutating func forcedTokens() -> [Int32] { Array(Self.forced.suffix(due)) }

    var isFinished: Bool { accepted.count >= limit && due == 0 }

    private func allows(_ token: Int32) -> Bool {
        due > 0 ? token == Self.forced[Self.forced.count - due] : token % divisor == 0
    }

    /// The answer to a prompt, computed without an engine.
    func answer(_ prompt: [Int32]) -> [Int32] {
        var constraint = self
        var rows = prompt.enumerated().map { HashingModel.textRow($1, at: $0) }
        while !constraint.isFinished {
            let logits = HashingModel.logits(after: rows)
            let tokens = logits.indices.filter { constraint.allows(Int32($0)) }
            let best = Int32(tokens.max { (logits[$0], -$0) < (logits[$1], -$1) } ?? 0)
            _ = constraint.accept(best)
            rows.append(HashingModel.textRow(best, at: rows.count))
        }
        return constraint.accepted
    }
}

@Suite struct ConstraintTests {
    @Test(arguments: [(96, 3), (1024, 24)]) func answersAreAllowedOnes(_ cacheTokens: Int, _ sequences: Int)
        async throws
    {
        let test = try TestEngine(cacheTokens: cacheTokens, rows: 48) { $0.maximumSequences = sequences }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<24 {
                group.addTask {
                    let prompt = EngineTests.prompt(1 + (index * 7) % 41, seed: UInt64(index))
                    guard index % 3 > 0 else {
                        // Some answers are free.
                        let request = GenerationRequest(tokens: prompt, parameters: TestEngine.greedy(20))
                        let found = try await test.tokens(request)
                        #expect(found == [HashingModel.answer(prompt, count: 20)], "request \(index)")
                        return
                    }
                    let constraint = Multiples(divisor: Int32(1 + index % 5), limit: 1 + index)
                    let answers = try await Answers(
                        test.engine.submit(
                            GenerationRequest(
                                tokens: prompt,
                                parameters: TestEngine.greedy(50),
                                choices: 1 + index % 2,
                                constraint: constraint
                            )
                        )
                    )
                    let expected = constraint.answer(prompt)
                    #expect(answers.tokens == .init(repeating: expected, count: 1 + index % 2), "request \(index)")
                    #expect(answers.finishes.allSatisfy { $0 == .complete })
                    #expect(answers.usage.generatedTokens == expected.count * (1 + index % 2))
                }
            }
            try await group.waitForAll()
        }
        await test.engine.waitUntilIdle()
        let events = test.log.all
        #expect(events.steps.last?.state.usedBlocks == 0)
        #expect(events.preemptions > 0 || cacheTokens == 1024)
        test.engine.stop()
    }

    /// Two of three tokens are forced, so that there are few steps.
    @Test func forcedTokensTakeNoStep() async throws {
        let test = try TestEngine()
        let prompt = EngineTests.prompt(5, seed: 1)
        let constraint = Multiples(divisor: 150, limit: 30)
        let answer = constraint.answer(prompt)
        let found = try await test.tokens(
            GenerationRequest(tokens: prompt, parameters: TestEngine.greedy(60), constraint: constraint)
        )
        #expect(found == [answer])
        let chosen = answer.filter { $0 % 150 == 0 }.count
        #expect(answer.count > 2 * chosen)
        #expect(test.log.all.steps.count == chosen)
        test.engine.stop()
    }

    /// With log probabilities every token is chosen, so that there are some to tell; the answer is the same.
    @Test func logProbabilitiesOfForcedTokens() async throws {
        let test = try TestEngine()
        let prompt = EngineTests.prompt(5, seed: 2)
        let constraint = Multiples(divisor: 150, limit: 12)
        var parameters = TestEngine.greedy(60)
        parameters.topLogProbabilities = 1
        let found = try await test.tokens(
            GenerationRequest(tokens: prompt, parameters: parameters, constraint: constraint)
        )
        #expect(found == [constraint.answer(prompt)])
        #expect(test.log.all.steps.count == found[0].count)
        test.engine.stop()
    }

    /// A token limit cuts between forced tokens, too.
    @Test(arguments: [1, 2, 3, 4, 5]) func limits(tokens: Int) async throws {
        let test = try TestEngine()
        let prompt = EngineTests.prompt(9, seed: 3)
        let constraint = Multiples(divisor: 150, limit: 12)
        let answers = try await Answers(
            test.engine.submit(
                GenerationRequest(tokens: prompt, parameters: TestEngine.greedy(tokens), constraint: constraint)
            )
        )
        #expect(answers.tokens == [Array(constraint.answer(prompt).prefix(tokens))])
        #expect(answers.finishes == [.length])
        test.engine.stop()
    }
}
