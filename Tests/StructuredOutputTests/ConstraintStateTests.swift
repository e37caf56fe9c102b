// What a state tells its caller: masks, ends, completeness, forced bytes; copies, caches, threads, real vocabularies.
// Masks against another matcher: GrammarPropertyTests.swift.

import TestRandomness
import Testing

@testable import StructuredOutput

@Suite struct ConstraintStateTests {
    /// 0: "a", 1: "ab", 2: "b", 3: special, 4 and 6: ends, 5: unused.
    private static let small = TokenVocabulary(
        tokens: [[0x61], [0x61, 0x62], [0x62], nil, Array("<end>".utf8), nil, nil],
        endTokens: [4, 6, 99]
    )

    private func state(_ pattern: String) throws -> ConstraintState {
        ConstraintState(try ConstraintCompiler(vocabulary: Self.small).compile(.regex(pattern)))
    }

    @Test func endTokensAreAllowedWhereTheTextIsComplete() throws {
        var state = try state("(ab)+")
        #expect(state.allowedTokens().tokens == [0, 1])
        #expect(!state.isComplete && !state.mustEnd)
        for token: Int32 in [2, 3, 4, 5, 6, 7, 99, -1, .max, .min] {
            let isAccepted = state.accept(token)
            #expect(!isAccepted, "\(token)")
        }
        #expect(state.accept(1) == true)
        #expect(state.isComplete && !state.mustEnd)
        #expect(state.allowedTokens().tokens == [0, 1, 4, 6])
        #expect(state.accept(6) == true)
        #expect(state.isEnded && state.mustEnd)
        #expect(state.allowedTokens().isEmpty && state.allowedTokens().words.count == 1)
        #expect(state.accept(0) == false)
        #expect(state.accept(bytes: [0x61]) == false)
        #expect(state.forcedBytes().isEmpty)
    }

    @Test func mustEndSaysThatNothingElseFollows() throws {
        var state = try state("ab?")
        #expect(state.accept(0) == true)
        #expect(state.isComplete && !state.mustEnd)
        #expect(state.accept(2) == true)
        #expect(state.isComplete && state.mustEnd && !state.isEnded)
        #expect(state.allowedTokens().tokens == [4, 6])
    }

    @Test func copiesGoTheirOwnWay() throws {
        var first = try state("a(a|b)b")
        #expect(first.accept(0) == true)
        var second = first
        #expect(first.accept(0) == true)
        #expect(second.accept(2) == true)
        #expect(first.allowedTokens().tokens == [2])
        #expect(second.allowedTokens().tokens == [2])
        #expect(second.accept(2) == true)
        #expect(second.mustEnd && !first.isComplete)
    }

    @Test func forcedBytesAreWhatMustFollow() throws {
        let schema =
            #"{"type": "object", "properties": {"name": {"const": "x"}, "n": {"type": "null"}}, "required": ["name", "n"], "additionalProperties": false}"#
        var state = ConstraintState(try Checks.compiled(Checks.schema(schema, style: .compact)))
        #expect(String(decoding: state.forcedBytes(), as: UTF8.self) == #"{"name":"x","n":null}"#)
        #expect(String(decoding: state.forcedBytes(limit: 7), as: UTF8.self) == #"{"name""#)
        #expect(state.forcedBytes(limit: 0).isEmpty)
        let forced = state.forcedBytes()
        #expect(state.accept(bytes: forced) == true)
        #expect(state.mustEnd && state.forcedBytes().isEmpty)

        var flexible = ConstraintState(try Checks.compiled(Checks.schema(schema)))
        #expect(String(decoding: flexible.forcedBytes(), as: UTF8.self) == "{")
        #expect(flexible.accept(bytes: "{\n \"".utf8) == true)
        #expect(String(decoding: flexible.forcedBytes(), as: UTF8.self) == "name\":")
        // Where the text may end, nothing is forced.
        var optional = ConstraintState(try Checks.compiled(.regex("ab(cd)?")))
        #expect(String(decoding: optional.forcedBytes(), as: UTF8.self) == "ab")
        #expect(optional.accept(bytes: "ab".utf8) == true)
        #expect(optional.forcedBytes().isEmpty)
        #expect(optional.accept(bytes: "c".utf8) == true)
        #expect(String(decoding: optional.forcedBytes(), as: UTF8.self) == "d")
        // A text without an end is forced in parts.
        let endless = ConstraintState(try Checks.compiled(.regex("(abc){400}")))
        #expect(endless.forcedBytes(limit: 1_000).count == 1_000)
    }

    @Test func charactersAreForcedByteByByte() throws {
        var state = ConstraintState(try Checks.compiled(.choice(["日本", "日曜"])))
        #expect(state.forcedBytes() == Array("日".utf8) + [0xE6])
        #expect(state.accept(bytes: [0xE6, 0x97]) == true)
        #expect(state.forcedBytes() == [0xA5, 0xE6])
    }

    @Test func aCompilerKeepsWhatItCompiled() throws {
        var limits = ConstraintLimits()
        limits.compiledBytes = 5 * (limits.configurationBytes + limits.maskBytes)
        let compiler = ConstraintCompiler(vocabulary: Self.small, limits: limits)
        let first = try compiler.compile(.regex("a"))
        #expect(try compiler.compile(.regex("a")) === first)
        #expect(try compiler.compile(.regex("b")) !== first)
        for count in 1...20 { _ = try compiler.compile(.regex("a{\(count)}")) }
        #expect(try compiler.compile(.regex("a")) !== first, "the oldest is forgotten")
    }

    @Test func masksAreCachedByTheTopOfTheStack() throws {
        let compiled = try ConstraintCompiler(vocabulary: RandomVocabulary.ofJSON).compile(.jsonObject(.compact))
        var state = ConstraintState(compiled)
        var made: [Int] = []
        for _ in 0..<30 {
            #expect(state.accept(bytes: "{\"a".utf8) == true)
            _ = state.allowedTokens()
            #expect(state.accept(bytes: "\":[".utf8) == true)
            _ = state.allowedTokens()
            made.append(compiled.statistics.topMasksMade)
        }
        #expect(made[29] == made[1], "deeper nesting has the same tops: \(made)")
        let before = compiled.statistics
        _ = state.allowedTokens()
        #expect(compiled.statistics.masksAsked == before.masksAsked + 1)
        #expect(compiled.statistics.stackMasksMade == before.stackMasksMade)
    }

    /// Tokens of many characters, tried at every length of a text from empty to full.
    @Test func masksNearLimitsOfLengthAreExact() throws {
        let schema = Checks.schema(#"{"type": "string", "minLength": 5, "maxLength": 30}"#)
        var state = ConstraintState(try Checks.compiled(schema))
        var allowed = 0
        for byte in "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".utf8 {
            let isAccepted = state.accept(bytes: CollectionOfOne(byte))
            #expect(isAccepted)
            let mask = state.allowedTokens()
            for token in 0..<Int32(mask.vocabularySize) {
                var copy = state
                let isAccepted = copy.accept(token)
                #expect(mask.contains(token) == isAccepted, "token \(token)")
                if isAccepted { allowed += 1 }
            }
        }
        #expect(state.forcedBytes() == [0x22] && allowed > 3_000)
    }

    /// Whatever the order in which rules are opened, calls of one rule at one place share one node of the stack.
    @Test(arguments: [
        "root ::= (x | y)\nx ::= v \"1\"\ny ::= n v \"2\"\n", "root ::= (y | x)\nx ::= v \"1\"\ny ::= n v \"2\"\n",
        "root ::= (x | y)\nx ::= n \"3\" | v \"1\"\ny ::= n v \"2\"\n",
        "root ::= (x | y)\nx ::= v \"3\" | n \"1\"\ny ::= n v \"2\"\n",
    ])
    func callsAtOnePlaceAreMerged(rules: String) throws {
        let grammar = Constraint.grammar(rules + "v ::= \"v\"\nn ::= \"n\"?")
        let items = try Checks.compiled(grammar).start.content.items
        // One for `v`, one for `n`, and what may follow an empty `n`.
        #expect(Set(items.map(\.state)).count == items.count, "a state with two stacks: \(items)")
    }

    /// Eight threads walk through one compiled constraint, which forgets all the time; every mask is as a single
    /// thread sees it.
    @Test func threadsShareACompiledConstraint() async throws {
        var limits = ConstraintLimits()
        limits.configurationBytes = 30_000
        let text =
            ##"{"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string"}}, "b": {"$ref": "#"}}}"##
        let schema = Checks.schema(text)
        let shared = try ConstraintCompiler(vocabulary: RandomVocabulary.ofJSON, limits: limits).compile(schema)
        let alone = try ConstraintCompiler(vocabulary: RandomVocabulary.ofJSON).compile(schema)
        let masks = await withTaskGroup(of: Int.self) { group in
            for seed in 0..<UInt64(8) {
                group.addTask {
                    var generator = SeededGenerator(seed: seed)
                    var first = ConstraintState(shared)
                    var second = ConstraintState(alone)
                    for count in 0..<60 {
                        let mask = first.allowedTokens()
                        let maskAlone = second.allowedTokens()
                        #expect(mask == maskAlone)
                        guard let token = mask.tokens.randomElement(using: &generator) else { return count }
                        let areAccepted = (first.accept(token), second.accept(token))
                        #expect(areAccepted == (true, true))
                    }
                    return 60
                }
            }
            return await group.reduce(0, +)
        }
        #expect(masks > 100)
    }

    /// Byte-level tokenizers of the fixtures: masks token by token against bytes, and walks that end in JSON.
    @Test(arguments: ["qwen2", "smollm2"]) func masksOfRealVocabulariesAreExact(name: String) throws {
        let vocabulary = try RandomVocabulary.ofFixture(name)
        #expect(vocabulary.size > 300 && !vocabulary.endTokens.isEmpty)
        #expect(
            (UInt8.min...UInt8.max).allSatisfy { byte in
                (0..<Int32(vocabulary.size)).contains { vocabulary.bytes(of: $0).map(Array.init) == [byte] }
            }
        )
        let schema = Checks.schema(
            #"{"type": "object", "properties": {"name": {"type": "string", "maxLength": 9}, "n": {"type": "integer"}, "x": {}}, "required": ["name"]}"#
        )
        let compiled = try ConstraintCompiler(vocabulary: vocabulary).compile(schema)
        var generator = SeededGenerator(seed: 5)
        var allowed = 0
        for _ in 0..<4 * FuzzRounds.factor {
            var state = ConstraintState(compiled)
            for _ in 0..<25 {
                let mask = state.allowedTokens()
                for token in 0..<Int32(vocabulary.size) {
                    var copy = state
                    let isAccepted = copy.accept(token)
                    #expect(mask.contains(token) == isAccepted, "token \(token)")
                    if isAccepted { allowed += 1 }
                }
                guard let token = mask.tokens.randomElement(using: &generator), state.accept(token), !state.isEnded
                else {
                    break
                }
            }
        }
        #expect(allowed > 5_000)
    }
}
