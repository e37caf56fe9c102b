// What does not fit is refused before anything is computed, with a way out; what just fits is answered.

import Generation
import InputProcessing
import ModelRuntime
import Testing

@Suite struct ContextTests {
    @Test func aPromptBeyondTheContextIsRefused() throws {
        let loaded = try load(TinySmollm2B.self) { $0.contextTokens = 64 }
        let prompt = try loaded.prompt(String(repeating: "claim ", count: 100))
        #expect(prompt.tokens.count > 64)
        let error = #expect(throws: GenerationError.self) {
            try GenerationSession(loaded).generate(prompt, greedy(1))
        }
        let message = error.map { "\($0)" } ?? ""
        #expect(message.contains("\(prompt.tokens.count) tokens"))
        #expect(message.contains("context of 64"))
        #expect(message.contains("--context"))
    }

    @Test func imageTokensBeyondTheContextAreRefused() throws {
        let loaded = try load(TinyQwen25vlA.self) { $0.contextTokens = 48 }
        let prompt = try loaded.prompt("Read this.", ["letter-224x168.png"])
        let error = #expect(throws: GenerationError.self) {
            try GenerationSession(loaded).generate(prompt, greedy(1))
        }
        let message = error.map { "\($0)" } ?? ""
        #expect(message.contains("48 of them for images") || message.contains("of them for images"))
        #expect(message.contains("--max-pixels"))
    }

    /// An image that may be, in a context that is smaller than its tokens.
    @Test func anImageOfMoreTokensThanTheContextIsRefused() throws {
        let loaded = try load(TinyQwen25vlA.self) { $0.contextTokens = 32 }
        let prompt = try loaded.prompt("Read this.", ["letter-224x168.png"])
        #expect(prompt.images[0].grid.tokenCount(merge: 2) > 32)
        #expect(throws: GenerationError.self) { try GenerationSession(loaded).generate(prompt, greedy(1)) }
    }

    @Test func anAnswerEndsWithTheContext() throws {
        let loaded = try load(TinySmollm2B.self) { $0.contextTokens = 64 }
        let text = "<|im_start|>user\nRead<|im_end|>\n<|im_start|>assistant\n"
        let prompt = try loaded.prompt(text: text, images: [])
        var parameters = SamplingParameters.greedy
        parameters.ignoresEndOfSequence = true
        let result = try GenerationSession(loaded).generate(prompt, parameters)
        #expect(result.finishReason == .length)
        #expect(prompt.tokens.count + result.tokens.count == 64)
    }

    @Test func anEmptyPromptIsRefused() throws {
        let loaded = try load(TinySmollm2B.self)
        #expect(throws: GenerationError.self) {
            try GenerationSession(loaded).generate(Prompt(tokens: []), greedy(1))
        }
    }

    @Test(arguments: [("--context", 0), ("--context", 1 << 30), ("--chunk", 0), ("--threads", 0), ("--max-pixels", 1)])
    func optionsOutOfRangeAreRefused(option: String, value: Int) throws {
        let error = #expect(throws: LoadingError.self) {
            try load(TinyQwen25vlA.self) { options in
                switch option {
                case "--context": options.contextTokens = value
                case "--chunk": options.stepRows = value
                case "--threads": options.threads = value
                default: options.maximumPixels = value
                }
            }
        }
        #expect(error.map { "\($0)" }?.hasPrefix("\(option) is \(value); allowed: ") == true)
    }

    /// A cancelled answer ends between steps, and the session can be used again.
    @Test func cancellationEndsAnAnswerBetweenSteps() throws {
        let loaded = try load(TinyQwen25vlA.self) { $0.stepRows = 16 }
        let prompt = try loaded.prompt("Read this.", ["label-140x71.png"])
        let session = try GenerationSession(loaded)
        let whole = try GenerationSession(loaded).generate(prompt, greedy(12)).tokens
        for limit in [0, 1, 2, 3, 5, 8] {
            var asked = 0
            let result = try session.generate(prompt, greedy(12)) { _ in
            } isCancelled: {
                asked += 1
                return asked > limit
            }
            #expect(result.finishReason == nil)
            #expect(Array(whole.prefix(result.tokens.count)) == result.tokens)
            #expect(result.tokens.count < 12)
        }
        #expect(try session.generate(prompt, greedy(12)).tokens == whole)
    }

    /// The seed makes random choices repeatable, and is told where none was given.
    @Test func seedsRepeatAnswers() throws {
        let loaded = try load(TinySmollm2B.self)
        let prompt = try loaded.prompt("Tell me about the policy.")
        var parameters = SamplingParameters()
        parameters.temperature = 1.5
        parameters.maximumTokens = 24
        parameters.ignoresEndOfSequence = true
        let first = try GenerationSession(loaded).generate(prompt, parameters)
        parameters.seed = first.seed
        #expect(try GenerationSession(loaded).generate(prompt, parameters).tokens == first.tokens)
        parameters.seed = first.seed &+ 1
        #expect(try GenerationSession(loaded).generate(prompt, parameters).tokens != first.tokens)
    }

    /// Text comes in whole characters, joined to the answer, and none of a stop string is shown.
    @Test func streamedTextIsTheAnswer() throws {
        let loaded = try load(TinySmollm2B.self)
        let prompt = try loaded.prompt("수술 기록")
        var pieces: [String] = []
        let whole = try GenerationSession(loaded).generate(prompt, greedy(48)) { event in
            if case .text(let text) = event { pieces.append(text) }
        }
        #expect(pieces.joined() == whole.text)
        #expect(pieces.count > 1)
        // Any two characters from the middle of the answer end it where they first stand.
        let characters = Array(whole.text)
        let stop = String(characters.dropFirst(characters.count / 2).prefix(2))
        var parameters = greedy(48)
        parameters.stopStrings = [stop]
        let stopped = try GenerationSession(loaded).generate(prompt, parameters)
        #expect(stopped.finishReason == .stopString(stop))
        let expected = try #require(whole.text.firstRange(of: stop)).lowerBound
        #expect(stopped.text == String(whole.text[..<expected]))
    }
}
