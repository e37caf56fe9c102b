// Requests with images: encoded once, found again, read in pieces, refused when they cannot be decoded.

import InputProcessing
import ModelRuntime
import ServingEngine
import Testing

@Suite struct ImageRequestTests {
    private static let imageToken = HashingModel.imageToken

    private func request(_ image: PromptImage, _ before: [Int32], _ after: [Int32], count: Int) -> GenerationRequest {
        let tokens = image.grid.tokenCount(merge: HashingModel.merge)
        return GenerationRequest(
            tokens: before + [Int32](repeating: Self.imageToken, count: tokens) + after,
            images: [image],
            parameters: TestEngine.greedy(count)
        )
    }

    @Test func answersDependOnTheImage() async throws {
        let test = try TestEngine(rows: 16)
        let (before, after) = (EngineTests.prompt(7, seed: 1), EngineTests.prompt(9, seed: 2))
        for value: UInt8 in [3, 4] {
            // 40 tokens of image in steps of 16 rows.
            let image = ImageFixture.image(value, rows: 10, columns: 16, at: before.count)
            let (rows, next) = ImageFixture.rows(before, value, rows: 10, columns: 16, after)
            let found = try await test.tokens(request(image, before, after, count: 6))
            #expect(found == [HashingModel.answer(rows: rows, next: next, count: 6)])
        }
        test.engine.stop()
    }

    @Test func theSameImageIsEncodedOnce() async throws {
        let test = try TestEngine { $0.sharesPrefixes = false }
        let decodes = Counter()
        for seed: UInt64 in 1...3 {
            let before = EngineTests.prompt(5, seed: seed)
            let image = ImageFixture.image(9, rows: 4, columns: 4, at: before.count, decodes: decodes)
            let (rows, next) = ImageFixture.rows(before, 9, rows: 4, columns: 4, [1])
            let found = try await test.tokens(request(image, before, [1], count: 3))
            #expect(found == [HashingModel.answer(rows: rows, next: next, count: 3)])
        }
        #expect(decodes.value == 1)
        #expect(test.log.all.starts.map(\.images.hits) == [0, 1, 1])
        test.engine.stop()
    }

    /// Whoever asks is told what its request took, as the observers are, whether or not images had to be encoded for it.
    @Test func theEndIsToldWithItsTimes() async throws {
        let test = try TestEngine()
        let (ends, source) = AsyncStream.makeStream(of: RequestReport.self)
        var reports: [RequestReport] = []
        var iterator = ends.makeAsyncIterator()
        for after in [[1], [2, 3]] as [[Int32]] {
            let image = ImageFixture.image(9, rows: 4, columns: 4, at: 5)
            var request = request(image, EngineTests.prompt(5, seed: 8), after, count: 3)
            request.choices = 2
            request.onEnd = { source.yield($0) }
            _ = try await test.tokens(request)
            reports.append(try #require(await iterator.next()))
        }
        for report in reports {
            #expect(report.end == .finished(.length) && report.finishReasons == [.length, .length])
            let (queue, prefill) = (try #require(report.queueSeconds), try #require(report.prefillSeconds))
            let decode = try #require(report.decodeSeconds)
            #expect(queue >= 0 && prefill >= 0 && decode >= 0 && queue + prefill + decode <= report.totalSeconds)
        }
        // The first token needs the image; the second request finds its encoding.
        let images = try #require(reports[0].imageSeconds)
        #expect(images > 0 && images <= reports[0].prefillSeconds ?? 0)
        #expect(reports[1].imageSeconds == nil)
        test.engine.stop()
    }

    @Test func knownKeysAndValuesNeedNoEncoding() async throws {
        // Room for one image's encoding only.
        let test = try TestEngine { $0.imageTokens = 16 }
        let before = EngineTests.prompt(3, seed: 5)
        let decodes = Counter()
        func ask(_ value: UInt8, _ after: [Int32]) async throws -> Answers {
            let image = ImageFixture.image(value, rows: 8, columns: 8, at: 3, decodes: decodes)
            return try await Answers(test.engine.submit(request(image, before, after, count: 4)))
        }
        let after = EngineTests.prompt(40, seed: 6)
        _ = try await ask(1, after)
        _ = try await ask(2, after)
        #expect(decodes.value == 2)
        let again = try await ask(1, after + [7])
        #expect(decodes.value == 2)
        #expect(again.usage.cachedTokens == 48)
        let (rows, next) = ImageFixture.rows(before, 1, rows: 8, columns: 8, after + [7])
        #expect(again.tokens == [HashingModel.answer(rows: rows, next: next, count: 4)])
        test.engine.stop()
    }

    @Test func manyImagesAtOnceWithLittleRoom() async throws {
        let test = try TestEngine(cacheTokens: 256, rows: 32) {
            $0.imageTokens = 20
            $0.maximumSequences = 6
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<24 {
                group.addTask {
                    let value = UInt8(index % 7 + 1)
                    let before = EngineTests.prompt(1 + index % 20, seed: UInt64(index % 5))
                    let image = ImageFixture.image(value, rows: 8, columns: 6, at: before.count)
                    let (rows, next) = ImageFixture.rows(before, value, rows: 8, columns: 6, [4, 5])
                    let found = try await test.tokens(request(image, before, [4, 5], count: 20))
                    #expect(found == [HashingModel.answer(rows: rows, next: next, count: 20)], "request \(index)")
                }
            }
            try await group.waitForAll()
        }
        await test.engine.waitUntilIdle()
        #expect(test.engine.state.usedBlocks == 0)
        test.engine.stop()
    }

    @Test func aBrokenImageFailsItsRequestsOnly() async throws {
        let test = try TestEngine()
        let broken = ImageFixture.image(
            200,
            rows: 4,
            columns: 4,
            at: 0,
            failure: ImageError(.truncated(.png, detail: "half of it"))
        )
        let good = ImageFixture.image(3, rows: 4, columns: 4, at: 0)
        let first = try test.engine.submit(request(broken, [], [1], count: 3))
        let second = try test.engine.submit(request(good, [], [1], count: 3))
        await #expect(throws: GenerationFailure.self) { _ = try await Answers(first) }
        let (rows, next) = ImageFixture.rows([], 3, rows: 4, columns: 4, [1])
        #expect(try await Answers(second).tokens == [HashingModel.answer(rows: rows, next: next, count: 3)])
        await test.engine.waitUntilIdle()
        #expect(Set(test.log.all.ends.map(\.end)) == [.failed, .finished(.length)])
        test.engine.stop()
    }
}
