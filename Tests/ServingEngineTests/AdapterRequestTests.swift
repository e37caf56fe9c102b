// Requests with adapters: each is answered by its own, whatever else is in the batch, the cache and among the images.

import InputProcessing
import ModelRuntime
import ServingEngine
import Testing

@Suite struct AdapterRequestTests {
    private func request(_ prompt: [Int32], _ adapter: NamedAdapter?, count: Int = 5) -> GenerationRequest {
        var request = GenerationRequest(tokens: prompt, parameters: TestEngine.greedy(count))
        request.adapter = adapter
        return request
    }

    /// Few prompts and a small cache, so that beginnings are shared, blocks change hands and sequences are preempted.
    @Test(arguments: [160, 2048]) func everyRequestHasItsOwn(_ cacheTokens: Int) async throws {
        let test = try TestEngine(cacheTokens: cacheTokens, rows: 48) {
            $0.maximumSequences = 8
            $0.promptRowsBesideAnswers = 16
        }
        let adapters: [NamedAdapter?] = [nil, try TestAdapters.named("a"), try TestAdapters.named("b")]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<48 {
                group.addTask {
                    let adapter = adapters[index % 3]
                    let prompt = EngineTests.prompt(20 + index / 3 % 4 * 9, seed: UInt64(index / 3 % 2))
                    let count = 1 + index * 5 % 33
                    let found = try await test.tokens(request(prompt, adapter, count: count))
                    let expected = HashingModel.answer(prompt, count: count, adapter: adapter?.adapter)
                    #expect(found == [expected], "request \(index)")
                }
            }
            try await group.waitForAll()
        }
        #expect(test.log.all.preemptions > 0 || cacheTokens == 2048)
        test.engine.stop()
    }

    @Test func beginningsAreNotShared() async throws {
        let test = try TestEngine()
        let prompt = EngineTests.prompt(40, seed: 1)
        // The last has a name that was another's before.
        let adapters = [nil, try TestAdapters.named("a"), try TestAdapters.named("b"), try TestAdapters.named("a")]
        for round in 0..<2 {
            for (index, adapter) in adapters.enumerated() {
                let answers = try await Answers(test.engine.submit(request(prompt, adapter)))
                #expect(answers.tokens == [HashingModel.answer(prompt, count: 5, adapter: adapter?.adapter)])
                #expect(answers.usage.cachedTokens == (round == 0 ? 0 : 32), "adapter \(index), round \(round)")
            }
        }
        test.engine.stop()
    }

    /// Several answers to one prompt, and one of them preempted, stay with their adapter.
    @Test func choices() async throws {
        let test = try TestEngine()
        let adapter = try TestAdapters.named("a")
        let prompt = EngineTests.prompt(37, seed: 3)
        var request = request(prompt, adapter)
        request.choices = 3
        let expected = HashingModel.answer(prompt, count: 5, adapter: adapter.adapter)
        #expect(try await test.tokens(request) == [expected, expected, expected])
        test.engine.stop()
    }

    @Test func imagesAreSharedWhereTheyAreEqual() async throws {
        let test = try TestEngine { $0.sharesPrefixes = false }
        let decodes = Counter()
        let text = try TestAdapters.named("text")
        let first = try TestAdapters.named("first", changesImages: true)
        let second = try TestAdapters.named("second", changesImages: true)
        let before = EngineTests.prompt(5, seed: 4)
        let image = ImageFixture.image(9, rows: 4, columns: 4, at: before.count, decodes: decodes)
        var counts: [Int] = []
        for adapter in [nil, text, first, second, first, nil, text] {
            let tokens = before + [Int32](repeating: HashingModel.imageToken, count: 4) + [1]
            var request = request(tokens, adapter, count: 3)
            request.images = [image]
            let (rows, next) = ImageFixture.rows(before, 9, rows: 4, columns: 4, [1], adapter: adapter?.adapter)
            let expected = HashingModel.answer(rows: rows, next: next, count: 3, adapter: adapter?.adapter)
            #expect(try await test.tokens(request) == [expected], "\(adapter?.name ?? "none")")
            counts.append(decodes.value)
        }
        #expect(counts == [1, 1, 2, 3, 3, 3, 3])
        test.engine.stop()
    }

    /// All at once: the encoder gets them in one go and must not mix adapters.
    @Test func imagesAtOnce() async throws {
        let test = try TestEngine()
        let adapters = [nil] + (try (0..<3).map { try TestAdapters.named("\($0)", changesImages: $0 != 1) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<24 {
                group.addTask {
                    let adapter = adapters[index % 4]
                    let value = UInt8(index / 4 % 3 + 1)
                    let image = ImageFixture.image(value, rows: 4, columns: 4, at: 0)
                    var request = request([Int32](repeating: HashingModel.imageToken, count: 4) + [2], adapter)
                    request.images = [image]
                    let (rows, next) = ImageFixture.rows([], value, rows: 4, columns: 4, [2], adapter: adapter?.adapter)
                    let expected = HashingModel.answer(rows: rows, next: next, count: 5, adapter: adapter?.adapter)
                    let found = try await test.tokens(request)
                    #expect(found == [expected], "request \(index)")
                }
            }
            try await group.waitForAll()
        }
        test.engine.stop()
    }

    /// Rows of an adapter lie beside one another, in whatever order their requests came.
    @Test func rowsOfAnAdapterAreTogether() async throws {
        let gate = Gate()
        let test = try TestEngine(gate: gate)
        let adapters = [try TestAdapters.named("a"), try TestAdapters.named("b")]
        let streams = try (0..<8).map { index in
            try test.engine.submit(request(EngineTests.prompt(3, seed: UInt64(index)), adapters[index % 2]))
        }
        gate.open(100)
        for (index, stream) in streams.enumerated() {
            let prompt = EngineTests.prompt(3, seed: UInt64(index))
            let expected = HashingModel.answer(prompt, count: 5, adapter: adapters[index % 2].adapter)
            #expect(try await Answers(stream).tokens == [expected])
        }
        let widths = test.model.steps.withLock { $0.map(\.count) }
        #expect(widths.contains(8))
        #expect(test.model.adapterRuns.withLock { $0.allSatisfy { $0 <= 2 } })
        test.engine.stop()
    }

    /// The engine keeps an adapter until the last request that uses it has ended, and no longer.
    @Test func adaptersGoWithTheirRequests() async throws {
        let gate = Gate()
        let test = try TestEngine(gate: gate)
        let prompt = EngineTests.prompt(9, seed: 8)
        var adapter: NamedAdapter? = try TestAdapters.named("a")
        weak let watched = adapter?.adapter
        let expected = HashingModel.answer(prompt, count: 5, adapter: watched)
        let streams = [
            try test.engine.submit(request(prompt, adapter)), try test.engine.submit(request(prompt, adapter)),
        ]
        adapter = nil
        #expect(watched != nil)
        gate.open(100)
        for stream in streams { #expect(try await Answers(stream).tokens == [expected]) }
        await test.engine.waitUntilIdle()
        for _ in 0..<1000 where watched != nil { try await Task.sleep(for: .milliseconds(2)) }
        #expect(watched == nil)
        test.engine.stop()
    }

    @Test func namesInUse() async throws {
        let gate = Gate()
        let test = try TestEngine(gate: gate) { $0.maximumSequences = 1 }
        let prompt = EngineTests.prompt(4, seed: 2)
        let streams = try ["b", "a", "a"].map { name in
            try test.engine.submit(request(prompt, try TestAdapters.named(name)))
        }
        gate.open(100)
        for stream in streams { _ = try await Answers(stream) }
        await test.engine.waitUntilIdle()
        let seen = test.log.all.steps.map(\.state.adapters)
        #expect(seen.contains(AdapterNames(running: ["b"], waiting: ["a"])))
        #expect(seen.contains(AdapterNames(running: ["a"], waiting: ["a"])))
        #expect(seen.last == AdapterNames() && test.engine.state.adapters == AdapterNames())
        test.engine.stop()
    }

    @Test func aRankThatIsNotPlannedFor() throws {
        let test = try TestEngine()
        let adapter = NamedAdapter(name: "a", adapter: try TestAdapters.make(rank: 5))
        #expect(throws: AdmissionError.adapterTooLarge(rank: 5, allowed: 4)) {
            _ = try test.engine.submit(request([1, 2], adapter))
        }
        test.engine.stop()
    }
}
