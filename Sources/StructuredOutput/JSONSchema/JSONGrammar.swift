// JSON in one style as expressions: punctuation with its white space, values of every type, exact values.
// Not schemas (SchemaCompiler.swift). Next: SchemaReader.swift.

import JSONText

/// The parts of JSON texts in one style. Rules that texts share are made once for each grammar.
struct JSONGrammar {
    let style: JSONStyle

    private func name(_ rule: String) -> String { "\(rule), \(style)" }

    /// What may stand after an opening bracket and before a closing one.
    func padding(in grammar: inout Grammar) -> Expression {
        guard case .flexible(let indentation) = style else { return .empty }
        return grammar.sharedRule(name("white space")) { _ in
            func upTo(_ count: Int, _ text: String) -> Expression {
                .repetition(.text(text), atLeast: 0, atMost: min(max(count, 0), 1024))
            }
            let line = Expression.choice([upTo(indentation, " "), upTo(indentation / 4, "\t")])
            return .expression(.choice([.empty, .text(" "), .sequence([.text("\n"), line])]))
        }
    }

    func comma(in grammar: inout Grammar) -> Expression {
        switch style {
        case .compact: .text(",")
        case .spaced: .text(", ")
        case .flexible: .sequence([.text(","), padding(in: &grammar)])
        }
    }

    var colon: Expression {
        switch style {
        case .compact: .text(":")
        case .spaced: .text(": ")
        case .flexible: .sequence([.text(":"), .chain([.text(" ")], stopsAfter: 0)])
        }
    }

    /// Any value.
    func anyValue(in grammar: inout Grammar) -> Expression {
        grammar.sharedRule(name("value")) { grammar in
            .expression(
                .choice([
                    anyObject(in: &grammar), anyArray(in: &grammar), string(in: &grammar), number(in: &grammar),
                    .words([Array("true".utf8), Array("false".utf8), Array("null".utf8)]),
                ])
            )
        }
    }

    func anyObject(in grammar: inout Grammar) -> Expression {
        grammar.sharedRule(name("object")) { grammar in
            let member = Expression.sequence([string(in: &grammar), colon, anyValue(in: &grammar)])
            return .expression(enclosed("{", list(of: member, in: &grammar), "}", mayBeEmpty: true, in: &grammar))
        }
    }

    func anyArray(in grammar: inout Grammar) -> Expression {
        grammar.sharedRule(name("array")) { grammar in
            let list = list(of: anyValue(in: &grammar), in: &grammar)
            return .expression(enclosed("[", list, "]", mayBeEmpty: true, in: &grammar))
        }
    }

    /// Parts, at least one, with commas between them.
    func list(of part: Expression, in grammar: inout Grammar) -> Expression {
        let more = Expression.sequence([comma(in: &grammar), part])
        return .sequence([part, .repetition(more, atLeast: 0, atMost: nil)])
    }

    /// `content`, which must be of at least one byte, between brackets, or nothing between them.
    func enclosed(
        _ opening: String,
        _ content: Expression,
        _ closing: String,
        mayBeEmpty: Bool,
        in grammar: inout Grammar
    ) -> Expression {
        let padding = padding(in: &grammar)
        let inside = Expression.chain([.sequence([content, padding])], stopsAfter: mayBeEmpty ? 0 : 1)
        return .sequence([.text(opening), padding, inside, .text(closing)])
    }

    /// `opening part, part, ... closing` with a number of parts within limits.
    func counted(
        _ opening: String,
        _ part: Expression,
        _ closing: String,
        atLeast: Int,
        atMost: Int?,
        in grammar: inout Grammar
    ) -> Expression {
        let padding = padding(in: &grammar)
        var choices: [Expression] = []
        if atLeast == 0 { choices.append(.sequence([.text(opening), padding, .text(closing)])) }
        if (atMost ?? 1) > 0 {
            let counted = Grammar.Counted(
                prefix: .sequence([.text(opening), padding, part]),
                element: .sequence([comma(in: &grammar), part]),
                suffix: .sequence([padding, .text(closing)]),
                atLeast: max(atLeast - 1, 0),
                atMost: atMost.map { $0 - 1 }
            )
            choices.append(.rule(grammar.addRule(.counted(counted))))
        }
        return .choice(choices)
    }

    /// A string of any text, or of a text with so many characters.
    func string(atLeast: Int = 0, atMost: Int? = nil, in grammar: inout Grammar) -> Expression {
        let limits = atLeast == 0 && atMost == nil ? "" : " of \(atLeast) to \(atMost.map(String.init) ?? "any")"
        return grammar.sharedRule("string" + limits) { _ in
            let character = JSONStringCharacters.any
            guard atLeast > 0 || atMost != nil else {
                let characters = Expression.repetition(character, atLeast: 0, atMost: nil)
                return .expression(.sequence([.text("\""), characters, .text("\"")]))
            }
            return .counted(
                Grammar.Counted(
                    prefix: .text("\""),
                    element: character,
                    suffix: .text("\""),
                    atLeast: atLeast,
                    atMost: atMost
                )
            )
        }
    }

    func number(in grammar: inout Grammar) -> Expression {
        grammar.sharedRule("number") { _ in
            let digits = Expression.repetition(Self.digit, atLeast: 1, atMost: nil)
            let fraction = Expression.sequence([.text("."), digits])
            let exponent = Expression.sequence([
                .characters(ScalarSet(of: "eE")), .chain([.characters(ScalarSet(of: "+-"))], stopsAfter: 0), digits,
            ])
            return .expression(
                .sequence([
                    Self.integerPart, .chain([fraction], stopsAfter: 0), .chain([exponent], stopsAfter: 0),
                ])
            )
        }
    }

    func integer(in grammar: inout Grammar) -> Expression {
        grammar.sharedRule("integer") { _ in .expression(Self.integerPart) }
    }

    private static let digit = Expression.characters(ScalarSet([0x30...0x39]))
    private static let integerPart = Expression.sequence([
        .chain([.text("-")], stopsAfter: 0),
        .choice([
            .text("0"),
            .sequence([.characters(ScalarSet([0x31...0x39])), .repetition(digit, atLeast: 0, atMost: nil)]),
        ]),
    ])

    /// The one way in which a scalar is written; nil for arrays and objects.
    static func scalarText(_ value: JSONValue) -> [UInt8]? {
        switch value.content {
        case .array, .object: return nil
        case .null, .boolean, .number, .string:
            var writer = JSONWriter()
            writer.value(value)
            return writer.utf8
        }
    }

    static func quoted(_ text: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.string(text)
        return writer.utf8
    }

    private func enclosed(
        _ opening: String,
        elements: [Expression],
        _ closing: String,
        in grammar: inout Grammar
    ) -> Expression {
        elements.isEmpty
            ? .sequence([.text(opening), padding(in: &grammar), .text(closing)])
            : enclosed(opening, .sequence(elements), closing, mayBeEmpty: false, in: &grammar)
    }

    /// Exactly this value: members in its order, numbers as it writes them.
    func literal(_ value: JSONValue, in grammar: inout Grammar) -> Expression {
        switch value.content {
        case .null, .boolean, .number, .string: return .bytes(Self.scalarText(value) ?? [])
        case .array(let elements):
            var parts: [Expression] = []
            for element in elements {
                if !parts.isEmpty { parts.append(comma(in: &grammar)) }
                parts.append(literal(element, in: &grammar))
            }
            return enclosed("[", elements: parts, "]", in: &grammar)
        case .object(let members):
            var parts: [Expression] = []
            for member in members {
                if !parts.isEmpty { parts.append(comma(in: &grammar)) }
                parts += [.bytes(Self.quoted(member.key)), colon, literal(member.value, in: &grammar)]
            }
            return enclosed("{", elements: parts, "}", in: &grammar)
        }
    }
}
