// The subset of regular expressions: what each construct takes, and what is refused where.
// Random patterns against the slow matcher: GrammarPropertyTests.swift.

import Testing

@testable import StructuredOutput

@Suite struct RegexTests {
    @Test func matchesFromTheFirstToTheLastCharacter() throws {
        try Checks.expect(.regex("abc"), accepts: ["abc"], refuses: ["", "ab", "abcd", "xabc"])
        try Checks.expect(.regex("^a|b$"), accepts: ["a", "b"], refuses: ["ax", "xb"])
        try Checks.expect(.regex(""), accepts: [""], refuses: ["a"])
        try Checks.expect(.regex("|a"), accepts: ["", "a"], refuses: ["aa"])
    }

    @Test func knowsQuantifiers() throws {
        try Checks.expect(.regex("a*b+c?"), accepts: ["b", "aabbc"], refuses: ["", "a", "bcc"])
        try Checks.expect(.regex("a{2}b{1,}c{0,2}"), accepts: ["aab", "aabbcc"], refuses: ["ab", "aaab", "aabccc"])
        try Checks.expect(.regex("(ab){1,2}?"), accepts: ["ab", "abab"], refuses: ["", "ababab"])
        try Checks.expect(.regex("a{0}b"), accepts: ["b"], refuses: ["ab"])
    }

    @Test func countsManyCharactersExactly() throws {
        let pattern = Constraint.regex("x[0-9]{3,70000}y")
        func text(_ count: Int) -> String { "x" + String(repeating: "7", count: count) + "y" }
        try Checks.expect(pattern, accepts: [text(3), text(500), text(70_000)], refuses: [text(2), text(70_001)])
        try Checks.expect(
            .regex("[ab]{300,}c"),
            accepts: [String(repeating: "b", count: 300) + "c"],
            refuses: [
                String(repeating: "b", count: 299) + "c"
            ]
        )
    }

    @Test func knowsClassesAndEscapes() throws {
        try Checks.expect(.regex(#"[a-c\d_-]+"#), accepts: ["a-0_c"], refuses: ["d", "é"])
        try Checks.expect(.regex(#"[^a-c]"#), accepts: ["d", "é", "\n", "😀"], refuses: ["a", "de"])
        try Checks.expect(.regex(#"\w\W\s\S\D"#), accepts: ["a\u{A0} xé", "_-\tx-"], refuses: ["é-\tx-", "a- x1"])
        try Checks.expect(.regex(#"."#), accepts: ["a", "é", "\u{85}"], refuses: ["\n", "\r", "\u{2028}", ""])
        try Checks.expect(
            .regex(#"\n\t\x41\u00e9\u{1F600}\ud83d\ude00\.\\\/\-"#),
            accepts: ["\n\tAé😀😀.\\/-"],
            refuses: []
        )
        try Checks.expect(.regex(#"[\b\]\\\n-]"#), accepts: ["\u{8}", "]", "\\", "\n", "-"], refuses: ["b"])
        try Checks.expect(.regex("[à-ü]{2}[ぁ-ん]"), accepts: ["éüの"], refuses: ["ezの"])
        try Checks.expect(.regex("a{b}{"), accepts: ["a{b}{"], refuses: ["a"])
        try Checks.expect(.regex("(?:a)(?<n>b)(?P<m_1>c)"), accepts: ["abc"], refuses: ["ab"])
    }

    @Test(arguments: [
        ("a(?=b)", "at character 1: lookahead"), ("a(?!b)", "at character 1: lookahead"),
        ("(?<=b)", "at character 0: lookbehind"), ("(?<!b)a", "at character 0: lookbehind"),
        ("(a)\\1", "at character 3: backreferences"), ("(?<x>a)\\k<x>", "at character 7: backreferences"),
        ("(?P=x)", "at character 0: backreferences"), ("(?>a)", "at character 0: atomic groups"),
        ("(?i)a", "at character 0: `(?`"), ("\\bword", "at character 0: word boundaries"),
        ("\\p{L}", "at character 0: Unicode properties"), ("a++", "at character 2: possessive"),
        ("a**", "at character 0: two quantifiers"), ("*a", "at character 0: `*` repeats nothing"),
        ("a|{2}", "at character 2: `{` repeats nothing"), ("(a", "at character 0: the group is not closed"),
        ("a)", "at character 1: `)` closes no group"), ("[a", "at character 0: the class is not closed"),
        ("[]", "at character 0: the class is empty"), ("[z-a]", "at character 2: the ends of the range"),
        ("[a-\\d]", "at character 2: a range needs"), ("[[:alpha:]]", "at character 1: named classes"),
        ("a{3,2}", "at character 1: the limits"), ("a^b", "at character 1: `^` must stand"),
        ("a$b", "at character 1: `$` must stand"), ("(a$)", "at character 2: `$` must stand"),
        ("\\", "at character 0: the pattern ends"), ("\\x4", "at character 0: expected 2 hex digits"),
        ("\\u{110000}", "at character 0: the escape names no"), ("\\ud800", "at character 0: the escape names no"),
        ("\\q", "at character 0: `\\q` is no escape"), ("[^\\s\\S]", "at character 0: no character"),
        ("\\012", "at character 0: octal"), ("a{,2}", "at character 2: expected a number"),
    ])
    func refusesWithThePlace(pattern: String, message: String) {
        #expect(Checks.error(.regex(pattern)).hasPrefix(message), "\(Checks.error(.regex(pattern)))")
    }
}
