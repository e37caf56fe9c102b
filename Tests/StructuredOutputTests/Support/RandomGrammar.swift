// Random expressions and grammars, written in the product's syntax and as a grammar of the slow matcher.
// Next: ../GrammarPropertyTests.swift.

import TestRandomness

/// An expression of a random grammar.
indirect enum RandomExpression {
    case text(String)
    /// Characters of a class; negated classes hold what is in no text here, too.
    case characters([Character], isNegated: Bool)
    case sequence([RandomExpression])
    case choice([RandomExpression])
    case repetition(RandomExpression, atLeast: Int, atMost: Int?)
    case rule(Int)

    /// A few letters, so that parts overlap, and characters of two to four bytes.
    static let alphabet: [Character] = ["a", "b", "c", "é", "ü", "日", "😀"]

    static func random(
        depth: Int,
        rules: Int,
        using generator: inout SeededGenerator
    ) -> RandomExpression {
        func inner(_ generator: inout SeededGenerator) -> RandomExpression {
            random(depth: depth - 1, rules: rules, using: &generator)
        }
        func letter(_ generator: inout SeededGenerator) -> Character {
            alphabet[Int.random(in: 0..<7, using: &generator)]
        }
        switch Int.random(in: depth > 0 ? 0..<12 : 0..<4, using: &generator) {
        case 0, 1:
            let count = Int.random(in: 1...3, using: &generator)
            return .text(String((0..<count).map { _ in letter(&generator) }))
        case 2:
            let count = Int.random(in: 1...3, using: &generator)
            let isNegated = Int.random(in: 0..<4, using: &generator) == 0
            return .characters((0..<count).map { _ in letter(&generator) }, isNegated: isNegated)
        case 3 where rules > 0, 4 where rules > 0: return .rule(Int.random(in: 0..<rules, using: &generator))
        case 3, 4: return .text(String(letter(&generator)))
        case 5, 6, 7: return .sequence((0..<Int.random(in: 1...3, using: &generator)).map { _ in inner(&generator) })
        case 8, 9: return .choice((0..<Int.random(in: 2...3, using: &generator)).map { _ in inner(&generator) })
        default:
            let atLeast = Int.random(in: 0...2, using: &generator)
            let atMost = Bool.random(using: &generator) ? atLeast + Int.random(in: 0...2, using: &generator) : nil
            return .repetition(inner(&generator), atLeast: atLeast, atMost: atMost)
        }
    }

    /// The expression in GBNF, or, without rules, as a regular expression.
    func written(asRegex: Bool) -> String {
        switch self {
        case .text(let text): return asRegex ? "(?:\(text))" : "\"\(text)\""
        case .characters(let characters, let isNegated): return (isNegated ? "[^" : "[") + String(characters) + "]"
        case .sequence(let parts):
            return (asRegex ? "(?:" : "(")
                + parts.map { $0.written(asRegex: asRegex) }.joined(separator: asRegex ? "" : " ")
                + ")"
        case .choice(let parts):
            return (asRegex ? "(" : "(") + parts.map { $0.written(asRegex: asRegex) }.joined(separator: "|") + ")"
        case .repetition(let part, let atLeast, let atMost):
            let inner = "(" + part.written(asRegex: asRegex) + ")"
            switch (atLeast, atMost) {
            case (0, nil): return inner + "*"
            case (1, nil): return inner + "+"
            case (0, 1): return inner + "?"
            case (_, nil): return inner + "{\(atLeast),}"
            case (_, let atMost?): return inner + (atMost == atLeast ? "{\(atLeast)}" : "{\(atLeast),\(atMost)}")
            }
        case .rule(let rule): return RandomExpression.name(of: rule)
        }
    }

    static func name(of rule: Int) -> String { rule == 0 ? "root" : "rule-\(rule)" }

    /// Adds the expression to a grammar whose first symbols are the rules; the result is what it adds to a production.
    func parts(in grammar: inout SlowGrammar) -> [SlowGrammar.Part] {
        switch self {
        case .text(let text): return text.utf8.map { .bytes([$0]) }
        case .characters(let characters, let isNegated):
            if isNegated { return UTF8Forms.character(but: characters.map { Array(String($0).utf8) }, in: &grammar) }
            let symbol = grammar.addSymbol()
            for character in characters {
                grammar.productions[symbol].append(String(character).utf8.map { .bytes([$0]) })
            }
            return [.symbol(symbol)]
        case .sequence(let parts): return parts.flatMap { $0.parts(in: &grammar) }
        case .choice(let parts):
            let symbol = grammar.addSymbol()
            for part in parts { grammar.productions[symbol].append(part.parts(in: &grammar)) }
            return [.symbol(symbol)]
        case .repetition(let part, let atLeast, let atMost):
            let inner = grammar.addSymbol()
            grammar.productions[inner] = [part.parts(in: &grammar)]
            let needed = Array(repeating: SlowGrammar.Part.symbol(inner), count: atLeast)
            let rest = grammar.addSymbol()
            if let atMost {
                for count in 0...(atMost - atLeast) {
                    grammar.productions[rest].append(Array(repeating: .symbol(inner), count: count))
                }
            } else {
                grammar.productions[rest] = [[], [.symbol(inner), .symbol(rest)]]
            }
            return needed + [.symbol(rest)]
        case .rule(let rule): return [.symbol(rule)]
        }
    }
}

/// The table of well-formed UTF-8 (RFC 3629), as productions of a slow grammar.
enum UTF8Forms {
    private static let forms: [[ClosedRange<UInt8>]] = [
        [0x00...0x7F],
        [0xC2...0xDF, 0x80...0xBF],
        [0xE0...0xE0, 0xA0...0xBF, 0x80...0xBF],
        [0xE1...0xEC, 0x80...0xBF, 0x80...0xBF],
        [0xED...0xED, 0x80...0x9F, 0x80...0xBF],
        [0xEE...0xEF, 0x80...0xBF, 0x80...0xBF],
        [0xF0...0xF0, 0x90...0xBF, 0x80...0xBF, 0x80...0xBF],
        [0xF1...0xF3, 0x80...0xBF, 0x80...0xBF, 0x80...0xBF],
        [0xF4...0xF4, 0x80...0x8F, 0x80...0xBF, 0x80...0xBF],
    ]

    /// Any character but some.
    static func character(but excluded: [[UInt8]], in grammar: inout SlowGrammar) -> [SlowGrammar.Part] {
        let symbol = grammar.addSymbol()
        for form in forms { add(form[...], but: excluded.map { $0[...] }, after: [], to: symbol, in: &grammar) }
        return [.symbol(symbol)]
    }

    private static func add(
        _ form: ArraySlice<ClosedRange<UInt8>>,
        but excluded: [ArraySlice<UInt8>],
        after prefix: [SlowGrammar.Part],
        to symbol: Int,
        in grammar: inout SlowGrammar
    ) {
        guard let range = form.first else { return }
        let special = Set(excluded.compactMap(\.first)).intersection(range)
        let free = Set(range).subtracting(special)
        let rest = form.dropFirst()
        grammar.productions[symbol].append(prefix + [.bytes(free)] + rest.map { .bytes(Set($0)) })
        for byte in special {
            let further = excluded.filter { $0.first == byte }.map { $0.dropFirst() }
            add(rest, but: further, after: prefix + [.bytes([byte])], to: symbol, in: &grammar)
        }
    }
}

/// Rules that call one another.
struct RandomGrammar {
    let rules: [RandomExpression]

    init(ruleCount: Int, using generator: inout SeededGenerator) {
        rules = (0..<ruleCount).map { _ in
            RandomExpression.random(depth: 3, rules: ruleCount, using: &generator)
        }
    }

    var gbnf: String {
        rules.enumerated()
            .map { "\(RandomExpression.name(of: $0)) ::= \($1.written(asRegex: false))\n" }
            .joined()
    }

    var slow: SlowGrammar {
        var grammar = SlowGrammar()
        for _ in rules { _ = grammar.addSymbol() }
        for (index, rule) in rules.enumerated() {
            let parts = rule.parts(in: &grammar)
            grammar.productions[index] = [parts]
        }
        return grammar
    }
}
