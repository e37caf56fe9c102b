// Decoders one by one, and the promise of streaming: no part of a character, and in total the same text.
// The expected texts are those of tokenizers 0.23.3.

import JSONText
import Testing

@testable import InputProcessing

@Suite struct TokenDecoderTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let configuration: String
        let tokens: [String]
        let text: String

        init(_ configuration: String, _ tokens: [String], _ text: String) {
            self.configuration = configuration
            self.tokens = tokens
            self.text = text
        }

        var testDescription: String { configuration }

        func tokenizer(extraTokens: [String] = []) throws -> Tokenizer {
            var vocabulary: [String] = []
            for token in tokens + extraTokens where !vocabulary.contains(token) { vocabulary.append(token) }
            return try TokenizerText(decoder: configuration, model: TokenizerText.model(vocabulary: vocabulary)).load()
        }
    }

    private static let byteLevel = TokenizerText.byteLevel

    private static func sequence(_ decoders: String...) -> String {
        #"{"type":"Sequence","decoders":["# + decoders.joined(separator: ",") + "]}"
    }

    private static let fallback = #"{"type":"ByteFallback"}"#
    private static let fuse = #"{"type":"Fuse"}"#
    private static let spaces = #"{"type":"Replace","pattern":{"String":"▁"},"content":" "}"#

    private static func strip(_ start: Int, _ stop: Int) -> String {
        #"{"type":"Strip","content":" ","start":\#(start),"stop":\#(stop)}"#
    }

    static let cases = [
        Case("null", ["a", "b", "c"], "a b c"),
        Case(byteLevel, ["ĠH", "é", "Ã", "©", "Ð", "x", "한", "ĠðŁĺ", "Ģ"], " H\u{FFFD}é\u{FFFD}x한 😀"),
        Case(byteLevel, ["ðŁ", "ðŁĺĢ", "Ģ", "ÃĤ", "â", "Ĥ"], "\u{FFFD}😀\u{FFFD}\u{C2}\u{FFFD}"),
        Case(
            sequence(spaces, fallback, fuse, strip(1, 0)),
            ["▁Hello", "▁wor", "<0xED>", "<0x95>", "<0x9C>", "ld"],
            "Hello wor한ld"
        ),
        Case(
            sequence(spaces, fallback, fuse, strip(1, 0)),
            ["▁▁a", "<0xED>", "<0x95>", "b", "<0xE2>", "<0x82>", "<0xAC>", "<0xFF>"],
            " a\u{FFFD}\u{FFFD}b\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"
        ),
        Case(
            sequence(fallback, fuse),
            ["<0x4>", "<0x041>", "<0x4g>", "<0x+5>", "<0x41>", "<0x0a>"],
            "<0x4><0x041><0x4g>\u{5}A\n"
        ),
        Case(
            #"{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}"#,
            ["▁Hey", "▁my", "▁▁friend"],
            "Hey my  friend"
        ),
        Case(
            #"{"type":"Metaspace","replacement":"▁","prepend_scheme":"never","split":true}"#,
            ["▁Hey", "▁my"],
            " Hey my"
        ),
        Case(#"{"type":"BPEDecoder","suffix":"</w>"}"#, ["he", "llo</w>", "wor", "ld</w>"], "hello world"),
        Case(sequence(fuse, strip(2, 2)), ["  ", "  a", " b  ", " ", "  "], "  a b   "),
        Case(
            sequence(fuse, #"{"type":"Replace","pattern":{"String":"ab"},"content":"X"}"#, strip(1, 0)),
            ["a", "b", " ab", "a", "abb"],
            "X XaXb"
        ),
        Case(
            sequence(fuse, #"{"type":"Replace","pattern":{"Regex":"\\s+"},"content":" "}"#),
            ["a ", " b", "  ", "c"],
            "a b c"
        ),
        Case(sequence(strip(1, 1), fuse), [" a ", " b", "c ", "  "], "abc"),
    ]

    @Test(arguments: cases) func decodesAsTheReferenceDoes(example: Case) throws {
        let tokenizer = try example.tokenizer()
        let ids = try example.tokens.map { try #require(tokenizer.tokenID($0)) }
        #expect(
            tokenizer.decode(ids).utf8.elementsEqual(example.text.utf8),
            "\(tokenizer.decode(ids).debugDescription)"
        )
        #expect(tokenizer.decode([Int32]()) == "")
        #expect(tokenizer.decode([-1, Int32.max]) == "")
    }

    /// For every decoder, random ids: what comes out is valid, never taken back, and in total the decoded text.
    @Test(arguments: cases) func streamsWithoutPartsOfCharacters(example: Case) throws {
        let tokenizer = try example.tokenizer(
            extraTokens: [
                "Ġ", "ð", "Ł", "ĺ", "Ģ", "â", "Ĥ", "¬", "▁", " ", "  ", "<0xF0>", "<0x9F>", "<0x98>", "<0x80>", "z</w>",
            ])
        var fuzzer = TextFuzzer(seed: 11)
        for _ in 0..<400 {
            let ids = (0..<Int.random(in: 0...14, using: &fuzzer)).map { _ in
                Int32.random(in: 0..<Int32(tokenizer.idBound + 1), using: &fuzzer)
            }
            let whole = Array(tokenizer.decode(ids).utf8)
            var stream = tokenizer.makeStreamingDecoder()
            var streamed: [UInt8] = []
            for id in ids {
                // A piece is whole characters: repairing it as UTF-8 would have changed it otherwise.
                var piece: [UInt8] = []
                stream.append(id, to: &piece)
                #expect((try? UTF8Span(validating: piece.span)) != nil)
                streamed += piece
                #expect(whole.starts(with: streamed))
            }
            streamed += Array(stream.finish().utf8)
            #expect(streamed == whole, "\(ids.map { tokenizer.token($0) ?? "?" })")
            // After its end the decoder starts anew.
            var again: [UInt8] = []
            for id in ids { stream.append(id, to: &again) }
            stream.finish(to: &again)
            #expect(again == whole)
        }
    }

    /// A character comes out with the token that completes it, not later.
    @Test func holdsBackNoMoreThanItMust() throws {
        let tokenizer = try TokenizerText.byteLevel().load()
        var stream = tokenizer.makeStreamingDecoder()
        #expect("aé한😀".utf8.map { stream.append(Int32($0)) } == ["a", "", "é", "", "", "한", "", "", "", "😀"])
        // Bytes that cannot become a character any more are not waited for.
        #expect(
            [0xE2, 0x41, 0xED, 0xA0, 0xF0, 0x9F].map { stream.append($0) } == [
                "", "\u{FFFD}A", "", "\u{FFFD}\u{FFFD}", "", "",
            ]
        )
        #expect(stream.finish() == "\u{FFFD}")
        #expect(stream.finish() == "")
        #expect(stream.append(0x41) == "A")
    }
}
