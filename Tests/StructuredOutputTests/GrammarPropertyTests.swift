// Masks of random grammars and regular expressions, token by token, against the slow matcher.
// Seeds are fixed: a failure repeats. `Scripts/fuzz` goes on for longer.

import TestRandomness
import Testing

@testable import StructuredOutput

@Suite struct GrammarPropertyTests {
    /// What a run of comparisons saw, so that a test cannot pass by comparing nothing.
    private struct Tally {
        var masks = 0
        var allowed = 0
        var refused = 0
        var completed = 0
        var walks = 0
    }

    /// Walks through a constraint at random, comparing every token of every mask, and completeness.
    private func compare(
        _ compiled: CompiledConstraint,
        with slow: SlowGrammar,
        _ description: String,
        using generator: inout SeededGenerator,
        tally: inout Tally
    ) {
        let vocabulary = compiled.vocabulary
        let end = vocabulary.endTokens[0]
        for _ in 0..<3 {
            var state = ConstraintState(compiled)
            var slowState = SlowState(slow)
            tally.walks += 1
            for _ in 0..<12 {
                let mask = state.allowedTokens()
                tally.masks += 1
                for token in 0..<Int32(vocabulary.size) {
                    let isAllowed: Bool
                    if let bytes = vocabulary.bytes(of: token) {
                        isAllowed = slowState.accepts(bytes)
                    } else {
                        isAllowed = token == end && slowState.isComplete
                    }
                    #expect(mask.contains(token) == isAllowed, "token \(token) of \(description)")
                    if isAllowed { tally.allowed += 1 } else { tally.refused += 1 }
                }
                #expect(state.isComplete == slowState.isComplete)
                let tokens = mask.tokens
                #expect(state.mustEnd == (slowState.isComplete && tokens == [end]), "\(description)")
                var forced = slowState
                for byte in state.forcedBytes(limit: 8) {
                    #expect(!forced.isComplete, "forced bytes where the text may end: \(description)")
                    let possible = (UInt8.min...UInt8.max).filter { forced.accepts(CollectionOfOne($0)) }
                    #expect(possible == [byte], "\(description)")
                    _ = forced.accept(byte)
                }
                guard let token = tokens.randomElement(using: &generator) else {
                    Issue.record("a state from which no token leads: \(description)")
                    break
                }
                if let refused = (0..<Int32(vocabulary.size)).filter({ !mask.contains($0) }).randomElement(
                    using: &generator
                ) {
                    var copy = state
                    let isAccepted = copy.accept(refused)
                    #expect(!isAccepted)
                    let maskAfter = copy.allowedTokens()
                    #expect(maskAfter == mask, "a refused token leaves the state as it was")
                }
                let isAccepted = state.accept(token)
                #expect(isAccepted)
                if token == end {
                    tally.completed += 1
                    break
                }
                for byte in vocabulary.bytes(of: token) ?? [] {
                    let isAccepted = slowState.accept(byte)
                    #expect(isAccepted)
                }
            }
        }
    }

    @Test func masksOfRandomGrammarsAreThoseOfTheSlowMatcher() throws {
        var generator = SeededGenerator(seed: 41)
        var tally = Tally()
        var refusals = [0, 0]
        for round in 0..<80 * FuzzRounds.factor {
            let vocabulary = RandomVocabulary.ofAlphabet(using: &generator)
            let grammar = RandomGrammar(ruleCount: Int.random(in: 1...4, using: &generator), using: &generator)
            let slow = grammar.slow
            let isLeftRecursive = slow.isLeftRecursive(first: grammar.rules.count)
            // What was made for parts of rules is not reported as a rule.
            let isProductive = grammar.rules.indices.allSatisfy(slow.productive.contains)
            do {
                let compiled = try ConstraintCompiler(vocabulary: vocabulary).compile(.grammar(grammar.gbnf))
                #expect(isProductive && !isLeftRecursive, "\(grammar.gbnf)")
                compare(compiled, with: slow.withoutUnproductive, grammar.gbnf, using: &generator, tally: &tally)
            } catch {
                // A rule that nothing completes, or that begins with itself, is named with its line.
                #expect(!isProductive || isLeftRecursive, "round \(round): \(error)\n\(grammar.gbnf)")
                guard case .grammar = error.place else {
                    Issue.record("\(error)")
                    continue
                }
                refusals[isProductive ? 1 : 0] += 1
            }
        }
        #expect(tally.masks > 300 && tally.allowed > 1_500 && tally.refused > 20_000, "\(tally)")
        #expect(tally.completed > 30 && refusals[0] > 1 && refusals[1] > 1, "\(tally) \(refusals)")
    }

    @Test func masksOfRandomPatternsAreThoseOfTheSlowMatcher() throws {
        var generator = SeededGenerator(seed: 42)
        var tally = Tally()
        for _ in 0..<60 * FuzzRounds.factor {
            let vocabulary = RandomVocabulary.ofAlphabet(using: &generator)
            let expression = RandomExpression.random(depth: 4, rules: 0, using: &generator)
            let pattern = expression.written(asRegex: true)
            var slow = SlowGrammar()
            _ = slow.addSymbol()
            let parts = expression.parts(in: &slow)
            slow.productions[0] = [parts]
            let compiled = try ConstraintCompiler(vocabulary: vocabulary).compile(.regex(pattern))
            compare(compiled, with: slow, pattern, using: &generator, tally: &tally)
        }
        #expect(
            tally.masks > 300 && tally.allowed > 1_500 && tally.refused > 20_000 && tally.completed > 100,
            "\(tally)"
        )
    }

    /// With so little memory that the lazy automaton forgets everything again and again.
    @Test func forgettingChangesNothing() throws {
        var generator = SeededGenerator(seed: 43)
        var tally = Tally()
        var limits = ConstraintLimits()
        limits.configurationBytes = 2_000
        limits.maskBytes = 100
        for _ in 0..<40 * FuzzRounds.factor {
            let vocabulary = RandomVocabulary.ofAlphabet(using: &generator)
            let grammar = RandomGrammar(ruleCount: Int.random(in: 1...4, using: &generator), using: &generator)
            let compiler = ConstraintCompiler(vocabulary: vocabulary, limits: limits)
            guard let compiled = try? compiler.compile(.grammar(grammar.gbnf)) else { continue }
            compare(compiled, with: grammar.slow.withoutUnproductive, grammar.gbnf, using: &generator, tally: &tally)
        }
        #expect(tally.masks > 200 && tally.allowed > 500 && tally.refused > 5_000, "\(tally)")
    }
}

extension SlowGrammar {
    /// The grammar without productions that no text completes, so that what can go on can be completed.
    fileprivate var withoutUnproductive: SlowGrammar {
        let productive = productive
        var grammar = self
        grammar.productions = productions.map { choices in
            choices.filter { production in
                production.allSatisfy { if case .symbol(let symbol) = $0 { productive.contains(symbol) } else { true } }
            }
        }
        return grammar
    }
}
