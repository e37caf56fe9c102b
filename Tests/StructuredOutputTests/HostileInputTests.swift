// Constraints that are made to be slow, large or deep: refused with a message, or bounded; never a trap.
// Random damage at the end; `Scripts/fuzz` goes on for longer.

import TestRandomness
import Testing

@testable import StructuredOutput

@Suite struct HostileInputTests {
    @Test func repetitionsThatAreTooLargeAreRefused() {
        let cases: [(Constraint, String)] = [
            (.regex("(a{1,100000}b){1,100000}"), "the constraint takes more than 400000 states"),
            (.regex("((((a|b){99}){99}){99}){99}"), "the constraint takes more than 400000 states"),
            (.regex("(ab){1000000000}"), "a part is to be repeated 1000000000 times"),
            (.regex("(ab){99999999999999999999}"), "a part is to be repeated 1000000000 times"),
            (.grammar("root ::= (\"ab\"{1000}){1000}"), "the constraint takes more than 400000 states"),
            (.repeated(.literal("ab"), atLeast: 0, atMost: .max), "a part is to be repeated"),
            (.regex(String(repeating: "(", count: 200)), "at character 100: groups are nested deeper than 100 levels"),
            (.grammar("root ::= " + String(repeating: "(", count: 200)), "1:110: groups are nested deeper"),
            (.regex(String(repeating: "a", count: 1 << 21)), "the pattern has more than 1048576 bytes"),
            (Checks.schema(String(repeating: "[", count: 500)), "1:129: arrays and objects are nested deeper"),
            (
                .freeText(excluding: [String(repeating: "a", count: 9_000)]),
                "texts that free text must not hold have more"
            ),
            (Checks.schema(#"{"pattern": "(a?){3000}"}"#), "#/pattern: the pattern takes more than"),
        ]
        for (constraint, message) in cases {
            #expect(Checks.error(constraint).hasPrefix(message), "\(Checks.error(constraint))")
        }
        var nested = Constraint.literal("a")
        for _ in 0..<100 { nested = .sequence([nested]) }
        #expect(Checks.error(nested) == "constraints are nested deeper than 64 levels")
    }

    @Test func schemasThatMultiplyAreRefused() {
        let options = (0..<40).map { #"{"type": "object", "properties": {"p\#($0)": {}}}"# }.joined(separator: ",")
        let product = #"{"allOf": [{"anyOf": [\#(options)]}, {"anyOf": [\#(options)]}]}"#
        #expect(Checks.error(Checks.schema(product)).hasPrefix("#: `anyOf` and `oneOf` multiply to more than 512"))

        let chain = (0..<100).map { ##""d\##($0)": {"$ref": "#/$defs/d\##($0 + 1)"}"## }.joined(separator: ",")
        let references = ##"{"$ref": "#/$defs/d0", "$defs": {\##(chain), "d100": {"type": "null"}}}"##
        #expect(Checks.error(Checks.schema(references)).contains("follow one another through more than 64"))

        let values = (0..<3_000).map(String.init).joined(separator: ",")
        let lists = #"{"allOf": [{"enum": [\#(values)]}, {"enum": [\#(values)]}]}"#
        #expect(Checks.error(Checks.schema(lists)).hasPrefix("the schema combines too many schemas and values"))
    }

    @Test func manyPatternsAndManyRulesAreRefused() {
        let properties = (0..<2_000).map { #""p\#($0)": {"type": "string", "pattern": "^(ab){\#($0)}$"}"# }
        let schema = #"{"type": "object", "properties": {\#(properties.joined(separator: ","))}}"#
        #expect(Checks.error(Checks.schema(schema)).hasPrefix("the schema combines too many"))
        let multiples = (9_000..<9_200).map { #""p\#($0)": {"type": "integer", "multipleOf": \#($0)}"# }
        let numbers = #"{"type": "object", "properties": {\#(multiples.joined(separator: ","))}}"#
        #expect(Checks.error(Checks.schema(numbers)).hasPrefix("the schema combines too many"))

        let names = (0..<20_000).map { "r\($0)" }
        let rules = names.map { "\($0) ::= \"\($0)\"\n" }.joined()
        let grammar = Constraint.grammar("root ::= \(names.joined(separator: " | "))\n" + rules)
        #expect(Checks.error(grammar) == "the constraint may begin in more than 4096 ways")
    }

    /// A thousand words of many scripts, which tell nearly all bytes apart.
    @Test func enumerationsOfManyScriptsAreExact() throws {
        let words = (0..<1_000).compactMap { number in
            Unicode.Scalar(UInt32(0x4E00 + number * 19)).map { "\(Character($0))\(number)" }
        }
        let list = words.map { "\"\($0)\"" }.joined(separator: ",")
        let schema = Checks.schema(
            #"{"type": "object", "properties": {"a": {"enum": [\#(list)]}, "b": {"type": "string"}}}"#
        )
        try Checks.expect(
            schema,
            accepts: words.prefix(20).map { #"{"a":"\#($0)","b":"\#($0)x"}"# },
            refuses: [#"{"a":"一1"}"#]
        )
        var state = ConstraintState(try Checks.compiled(schema))
        let isAccepted = state.accept(bytes: #"{"b":""#.utf8)
        let mask = state.allowedTokens()
        #expect(isAccepted && mask.contains(Int32(UInt8(ascii: "x"))))
    }

    /// A long chain of objects, each within the one before by reference: no depth of the stack is needed for it.
    @Test func longChainsOfReferencesAreCompiled() throws {
        let count = 5_000
        let chain = (0..<count)
            .map { ##""d\##($0)": {"type": "object", "properties": {"n": {"$ref": "#/$defs/d\##($0 + 1)"}}}"## }
            .joined(separator: ",")
        let schema = Checks.schema(
            ##"{"$ref": "#/$defs/d0", "$defs": {\##(chain), "d\##(count)": {"type": "null"}}}"##,
            options: .strict
        )
        let text = String(repeating: #"{"n":"#, count: count) + "null" + String(repeating: "}", count: count)
        try Checks.expect(schema, accepts: [text], refuses: [String(text.dropLast())])
    }

    @Test func aTreeGoesAsDeepAsItsText() throws {
        let schema = Checks.schema(
            ##"{"type": "object", "properties": {"c": {"type": "array", "items": {"$ref": "#"}}}, "required": ["c"]}"##,
            options: .strict,
            style: .compact
        )
        let compiled = try ConstraintCompiler(vocabulary: RandomVocabulary.ofJSON).compile(schema)
        var state = ConstraintState(compiled)
        let depth = 20_000
        for _ in 0..<depth {
            let isAccepted = state.accept(bytes: "{\"c\":[".utf8)
            if !isAccepted { Issue.record("refused") }
        }
        let limit = ConstraintLimits().configurationBytes
        #expect(compiled.statistics.configurationBytes <= limit + (1 << 16))
        let isClosed = state.accept(bytes: String(repeating: "]}", count: depth).utf8)
        #expect(isClosed && state.mustEnd)
        // The state and its thousands of frames go here, without a stack as deep.
    }

    @Test func ambiguousGrammarsStayBounded() throws {
        // Exponentially many derivations, and ever more places to return to.
        let grammars = [
            "root ::= \"a\" root root | \"a\"", "root ::= (\"a\"? \"a\"?)* \"b\" root | \"a\"",
            "root ::= [ab]{1,3000} [ab]{1,3000}", "root ::= x x x x\nx ::= \"a\" x \"a\" | \"a\"*",
        ]
        for grammar in grammars {
            let compiled = try ConstraintCompiler(vocabulary: RandomVocabulary.ofJSON).compile(.grammar(grammar))
            var state = ConstraintState(compiled)
            var count = 0
            while count < 200, state.accept(bytes: [UInt8(ascii: "a")]) { count += 1 }
            #expect(count == 200, "\(grammar)")
            let mask = state.allowedTokens()
            #expect(mask.contains(Int32(UInt8(ascii: "a"))))
        }
        // Where a text could go on in more ways than are followed, tokens are refused rather than memory taken.
        let compiled = try ConstraintCompiler(vocabulary: RandomVocabulary.ofJSON)
            .compile(.regex("x(a?){5000}b|c"))
        var state = ConstraintState(compiled)
        #expect(state.allowedTokens().tokens == [Int32(UInt8(ascii: "c"))])
        #expect(Checks.error(.regex("(a?){5000}b")) == "the constraint may begin in more than 4096 ways")
        #expect(state.accept(bytes: [UInt8(ascii: "c")]) == true)
    }

    @Test func vocabulariesOfAnyShapeAreTaken() throws {
        let empty = TokenVocabulary(tokens: [], endTokens: [0, -5])
        var state = ConstraintState(try ConstraintCompiler(vocabulary: empty).compile(.regex("a*")))
        #expect(state.allowedTokens().isEmpty && state.isComplete)
        #expect(state.accept(0) == false)

        let long = Array(repeating: UInt8(ascii: "a"), count: 70_000)
        let odd = TokenVocabulary(tokens: [[], [0x61], [0x61], long, Array(long[..<5_000]), nil], endTokens: [5])
        var other = ConstraintState(try ConstraintCompiler(vocabulary: odd).compile(.regex("a*")))
        #expect(
            other.allowedTokens().tokens == [1, 2, 4, 5],
            "an empty token and one beyond the limit are never allowed"
        )
        #expect(other.accept(4) == true)
        #expect(other.accept(3) == false)
    }

    /// Texts of all kinds, damaged at random: an error or a constraint, of which masks can be made.
    @Test func damagedConstraintsAreRefusedOrRun() throws {
        var generator = SeededGenerator(seed: 77)
        let schema =
            ##"{"type": "object", "properties": {"a": {"type": ["string", "null"], "maxLength": 5}, "b": {"$ref": "#"}, "c": {"enum": [1, "x"]}}, "required": ["a"], "anyOf": [{"minProperties": 1}], "additionalProperties": {"type": "number", "minimum": 1.5}}"##
        let seeds: [(String, (String) -> Constraint)] = [
            (schema, { Checks.schema($0) }), (schema, { Checks.schema($0, options: .strict, style: .compact) }),
            (#"^(a|[b-d\]]{2,5}?)+(?:x\u00e9|\w*\.)$"#, { .regex($0) }),
            ("root ::= x (\"a\" | [^b-d\\n]){1,3} # c\nx ::= \"é\"* root?\n", { .grammar($0) }),
            (
                #"{"structures": [{"begin": "<a>", "schema": {"type": "null"}, "end": "</a>"}], "triggers": ["<a"]}"#,
                { (try? Constraint(structuralTag: $0)) ?? .literal("") }
            ),
        ]
        var counts = [0, 0]
        let pieces = [
            "{", "}", "[", "]", "(", ")", "\"", "\\", "0", "9", "*", "{1,9}", "|", ":", ",", "é", "\u{0}", "#", "-",
            ".",
        ]
        for _ in 0..<800 * FuzzRounds.factor {
            let (text, constraint) = seeds[Int.random(in: 0..<seeds.count, using: &generator)]
            var scalars = Array(text.unicodeScalars)
            for _ in 0...Int.random(in: 0...2, using: &generator) {
                let place = Int.random(in: 0..<scalars.count, using: &generator)
                let piece = Array(pieces[Int.random(in: 0..<pieces.count, using: &generator)].unicodeScalars)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: scalars.insert(contentsOf: piece, at: place)
                case 1: scalars.replaceSubrange(place...place, with: piece)
                default:
                    let end = min(place + Int.random(in: 1...6, using: &generator), scalars.count)
                    scalars.removeSubrange(place..<end)
                }
                if scalars.isEmpty { scalars = ["a"] }
            }
            var damaged = String.UnicodeScalarView()
            damaged.append(contentsOf: scalars)
            do {
                let compiled = try Checks.compiled(constraint(String(damaged)))
                var state = ConstraintState(compiled)
                for _ in 0..<5 {
                    guard let token = state.allowedTokens().tokens.randomElement(using: &generator) else { break }
                    let isAccepted = state.accept(token)
                    #expect(isAccepted)
                }
                _ = state.forcedBytes()
                counts[0] += 1
            } catch {
                #expect(!"\(error)".isEmpty)
                counts[1] += 1
            }
        }
        #expect(counts[0] > 50 && counts[1] > 50, "\(counts)")
    }
}
