// Whole requests through the engine: every answer is what the model gives to that prompt alone.

import ModelRuntime
import ServingEngine
import TestRandomness
import Testing

@Suite struct EngineTests {
    /// Random text tokens.
    static func prompt(_ count: Int, seed: UInt64) -> [Int32] {
        var generator = TestRandomness.SeededGenerator(seed: seed)
        return (0..<count).map { _ in Int32.random(in: 1..<290, using: &generator) }
    }

    @Test func oneAnswer() async throws {
        let test = try TestEngine()
        let prompt = Self.prompt(21, seed: 1)
        let answers = try await Answers(
            test.engine.submit(GenerationRequest(tokens: prompt, parameters: TestEngine.greedy(9)))
        )
        #expect(answers.tokens == [HashingModel.answer(prompt, count: 9)])
        #expect(answers.finishes == [.length])
        #expect(answers.usage == TokenUsage(promptTokens: 21, cachedTokens: 0, generatedTokens: 9))
        #expect(answers.texts == [TestEngine.tokenizer.decode(answers.tokens[0], skipSpecialTokens: true)])
        test.engine.stop()
    }

    /// Prompts of all lengths at once, with a cache that holds a few of them: sequences lose their blocks and are
    /// computed again, and nobody's answer changes.
    @Test(arguments: [(96, 3), (160, 5), (1024, 24)]) func manyAnswers(_ cacheTokens: Int, _ sequences: Int)
        async throws
    {
        let test = try TestEngine(cacheTokens: cacheTokens, rows: 48) {
            $0.maximumSequences = sequences
            $0.promptRowsBesideAnswers = 16
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<40 {
                group.addTask {
                    let prompt = Self.prompt(1 + (index * 7) % 61, seed: UInt64(index))
                    let count = 1 + (index * 5) % 33
                    let request = GenerationRequest(tokens: prompt, parameters: TestEngine.greedy(count))
                    let found = try await test.tokens(request)
                    #expect(found == [HashingModel.answer(prompt, count: count)], "request \(index)")
                }
            }
            try await group.waitForAll()
        }
        await test.engine.waitUntilIdle()
        let events = test.log.all
        #expect(events.ends.count == 40)
        #expect(events.steps.last?.state.usedBlocks == 0)
        #expect(events.preemptions > 0 || cacheTokens == 1024)
        #expect(events.steps.allSatisfy { $0.state.running <= sequences })
        test.engine.stop()
    }

    @Test func choicesShareTheirPromptAndDiffer() async throws {
        let test = try TestEngine()
        let prompt = Self.prompt(37, seed: 3)
        var parameters = SamplingParameters()
        parameters.seed = 11
        parameters.maximumTokens = 12
        parameters.ignoresEndOfSequence = true
        let request = GenerationRequest(tokens: prompt, parameters: parameters, choices: 5)
        let together = try await test.tokens(request)
        #expect(Set(together).count == 5)
        // The prompt was read once.
        #expect(test.log.all.steps.reduce(0) { $0 + $1.promptTokens } == prompt.count)
        // Each answer is the one that a request with its seed alone would get.
        for (choice, tokens) in together.enumerated() {
            parameters.seed = 11 + UInt64(choice)
            let alone = try await test.tokens(GenerationRequest(tokens: prompt, parameters: parameters))
            #expect(alone == [tokens])
        }
        test.engine.stop()
    }

    /// Forked answers write into a block that they share with the others, so each needs a copy.
    @Test func greedyChoicesAreTheSame() async throws {
        let test = try TestEngine(cacheTokens: 112) { $0.sharesPrefixes = false }
        let prompt = Self.prompt(19, seed: 4)
        let request = GenerationRequest(tokens: prompt, parameters: TestEngine.greedy(30), choices: 4)
        let found = try await test.tokens(request)
        #expect(found == [[Int32]](repeating: HashingModel.answer(prompt, count: 30), count: 4))
        #expect(test.log.all.preemptions > 0)
        test.engine.stop()
    }

    @Test func knownBeginningsAreNotReadAgain() async throws {
        let test = try TestEngine()
        let shared = Self.prompt(100, seed: 5)
        _ = try await test.tokens(GenerationRequest(tokens: shared, parameters: TestEngine.greedy(4)))
        let prompt = shared + Self.prompt(30, seed: 6)
        let answers = try await Answers(
            test.engine.submit(GenerationRequest(tokens: prompt, parameters: TestEngine.greedy(8)))
        )
        #expect(answers.tokens == [HashingModel.answer(prompt, count: 8)])
        // Whole blocks of the first prompt.
        #expect(answers.usage.cachedTokens == 96)
        // The same prompt again: all of its blocks, but the last token is always computed.
        let whole = Array(shared.prefix(96))
        let again = try await Answers(
            test.engine.submit(GenerationRequest(tokens: whole, parameters: TestEngine.greedy(8)))
        )
        #expect(again.tokens == [HashingModel.answer(whole, count: 8)])
        #expect(again.usage.cachedTokens == 80)
        // What was answered is known, too.
        let continued = prompt + answers.tokens[0] + Self.prompt(20, seed: 7)
        let third = try await Answers(
            test.engine.submit(GenerationRequest(tokens: continued, parameters: TestEngine.greedy(3)))
        )
        #expect(third.tokens == [HashingModel.answer(continued, count: 3)])
        #expect(third.usage.cachedTokens == 128)
        test.engine.stop()
    }

    @Test func saltsKeepBeginningsApart() async throws {
        let test = try TestEngine()
        let prompt = Self.prompt(64, seed: 8)
        var request = GenerationRequest(tokens: prompt, parameters: TestEngine.greedy(2), cacheSalt: "one")
        _ = try await test.tokens(request)
        request.cacheSalt = "two"
        let other = try await Answers(test.engine.submit(request))
        #expect(other.usage.cachedTokens == 0)
        request.cacheSalt = "one"
        let same = try await Answers(test.engine.submit(request))
        #expect(same.usage.cachedTokens == 48)
        #expect(same.tokens == other.tokens)
        test.engine.stop()
    }

    @Test func promptsAreReadBesideAnswers() async throws {
        let gate = Gate()
        let test = try TestEngine(rows: 64, gate: gate) { $0.promptRowsBesideAnswers = 16 }
        let first = try test.engine.submit(
            GenerationRequest(tokens: Self.prompt(5, seed: 9), parameters: TestEngine.greedy(40))
        )
        gate.open()
        var updates = first.makeAsyncIterator()
        _ = try await updates.next()
        let long = Self.prompt(120, seed: 10)
        let second = try test.engine.submit(GenerationRequest(tokens: long, parameters: TestEngine.greedy(3)))
        gate.open(1000)
        while try await updates.next() != nil {}
        #expect(try await Answers(second).tokens == [HashingModel.answer(long, count: 3)])
        let steps = test.model.steps.withLock { $0 }
        // No step held an answer up for more than 16 rows of the prompt.
        #expect(steps.dropFirst().filter { $0.count == 2 }.allSatisfy { $0[0] == 1 && $0[1] <= 16 })
        #expect(steps.contains([1, 16]))
        test.engine.stop()
    }

    @Test func cancellingEndsAtOnce() async throws {
        let gate = Gate()
        let test = try TestEngine(gate: gate)
        let endless = GenerationRequest(tokens: Self.prompt(10, seed: 11), parameters: TestEngine.greedy(3000))
        var stream: GenerationStream? = try test.engine.submit(endless)
        gate.open()
        var updates = stream?.makeAsyncIterator()
        _ = try await updates?.next()
        updates = nil
        stream = nil
        // The step that had begun by now is the last one.
        gate.open(3000)
        await test.engine.waitUntilIdle()
        let end = try #require(test.log.all.ends.first)
        #expect(end.end == .cancelled)
        #expect(end.usage.generatedTokens <= 2)
        #expect(test.engine.state.usedBlocks == 0)
        test.engine.stop()
    }

    @Test func stoppingEndsAllRequests() async throws {
        let test = try TestEngine()
        let streams = try (0..<5).map { index in
            try test.engine.submit(
                GenerationRequest(tokens: Self.prompt(10, seed: UInt64(index)), parameters: TestEngine.greedy(3000))
            )
        }
        test.engine.stop()
        for stream in streams {
            await #expect(throws: GenerationFailure.self) { for try await _ in stream {} }
        }
        #expect(throws: AdmissionError.shuttingDown) {
            _ = try test.engine.submit(GenerationRequest(tokens: [1], parameters: TestEngine.greedy(1)))
        }
        await test.engine.waitUntilIdle()
    }

    @Test func closedEnginesFinishWhatTheyHave() async throws {
        let test = try TestEngine()
        let prompt = Self.prompt(10, seed: 12)
        let stream = try test.engine.submit(GenerationRequest(tokens: prompt, parameters: TestEngine.greedy(50)))
        test.engine.close()
        #expect(throws: AdmissionError.shuttingDown) {
            _ = try test.engine.submit(GenerationRequest(tokens: [1], parameters: TestEngine.greedy(1)))
        }
        #expect(try await Answers(stream).tokens == [HashingModel.answer(prompt, count: 50)])
        await test.engine.waitUntilIdle()
        test.engine.stop()
    }

    @Test func impossibleRequestsAreRefused() throws {
        let test = try TestEngine(cacheTokens: 128) {
            $0.maximumSequences = 4
            $0.imageTokens = 8
        }
        func refusal(_ request: GenerationRequest) -> AdmissionError? {
            do throws(AdmissionError) {
                _ = try test.engine.submit(request)
                return nil
            } catch {
                return error
            }
        }
        let one = TestEngine.greedy(1)
        #expect(refusal(GenerationRequest(tokens: [], parameters: one)) == .emptyPrompt)
        let long = [Int32](repeating: 1, count: 128)
        #expect(refusal(GenerationRequest(tokens: long, parameters: one)) == .promptTooLong(tokens: 128, context: 128))
        var asks = GenerationRequest(tokens: Array(long.prefix(100)), parameters: TestEngine.greedy(29))
        #expect(refusal(asks) == .tooManyTokens(prompt: 100, asked: 29, context: 128))
        asks.parameters.maximumTokens = .max
        let most = AdmissionError.tooManyTokens(prompt: 100, asked: .max, context: 128)
        #expect(refusal(asks) == most)
        #expect(most.description.contains("9223372036854775807 of the answer"))
        #expect(refusal(GenerationRequest(tokens: [1], parameters: one, choices: 5)) == .tooManyChoices(5, allowed: 4))
        #expect(refusal(GenerationRequest(tokens: [1], parameters: one, choices: 0)) == .tooManyChoices(0, allowed: 4))
        var parameters = one
        parameters.topP = 2
        guard case .parameters(let error)? = refusal(GenerationRequest(tokens: [1], parameters: parameters)) else {
            Issue.record("top_p = 2 was taken")
            return
        }
        #expect(error.problems.map(\.field) == ["top_p"])
        let image = ImageFixture.image(0, rows: 6, columns: 6, at: 0)
        #expect(
            refusal(GenerationRequest(tokens: [Int32](repeating: 299, count: 9), images: [image], parameters: one))
                == .tooManyImageTokens(9, allowed: 8)
        )
        test.engine.stop()
    }

    @Test func fullQueuesRefuse() async throws {
        let gate = Gate()
        let test = try TestEngine(gate: gate) {
            $0.maximumSequences = 1
            $0.maximumWaiting = 2
        }
        var streams: [GenerationStream] = []
        func submit() throws {
            streams.append(try test.engine.submit(GenerationRequest(tokens: [5], parameters: TestEngine.greedy(2))))
        }
        try submit()
        // The first one runs once it has begun.
        gate.open()
        var updates = streams[0].makeAsyncIterator()
        _ = try await updates.next()
        try submit()
        try submit()
        #expect(test.engine.state.waiting == 2)
        do {
            try submit()
            Issue.record("a fourth request was taken")
        } catch let error as AdmissionError {
            guard case .queueFull(waiting: 2, let seconds) = error else {
                Issue.record("\(error)")
                return
            }
            #expect((1...60).contains(seconds))
        }
        gate.open(100)
        for stream in streams.dropFirst() { #expect(try await Answers(stream).finishes == [.length]) }
        while try await updates.next() != nil {}
        test.engine.stop()
    }
}
