// A prompt gives the same answer, bit by bit, however it is cut into steps, on any number of threads, and however much of
// it the cache holds already.

import Generation
import InputProcessing
import ModelRuntime
import TensorTypes
import Testing

@Suite struct ChunkingTests {
    private static let chunks = [1, 2, 7, 16, 17, 64, 100]

    /// The tokens, and the bits of the logits behind the last row of the prompt, which is read in chunks of `rows`.
    private func answer<Model: CompiledModel>(
        _ model: Model.Type,
        _ images: [String],
        rows: Int,
        threads: Int = 2,
        change: (inout LoadingOptions) -> Void
    ) throws -> (tokens: [Int32], logits: [UInt32]) {
        let loaded = try load(model) { options in
            options.stepRows = rows
            options.threads = threads
            change(&options)
        }
        let prompt = try loaded.prompt("Read 항목 and 금액, then the total of this bill.", images)
        var logits: [UInt32] = []
        try GenerationSession(loaded).score(prompt, rows: [prompt.tokens.count - 1]) {
            logits = $1.map(\.bitPattern)
        }
        let result = try GenerationSession(loaded).generate(prompt, greedy(24))
        return (result.tokens, logits)
    }

    private func check<Model: CompiledModel>(
        _ model: Model.Type,
        _ images: [String],
        change: (inout LoadingOptions) -> Void = { _ in }
    ) throws {
        let whole = try answer(model, images, rows: 1024, change: change)
        #expect(whole.tokens.count == 24)
        for rows in Self.chunks {
            #expect(try answer(model, images, rows: rows, change: change) == whole, "in chunks of \(rows)")
        }
        for threads in [1, 3] {
            let found = try answer(model, images, rows: 64, threads: threads, change: change)
            #expect(found == whole, "on \(threads) threads")
        }
    }

    @Test func textAlone() throws { try check(TinySmollm2B.self, []) }

    /// Chunks end within images, whose positions and features must go on where they were.
    @Test func imagesWithWindows() throws {
        try check(TinyQwen25vlA.self, ["stamp-61x45.png", "receipt-113x301.png"])
    }

    @Test func imagesWithoutWindows() throws { try check(TinyQwen2vlB.self, ["label-140x71.png"]) }

    /// Rows, keys and values that are rounded are rounded one by one.
    @Test(arguments: [WeightFormat.bf16, .w8g32, .w4g128], CacheGeometry.Precision.allCases)
    func roundedNumbers(weights: WeightFormat, cache: CacheGeometry.Precision) throws {
        try check(TinyQwen25vlA.self, ["stamp-61x45.png"]) { options in
            options.weightFormat = weights
            options.cachePrecision = cache
        }
    }

    /// The second turn repeats the first; what the cache holds of it is not read again, and changes nothing.
    @Test func aLaterTurnIsReadFromTheCache() throws {
        let loaded = try load(TinyQwen25vlA.self)
        let image = try loaded.patches(ofImageAt: Files.image("letter-224x168.png"))
        let opening: [ChatMessage] = [ChatMessage(role: "user", content: [.image(0), .text("Who wrote this?")])]
        let first = try loaded.prompt(messages: opening, images: [image])
        let session = try GenerationSession(loaded)
        let answer = try session.generate(first, greedy(12))
        #expect(answer.cachedTokens == 0)
        let turns =
            opening + [
                ChatMessage(role: "assistant", text: answer.text), ChatMessage(role: "user", text: "And when?"),
            ]
        let second = try loaded.prompt(messages: turns, images: [image])
        let continued = try session.generate(second, greedy(12))
        #expect(continued.cachedTokens >= first.tokens.count - 1)
        let anew = try GenerationSession(loaded).generate(second, greedy(12))
        #expect(anew.cachedTokens == 0)
        #expect(continued.tokens == anew.tokens)
    }

    /// Two images of one size have the same tokens, but are not the same prompt.
    @Test func anotherImageIsNotTakenFromTheCache() throws {
        let loaded = try load(TinyQwen25vlA.self) { $0.maximumPixels = 28 * 28 * 16 }
        func prompt(_ brightness: Float) throws -> Prompt {
            var image = try loaded.patches(ofImageAt: Files.image("letter-224x168.png"))
            for index in image.patches.indices { image.patches[index] *= brightness }
            return try loaded.prompt(question: "Who wrote this?", images: [image])
        }
        let session = try GenerationSession(loaded)
        let bright = try prompt(1)
        _ = try session.generate(bright, greedy(8))
        let dark = try prompt(-1)
        #expect(bright.tokens == dark.tokens)
        let continued = try session.generate(dark, greedy(8))
        #expect(continued.cachedTokens <= dark.images[0].firstToken)
        #expect(try continued.tokens == GenerationSession(loaded).generate(dark, greedy(8)).tokens)
        let repeated = try session.generate(dark, greedy(8))
        #expect(repeated.cachedTokens == dark.tokens.count - 1)
        #expect(repeated.tokens == continued.tokens)
    }
}
