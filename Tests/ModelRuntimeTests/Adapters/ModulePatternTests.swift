// Patterns of modules: what matches, as Python's `re` says, what is refused, and that nothing takes long.

import Testing

import enum TestRandomness.FuzzRounds

@testable import ModelRuntime

@Suite struct ModulePatternTests {
    private static let paths = [
        "model.language_model.layers.0.self_attn.q_proj", "model.layers.11.mlp.down_proj", "visual.blocks.3.attn.qkv",
        "model.visual.patch_embed.proj", "lm_head", "q_proj", "xq_proj", "model.visual.merger.mlp.2",
        "model.layers.1.mlp.experts.3.up_proj", "",
    ]

    /// Patterns, and which of the paths `re.fullmatch` of Python 3.11 finds to match (x).
    private static let whole: [(String, String)] = [
        (#".*\.q_proj"#, "x........."),
        (#"q_proj"#, ".....x...."),
        (#".*(q_proj|down_proj)$"#, "xx...xx..."),
        (#"^(?=.*visual)(?!.*patch_embed).*\.(qkv|proj|mlp\.[02])$"#, "..x....x.."),
        (#"^(?!.*visual).*(?:q_proj|down_proj).*"#, "xx...xx..."),
        (
            #"(?:.*?(?:language|text).*?(?:self_attn|attn|mlp).*?(?:q_proj|k_proj).*?)|"#
                + #"(?:\bmodel\.layers\.[\d]{1,}\.(?:self_attn|mlp)\.(?:(?:q_proj|down_proj)))"#,
            "xx........"
        ),
        (#"^(model\.language_model(?=\.).*\.(o_proj|q_proj))$"#, "x........."),
        (#"[^.]*"#, "....xxx..x"),
        (#"model\.layers\.(0|1{2})\.\w+\.\w+_proj"#, ".x........"),
        (#"(a*)*b|lm_.{3,5}"#, "....x....."),
        (#""#, ".........x"),
        (#"[a-z_]+\d?"#, "....xxx..."),
        (#"model\.[\w.]+\.[[:^]?2"#, ".......x.."),
        (#".*\Bproj"#, "xx...xx.x."),
        (#"model.layers.1.mlp.experts.[3-5].(?P<kind>up|gate)_proj"#, "........x."),
        (#"lm_head{1}"#, "....x....."),
        (#"x{,1}q_proj"#, ".....xx..."),
        (#"l{m_head"#, ".........."),
        (#"[]x]q_proj"#, "......x..."),
        (#"[\d\-_x]q_proj"#, "......x..."),
    ]

    /// The same for `re.match(rf"(.*\.)?({pattern})$", path)`.
    private static let lastParts: [(String, String)] = [
        (#"q_proj"#, "x....x...."),
        (#"self_attn.q_proj"#, "x........."),
        (#"layers\.[0-9]+\.mlp\.down_proj"#, ".x........"),
        (#"^model\.layers\.11\.mlp\.down_proj"#, ".x........"),
        (#"^q_proj"#, ".....x...."),
        (#"(q|k)_proj"#, "x....x...."),
        (#".*_proj"#, "xx...xx.x."),
        (#"mlp.2|qkv"#, "..x....x.."),
        (#"proj"#, "...x......"),
        (#"_proj"#, ".........."),
        (#"experts.\d.up_proj$"#, "........x."),
    ]

    private func matches(_ pattern: ModulePattern) -> String {
        var budget = ModulePattern.Budget()
        return String(Self.paths.map { pattern.matches($0, &budget) == true ? "x" : "." })
    }

    @Test(arguments: whole) func wholePaths(pattern: String, expected: String) throws {
        #expect(matches(try ModulePattern(whole: pattern)) == expected)
    }

    @Test(arguments: lastParts) func lastPartsOfPaths(pattern: String, expected: String) throws {
        #expect(matches(try ModulePattern(lastPartsOf: pattern)) == expected)
    }

    @Test(arguments: [
        ("a)", "closes nothing"), ("(a", "not closed"), ("[a", "not closed"), ("*a", "of nothing"), ("a**", "repeats"),
        ("a++", "possessive"), ("{2}", "of nothing"), ("a{3,2}", "impossible way"), ("a{99999}", "impossible way"),
        ("a\\", "ends with a backslash"), ("\\1", "`\\1`"), ("\\p{L}", "`\\p`"), ("(?<=a)b", "`(?<`"),
        ("(?i)a", "`(?i`"),
        ("(?P=a)", "by name"), ("(?P<a", "does not end"), ("[z-a]", "impossible range"),
        ("[\\d-z]", "impossible range"),
        (String(repeating: "(", count: 40), "more than 32 groups"), ("((((a{500}){500})))", "4096 states"),
        (String(repeating: "a", count: 5000), "longer than 4096"),
    ]) func refused(pattern: String, problem: String) {
        let error = #expect(throws: ModulePatternError.self) { try ModulePattern(whole: pattern) }
        #expect(error?.problem.contains(problem) == true, "\(error?.problem ?? "")")
    }

    /// Where a matcher that tries one way after the other would need more time than there is.
    @Test(arguments: ["(a+)+b", "(a|a)*b", "(.*)*(.*)*(.*)*b", "(a?){60}a{60}b"]) func noExplosion(pattern: String)
        throws
    {
        var budget = ModulePattern.Budget()
        let path = String(repeating: "a", count: 200)
        #expect(try ModulePattern(whole: pattern).matches(path, &budget) == false)
        #expect(budget.steps > ModulePattern.Budget().steps - 2_000_000)
    }

    @Test func budgetEnds() throws {
        let pattern = try ModulePattern(whole: "((?=.*(?=.*(?=.*x{900})))a)*")
        var budget = ModulePattern.Budget(steps: 10_000)
        #expect(pattern.matches(String(repeating: "a", count: 300), &budget) == nil)
        #expect(pattern.matches("a", &budget) == nil, "nothing is left for others")
    }

    @Test func anyTextIsReadOrRefused() {
        var generator = SeededGenerator(seed: 3)
        let pieces = [
            "a", ".", "*", "+", "?", "(", ")", "(?:", "(?=", "(?!", "|", "[", "]", "^", "$", "\\", "d", "{", "}", "2",
            ",", "-", "é",
        ]
        var (read, refused) = (0, 0)
        for _ in 0..<3000 * FuzzRounds.factor {
            let count = Int.random(in: 0...14, using: &generator)
            let text = (0..<count).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &generator)] }.joined()
            do throws(ModulePatternError) {
                let pattern = try ModulePattern(whole: text)
                var budget = ModulePattern.Budget(steps: 1_000_000)
                #expect(pattern.matches("a.2.d", &budget) != nil)
                read += 1
            } catch {
                #expect(!error.problem.isEmpty)
                refused += 1
            }
        }
        #expect(read > 300 && refused > 300)
    }
}
