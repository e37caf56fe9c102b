// Grammars as llama.cpp and vLLM's users write them: every construct, and every error with line and column.
// Random grammars against the slow matcher: GrammarPropertyTests.swift.

import Testing

@testable import StructuredOutput

@Suite struct GBNFTests {
    @Test func derivesWhatTheRulesSay() throws {
        let arithmetic = Constraint.grammar(
            """
            # sums of products
            root  ::= (expr "=" ws term "\\n")+   # at least one line
            expr  ::= term ([-+*/] term)*
            term  ::= ident | num | "(" ws expr ")" ws
            ident ::= [a-z] [a-z0-9_]* ws
            num   ::= [0-9]+ ws
            ws    ::= [ \\t\\n]*
            """
        )
        try Checks.expect(
            arithmetic,
            accepts: ["a=1\n", "(x1 +2)*y = 7\n", "((a))=b\n1=1\n"],
            refuses: ["", "a=1", "a==1\n", "(a=1\n", "1a=2\n"]
        )
    }

    @Test func aRuleEndsWhereTheNextBegins() throws {
        let text = """
            root ::=
              "a" |
              other_rule
              | (
                "b"   # in the middle
                "c"
              )
            other_rule
              ::= "d"{2} "e"?
            """
        try Checks.expect(.grammar(text), accepts: ["a", "bc", "dd", "dde"], refuses: ["b", "d", "ddee"])
    }

    @Test func knowsClassesEscapesAndAnyCharacter() throws {
        let text = #"root ::= [^"\\\x7F\x00-\x1F] . [\]\[a\-z-] "\"\x41\u00e9\U0001F600\t" [é-ü]"#
        try Checks.expect(
            .grammar(text),
            accepts: ["x\n]\"Aé😀\té", "日😀-\"Aé😀\tü"],
            refuses: ["\"a]\"Aé😀\té", "xab\"Aé😀\té", "xa]\"Aé😀\tz"]
        )
        try Checks.expect(
            .grammar("root ::= \"\" | [ab]{,2} [c]{2,} [d]{3}"),
            accepts: ["", "ccddd", "bacccddd"],
            refuses: ["cddd"]
        )
    }

    @Test func rightRecursionStaysFlatAndNestingDoesNot() throws {
        let list = Constraint.grammar("root ::= \"a\" root | \"b\"")
        let nested = Constraint.grammar("root ::= \"(\" root \")\" | \"x\"")
        let flat = try Checks.compiled(list)
        var state = ConstraintState(flat)
        let isAccepted = state.accept(bytes: Array(repeating: UInt8(ascii: "a"), count: 10_000))
        #expect(isAccepted)
        #expect(flat.statistics.configurations < 10)
        let depth = 20_000
        let text = String(repeating: "(", count: depth) + "x" + String(repeating: ")", count: depth)
        try Checks.expect(nested, accepts: [text], refuses: [text + ")", String(text.dropLast())])
    }

    @Test(arguments: [
        ("root ::= a", "1:10: there is no rule `a`"),
        ("expr ::= \"a\"", "1:1: there is no rule `root`"),
        ("", "1:1: there is no rule `root`"),
        ("root ::= \"a\"\nroot ::= \"b\"", "2:1: the rule `root` is there twice"),
        ("root ::= x\nx ::= x \"a\" | \"b\"", "2:1: left recursion: `x`, then `x`"),
        ("root ::= x\nx ::= y? z\ny ::= \"y\"\nz ::= x \"z\" | \"q\"", "2:1: left recursion: `x`, then `z`, then `x`"),
        ("root ::= \"a\" x\nx ::= \"b\" x", "1:1: no text ever completes the rule `root`"),
        ("root ::= \"a\"\nx ::= \"b\" x", "2:1: no text ever completes the rule `x`"),
        ("root ::= \"abc", "1:10: the string is not closed"), ("root ::= [abc", "1:10: the class is not closed"),
        ("root ::= (\"a\"", "1:10: the group is not closed"), ("root ::= \"a\")", "1:13: `)` closes no group"),
        ("root ::= \"\\q\"", "1:11: unknown escape"), ("root ::= [z-a]", "1:12: the ends of the range"),
        ("root ::= \"a\"{2,1}", "1:13: the limits are in the wrong order"),
        ("root ::= \"a\"{}", "1:13: expected limits"), ("root = \"a\"", "1:6: expected `::=`"),
        ("root ::= <[1234]>", "1:10: expected a string"), ("root ::= (= \"a\")", "1:10: lookahead"),
        ("root ::= []", "1:10: no character is in the class"), ("root ::= \"\\uD800\"", "1:11: the escape names no"),
        ("root ::= \"\\", "1:11: the grammar ends in a backslash"),
    ])
    func refusesWithThePlace(text: String, message: String) {
        #expect(Checks.error(.grammar(text)).hasPrefix(message), "\(Checks.error(.grammar(text)))")
    }
}
