// Patterns: matches equal to Oniguruma's (as tokenizers 0.23.3 carries it), refusals with their place, and time that
// stays linear. Not random patterns: PatternPropertyTests.swift.

import Testing

@testable import InputProcessing

/// The texts that a pattern matches.
func matches(_ pattern: PatternScanner, in text: String) -> [String] {
    var text = text
    return text.withUTF8 { bytes in
        var found: [String] = []
        pattern.forEachMatch(in: bytes) { range in
            if !range.isEmpty { found.append(String(decoding: bytes[range], as: UTF8.self)) }
        }
        return found
    }
}

@Suite struct PatternTests {
    static let cases: [(pattern: String, text: String, matches: [String])] = [
        (#"\p{N}{1,3}"#, "12345 6", ["123", "45", "6"]),
        (#"\s+(?!\S)|\s+"#, "a   b  ", ["  ", " ", "  "]),
        (#"\s+$"#, "a  \n b  ", ["  ", "  "]),
        (#"a+?b??"#, "aab", ["a", "a"]),
        (#"(?i:'s|'t|k)"#, "'S'\u{17F}'t\u{212A}k", ["'S", "'\u{17F}", "'t", "\u{212A}", "k"]),
        (#"[^\r\n\p{L}\p{N}]?\p{L}+"#, " Hello-한글 x1", [" Hello", "-한글", " x"]),
        (#"[\p{L}&&[^\p{Han}]]+|\p{Han}"#, "漢字kana한", ["漢", "字", "kana한"]),
        (#"a++b|a"#, "aaab aa", ["aaab", "a", "a"]),
        (#"[^\s]?+\S"#, "ab c", ["ab"]),
        (#"\S{2,}?"#, "abcde", ["ab", "cd"]),
        (#"(ab|a)(c|bcd)?"#, "abcd", ["abc"]),
        (#"x*"#, "axxb", ["xx"]),
        (#"a(?=b)"#, "ab a", ["a"]),
        (#"[\r\n]+|."#, "a\r\n\nb", ["a", "\r\n\n", "b"]),
        (#"\x41\u0042\x{1F600}"#, "AB😀AB", ["AB😀"]),
        (#"a{,2}b|{x}"#, "aaab{x}", ["aab", "{x}"]),
        (#"a{1,2}+"#, "aaaaa", ["aaaaa"]),
        (#"\z"#, "ab", []),
        (#"(?i)a(?-i)B|c"#, "ABCaB", ["AB", "aB"]),
        (#"[a\-z-]+"#, "a-z b", ["a-z"]),
        (#"[\n -&&\s]+"#, "a \n-b", [" \n"]),
        (#"\p{^L}+|\P{N}"#, "a12", ["a", "12"]),
        (#"[+--]"#, "+,-.", ["+", ",", "-"]),
        (#"\w+"#, "aⅷ\u{301}_٣ ²", ["aⅷ\u{301}_٣", "²"]),
    ]

    @Test(arguments: cases) func matchesAsOnigurumaDoes(pattern: String, text: String, expected: [String]) throws {
        let found = matches(try PatternScanner(pattern: pattern), in: text)
        #expect(found.map { Array($0.utf8) } == expected.map { Array($0.utf8) }, "\(found)")
    }

    static let refusals: [(pattern: String, offset: Int, reason: String)] = [
        ("a(", 1, "the group is not closed"),
        ("a)", 1, "unmatched ')'"),
        ("[a", 0, "the character class is not closed"),
        ("a[]", 2, "an empty character class"),
        ("[z-a]", 1, "the range is in the wrong order"),
        (#"[\s-z]"#, 1, #"a set such as \s cannot start a range"#),
        (#"[a-\s]"#, 5, #"a set such as \s cannot end a range"#),
        ("*a", 0, "'*' has nothing to repeat"),
        ("a|+", 2, "'+' has nothing to repeat"),
        ("a{3,2}", 1, "the bounds are in the wrong order"),
        ("a{1001}", 2, "a repetition of more than 1000 times is not supported"),
        ("a{2}?", 4, "'?' after {n} is not supported"),
        ("(a?)+", 0, "a repetition of something that can be empty is not supported"),
        ("(?!a)*", 0, "a repetition of something that can be empty is not supported"),
        ("(?:ab)++", 0, "a possessive repetition of anything but one character is not supported"),
        ("x(?=ab)", 1, "a lookahead of anything but one character is not supported"),
        ("(?<=a)b", 0, "this kind of group is not supported; supported are (...), (?:...), (?i:...), (?=.), (?!.)"),
        ("(?>a)b", 0, "this kind of group is not supported; supported are (...), (?:...), (?i:...), (?=.), (?!.)"),
        ("^a", 0, "'^' outside a character class is not supported"),
        (#"\b"#, 0, #"the escape \b is not supported"#),
        (#"a\1"#, 1, #"the escape \1 is not supported"#),
        (#"a\"#, 1, "the pattern ends in a backslash"),
        (#"\x4"#, 0, #"expected the hexadecimal value of a character behind \x"#),
        (#"\uD800"#, 0, #"expected the hexadecimal value of a character behind \u"#),
        (#"\pL"#, 0, #"expected {name} behind \p"#),
        (
            #"\p{Greek}"#, 0,
            "the property \"Greek\" is not supported; supported are general categories such as L, Lu, N and Han"
        ),
        ("[[:alpha:]]", 1, #"a POSIX class such as [:alpha:] is not supported; use \p{L}, \s or \d"#),
        ("(?i:é)", 4, "ignoring case beyond ASCII is not supported"),
        ("(?i:ss)", 5, "the letters \"ss\" where case is ignored are not supported"),
        (#"(?i:\p{Lu})"#, 4, #"\p where case is ignored is not supported"#),
        ("(?i:[a[b]])", 6, "a class inside a class where case is ignored is not supported"),
    ]

    @Test(arguments: refusals) func refusesWithAPlace(pattern: String, offset: Int, reason: String) {
        #expect(throws: PatternError(pattern: pattern, offset: offset, reason: reason)) {
            try PatternScanner(pattern: pattern)
        }
    }

    @Test func refusesWhatWouldBecomeTooLarge() {
        func reason(_ pattern: String) -> String? {
            do {
                _ = try PatternScanner(pattern: pattern)
                return nil
            } catch {
                return error.reason
            }
        }
        #expect(reason("((a{1000}){1000}){1000}") == "the pattern is too long when its bounds are written out")
        #expect(reason("(?:[ab]*a[ab]{20}c)") == "the pattern needs an automaton of more than 8192 states")
        #expect(reason(String(repeating: "(", count: 100)) == "groups nested deeper than 64 levels")
        #expect(
            reason(String(repeating: "a", count: 8_193)) == "a pattern of more than 8192 characters is not supported"
        )
        let many = (0..<70).map { "[a\\x{\(String(0x4E00 + $0, radix: 16))}]" }.joined()
        #expect(reason(many) == "the pattern has more than 64 different character sets")
    }

    /// Texts on which a backtracking or restarting matcher needs time that is quadratic or worse; this test then does
    /// not end.
    @Test func hardTextsTakeLinearTime() throws {
        let length = 1_000_000
        let spaces = String(repeating: " ", count: length)
        #expect(matches(try PatternScanner(pattern: #"\s+$"#), in: spaces + "x").isEmpty)
        #expect(matches(try PatternScanner(pattern: #"\s+$"#), in: spaces).count == 1)
        #expect(matches(try PatternScanner(pattern: #"a+a+a+b"#), in: String(repeating: "a", count: length)).isEmpty)
        #expect(matches(try PatternScanner(pattern: #"(a|a)+b"#), in: String(repeating: "a", count: length)).isEmpty)
        let late = matches(
            try PatternScanner(pattern: #"[a-z]+1"#),
            in: String(repeating: "a", count: length) + "!bc1d2"
        )
        #expect(late == ["bc1"])
    }
}
