// Added tokens in the text: longest first, with white space, as single words, normalized or not, literal on demand.
// The expected tokens are those of tokenizers 0.23.3; what is literal is this library's own.

import Testing

@testable import InputProcessing

@Suite struct AddedTokenTests {
    static func tokenizer() throws -> Tokenizer {
        var text = TokenizerText.byteLevel(
            addedTokens: "["
                + [
                    TokenizerText.addedToken("yes", 256, "single_word"),
                    TokenizerText.addedToken("[M]", 257, "lstrip", "special"),
                    TokenizerText.addedToken("<m>", 258, "rstrip", "special"),
                    TokenizerText.addedToken("<mm>", 259, "special"),
                    TokenizerText.addedToken("<m", 260),
                    TokenizerText.addedToken("NO", 261, "normalized"),
                    TokenizerText.addedToken("x y", 262, "normalized", "special"),
                    TokenizerText.addedToken("\n\n", 263, "lstrip"),
                    TokenizerText.addedToken("\t\t", 264),
                ].joined(separator: ",") + "]"
        )
        text.normalizer = #"{"type":"Lowercase"}"#
        return try text.load()
    }

    @Test(arguments: [
        ("yes", ["yes"]), ("yes!", ["yes", "!"]), ("eyes", ["e", "y", "e", "s"]), ("yes_", ["y", "e", "s", "_"]),
        ("a yes b", ["a", "Ġ", "yes", "Ġ", "b"]), ("éyes", ["Ã", "©", "y", "e", "s"]),
        ("a  [M] b", ["a", "[M]", "Ġ", "b"]), ("[M][M]", ["[M]", "[M]"]), (" [M] [M]", ["[M]", "[M]"]),
        ("<m>  x", ["<m>", "x"]), ("<m> [M]", ["<m>", "[M]"]), ("<mm>", ["<mm>"]), ("<mm", ["<m", "m"]),
        ("<<m>>", ["<", "<m>", ">"]), ("<m <m>", ["<m", "Ġ", "<m>"]), ("No no NO", ["NO", "Ġ", "NO", "Ġ", "NO"]),
        ("X y", ["x y"]), ("a\u{3000}[M]", ["a", "[M]"]), ("<m>\n\t<m>", ["<m>", "<m>"]),
        // A token in the white space that the one before takes along: gone if it strips, else still a token.
        ("a \n\nb", ["a", "\n\n", "b"]), ("<m>\n\n", ["<m>"]), ("<m> \n\nx", ["<m>", "x"]),
        ("<m>\t\t x", ["<m>", "\t\t", "Ġ", "x"]), ("<m>\t\t\n\n", ["<m>", "\t\t", "\n\n"]),
        ("yes\u{200D}", ["y", "e", "s", "â", "Ģ", "į"]), ("yes²", ["yes", "Â", "²"]), ("", []),
    ])
    func findsThemAsTheReferenceDoes(text: String, expected: [String]) throws {
        let tokenizer = try Self.tokenizer()
        #expect(tokenizer.encode(text).map { tokenizer.token($0) } == expected)
    }

    @Test func decodesNormalizedTokensInTheirNormalizedForm() throws {
        let tokenizer = try Self.tokenizer()
        let ids: [Int32] = [256, 257, 258, 261, 262, 0x21, 0x22, 260]
        #expect(tokenizer.decode(ids) == "yes[M]<m>nox y!\"<m")
        #expect(tokenizer.decode(ids, skipSpecialTokens: true) == "yesno!\"<m")
    }

    @Test func specialTokensInLiteralRangesAreText() throws {
        let tokenizer = try Self.tokenizer()
        func tokens(_ text: String, _ literal: Range<Int>...) throws -> [String?] {
            try tokenizer.encode(text, literal: literal).map { tokenizer.token($0) }
        }
        #expect(try tokens("<mm><mm>") == ["<mm>", "<mm>"])
        // Tokens that are not special are still found, here "<m" in what would have been "<mm>".
        #expect(try tokens("<mm><mm>", 0..<4) == ["<m", "m", ">", "<mm>"])
        #expect(try tokens("<mm><mm>", 4..<8) == ["<mm>", "<m", "m", ">"])
        // One shared byte is enough.
        #expect(try tokens("a<mm>b", 0..<2) == ["a", "<m", "m", ">", "b"])
        #expect(try tokens("a<mm>b", 4..<6) == ["a", "<m", "m", ">", "b"])
        #expect(try tokens("a<mm>b", 0..<1, 5..<6) == ["a", "<mm>", "b"])
        // Special tokens that are looked for in normalized text: by place where the text has not moved, else nowhere.
        #expect(try tokens("x y x y", 0..<3) == ["x", "Ġ", "y", "Ġ", "x y"])
        #expect(try tokens("X y x y", 0..<3) == ["x", "Ġ", "y", "Ġ", "x", "Ġ", "y"])
        // Literal text without special tokens is encoded as ever.
        var fuzzer = TextFuzzer(seed: 4)
        let qwen = try TokenizerFixtures.tokenizer("qwen2")
        let special = qwen.specialTokens.map { Array($0.text.utf8) }
        for _ in 0..<300 {
            let text = fuzzer.text(pieces: 12)
            guard !special.contains(where: { Array(text.utf8).firstRange(of: $0) != nil }) else { continue }
            #expect(try qwen.encode(text, literal: [0..<text.utf8.count]) == qwen.encode(text))
        }
    }

    @Test func encodingOfManySpecialTokensIsExact() throws {
        let tokenizer = try TokenizerFixtures.tokenizer("qwen2")
        let end = try #require(tokenizer.tokenID("<|im_end|>"))
        let text = String(repeating: "<|im_end|>", count: 2_000)
        #expect(tokenizer.encode(text) == Array(repeating: end, count: 2_000))
        #expect(!(try tokenizer.encode(text, literal: [0..<text.utf8.count]).contains(end)))
    }
}
