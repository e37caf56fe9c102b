// How each kind of splitter cuts text; the expected words are those of tokenizers 0.23.3.
// Not the patterns' own behaviour: PatternTests.swift.

import JSONText
import Testing

@testable import InputProcessing

@Suite struct PreTokenizerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let configuration: String
        let text: String
        let words: [String]

        init(_ configuration: String, _ text: String, _ words: [String]) {
            self.configuration = configuration
            self.text = text
            self.words = words
        }

        var testDescription: String { configuration }
    }

    static let cases = [
        Case(
            #"{"type":"Split","pattern":{"String":"-"},"behavior":"Removed","invert":false}"#,
            "the-final--countdown-",
            ["the", "final", "countdown"]
        ),
        Case(
            #"{"type":"Split","pattern":{"String":"-"},"behavior":"Isolated","invert":false}"#,
            "the-final--countdown-",
            ["the", "-", "final", "-", "-", "countdown", "-"]
        ),
        Case(
            #"{"type":"Split","pattern":{"String":"-"},"behavior":"MergedWithPrevious","invert":false}"#,
            "the-final--countdown-",
            ["the-", "final-", "-", "countdown-"]
        ),
        Case(
            #"{"type":"Split","pattern":{"String":"-"},"behavior":"MergedWithNext","invert":false}"#,
            "-the-final--countdown",
            ["-the", "-final", "-", "-countdown"]
        ),
        Case(
            #"{"type":"Split","pattern":{"String":"-"},"behavior":"Contiguous","invert":false}"#,
            "the-final--countdown-",
            ["the", "-", "final", "--", "countdown", "-"]
        ),
        Case(
            #"{"type":"Split","pattern":{"Regex":"[a-z]+"},"behavior":"Removed","invert":true}"#,
            "the-final--countdown 한",
            ["the", "final", "countdown"]
        ),
        Case(
            #"{"type":"Split","pattern":{"Regex":"[a-z]+"},"behavior":"MergedWithNext","invert":true}"#,
            "12ab34cd!",
            ["12ab", "34cd", "!"]
        ),
        Case(
            #"{"type":"Split","pattern":{"Regex":"x*"},"behavior":"Isolated","invert":false}"#,
            "axxb",
            ["a", "xx", "b"]
        ),
        Case(
            #"{"type":"Split","pattern":{"String":"."},"behavior":"Isolated","invert":false}"#,
            "a.b..c",
            ["a", ".", "b", ".", ".", "c"]
        ),
        Case(
            #"{"type":"Digits","individual_digits":true}"#,
            "Call 123\u{663} now\u{BD}",
            ["Call ", "1", "2", "3", "\u{663}", " now", "\u{BD}"]
        ),
        Case(
            #"{"type":"Digits","individual_digits":false}"#,
            "Call 123\u{663} now\u{BD}",
            ["Call ", "123\u{663}", " now", "\u{BD}"]
        ),
        Case(
            #"{"type":"Punctuation","behavior":"Isolated"}"#,
            "Hey, you!! \u{300C}네\u{300D}\u{BF}",
            ["Hey", ",", " you", "!", "!", " ", "\u{300C}", "네", "\u{300D}", "\u{BF}"]
        ),
        Case(#"{"type":"Punctuation"}"#, "Hey, you!!", ["Hey", ",", " you", "!", "!"]),
        Case(
            #"{"type":"Punctuation","behavior":"Contiguous"}"#,
            "Hey, you!! \u{300C}네\u{300D}\u{BF}",
            ["Hey", ",", " you", "!!", " ", "\u{300C}", "네", "\u{300D}\u{BF}"]
        ),
        Case(#"{"type":"WhitespaceSplit"}"#, " a\t\tb\u{3000}c\u{200B}d\n", ["a", "b", "c\u{200B}d"]),
        Case(
            #"{"type":"Whitespace"}"#,
            "don't stop, it's 10% of\u{B2}\u{200D}x",
            ["don", "'", "t", "stop", ",", "it", "'", "s", "10", "%", "of", "\u{B2}", "\u{200D}x"]
        ),
        Case(
            #"{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}"#,
            "Hello  world's 12",
            [" Hello", " ", " world", "'s", " 12"]
        ),
        Case(
            #"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}"#,
            " I'll  go\n\n\tthere ",
            [" I", "'ll", " ", " go", "\n\n", "\t", "there", " "]
        ),
        Case(
            #"{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}"#,
            "Hey my  friend ",
            ["▁Hey", "▁my", "▁", "▁friend", "▁"]
        ),
        Case(
            #"{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":true}"#,
            " Hey my friend",
            ["▁Hey", "▁my", "▁friend"]
        ),
        Case(
            #"{"type":"Metaspace","replacement":"▁","prepend_scheme":"never","split":false}"#,
            "Hey my friend",
            ["Hey▁my▁friend"]
        ),
        Case(
            #"{"type":"Metaspace","replacement":"_","add_prefix_space":false,"prepend_scheme":"never"}"#,
            "a b",
            ["a", "_b"]
        ),
        Case(
            #"{"type":"Sequence","pretokenizers":[{"type":"Whitespace"},{"type":"Digits","individual_digits":true},"#
                + #"{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}]}"#,
            "ab12 c",
            ["▁ab", "▁1", "▁2", "▁c"]
        ),
    ]

    @Test(arguments: cases) func cutsAsTheReferenceDoes(example: Case) throws {
        let tokenizer = try TokenizerText(preTokenizer: example.configuration).load()
        let words = tokenizer.parts.preTokenizer.words(of: Array(example.text.utf8), isAtOrigin: true)
        let found = words.ranges.map { String(decoding: words.text[$0], as: UTF8.self) }
        #expect(found.map { Array($0.utf8) } == example.words.map { Array($0.utf8) }, "\(found)")
    }

    @Test func metaspaceOfTheFirstWordNeedsTheStartOfTheText() throws {
        let first = #"{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":false}"#
        let splitter = try TokenizerText(preTokenizer: first).load().parts.preTokenizer
        #expect(splitter.words(of: Array("a".utf8), isAtOrigin: false).text == Array("a".utf8))
        #expect(splitter.words(of: Array("a".utf8), isAtOrigin: true).text == Array("▁a".utf8))
    }

    @Test func normalizersRunInOrder() throws {
        let configuration = #"""
            {"type":"Sequence","normalizers":[{"type":"NFKC"},{"type":"Lowercase"},
            {"type":"Strip","strip_left":true,"strip_right":false},
            {"type":"Replace","pattern":{"Regex":"\\s+"},"content":" "},
            {"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]}
            """#
        let normalizer = try TokenizerText(normalizer: configuration).load().parts.normalizer
        func normalized(_ text: String) -> (String, Bool) {
            var bytes = Array(text.utf8)
            var isAtOrigin = true
            normalizer.apply(to: &bytes, isAtOrigin: &isAtOrigin)
            return (String(decoding: bytes, as: UTF8.self), isAtOrigin)
        }
        #expect(normalized("ＡB\u{3000}\tC ") == ("▁ab▁c▁", true))
        #expect(normalized("  ﬁ") == ("▁fi", false))
        #expect(normalized("") == ("", true))
        #expect(normalized("İ") == ("▁i\u{307}", true))
    }
}
