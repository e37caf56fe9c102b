// Encoding and decoding against the committed outputs of the reference library: byte level, digits, byte fallback.
// Not errors, and not stages that these three kinds lack: PreTokenizerTests.swift, AddedTokenTests.swift.

import JSONText
import Testing

@testable import InputProcessing

@Suite struct TokenizerFixtureTests {
    static let kinds = ["qwen2", "smollm2", "byte-fallback"]

    @Test(arguments: kinds) func encodesEveryText(kind: String) throws {
        let tokenizer = try TokenizerFixtures.tokenizer(kind)
        let texts = try TokenizerFixtures.jsonLines("tokenizers/texts.jsonl")
        let expected = try TokenizerFixtures.jsonLines("tokenizers/\(kind)/encode.jsonl")
        #expect(texts.count == expected.count && texts.count >= 1_500)
        for (line, expected) in zip(texts, expected) {
            let text = try #require(line.string)
            let ids = try #require(expected["ids"]?.ids)
            #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)")
            #expect(tokenizer.encode(Array(text.utf8)) == ids)
        }
    }

    @Test(arguments: kinds) func decodesWhatItEncodes(kind: String) throws {
        let tokenizer = try TokenizerFixtures.tokenizer(kind)
        let texts = try TokenizerFixtures.jsonLines("tokenizers/texts.jsonl")
        let expected = try TokenizerFixtures.jsonLines("tokenizers/\(kind)/encode.jsonl")
        for (line, expected) in zip(texts, expected) {
            let ids = try #require(expected["ids"]?.ids)
            let decoded = expected["decoded"]?.string ?? line.string ?? ""
            expectDecoding(of: ids, by: tokenizer, is: decoded, without: expected["plain"]?.string ?? decoded)
        }
    }

    @Test(arguments: kinds) func decodesRandomIDs(kind: String) throws {
        let tokenizer = try TokenizerFixtures.tokenizer(kind)
        let lines = try TokenizerFixtures.jsonLines("tokenizers/\(kind)/decode.jsonl")
        #expect(lines.count >= 300)
        for line in lines {
            let ids = try #require(line["ids"]?.ids)
            let text = try #require(line["text"]?.string)
            expectDecoding(of: ids, by: tokenizer, is: text, without: line["plain"]?.string ?? text)
        }
    }

    /// Every id gives its bytes, and those of a byte-level text are the text.
    @Test func bytesOfTokensAreTheText() throws {
        let tokenizer = try TokenizerFixtures.tokenizer("qwen2")
        for line in try TokenizerFixtures.jsonLines("tokenizers/texts.jsonl") {
            let text = try #require(line.string)
            let ids = tokenizer.encode(text)
            let bytes = ids.flatMap { tokenizer.bytes(of: $0) ?? [] }
            #expect(bytes.elementsEqual(tokenizer.decode(ids).utf8))
        }
        let fallback = try TokenizerFixtures.tokenizer("byte-fallback")
        let euro = try #require(fallback.tokenID("<0xE2>"))
        #expect(fallback.bytes(of: euro) == [0xE2])
        #expect(fallback.bytes(of: Int32(fallback.idBound)) == nil)
    }

    @Test func knowsItsVocabulary() throws {
        let tokenizer = try TokenizerFixtures.tokenizer("qwen2")
        let start = try #require(tokenizer.tokenID("<|im_start|>"))
        #expect(tokenizer.token(start) == "<|im_start|>")
        #expect(tokenizer.specialTokens.contains { $0.id == start && $0.text == "<|im_start|>" })
        #expect(tokenizer.addedTokens.contains { $0.text == "<tool_call>" && !$0.isSpecial })
        #expect(!tokenizer.specialTokens.contains { $0.text == "<tool_call>" })
        #expect(tokenizer.tokenID("no such token") == nil)
        #expect(tokenizer.token(-1) == nil)
        #expect(tokenizer.tokenID("Ġ").flatMap { tokenizer.bytes(of: $0) } == [0x20])
        let tokens = (0..<Int32(tokenizer.idBound)).compactMap { tokenizer.token($0) }
        #expect(tokens.count == tokenizer.vocabularySize)
        for (id, token) in tokens.enumerated() { #expect(tokenizer.tokenID(token) == Int32(id)) }
    }

    private func expectDecoding(of ids: [Int32], by tokenizer: Tokenizer, is text: String, without plain: String) {
        for (skips, expected) in [(false, text), (true, plain)] {
            let decoded = tokenizer.decode(ids, skipSpecialTokens: skips)
            #expect(decoded.utf8.elementsEqual(expected.utf8), "\(ids)")
            var stream = tokenizer.makeStreamingDecoder(skipSpecialTokens: skips)
            var pieces = ids.map { stream.append($0) }
            pieces.append(stream.finish())
            #expect(pieces.flatMap { Array($0.utf8) }.elementsEqual(expected.utf8), "\(ids)")
        }
    }
}
