// What schemas say of strings, numbers, booleans and null.
// Not arrays and objects. Next: SchemaCompiler+Objects.swift.

import JSONText

extension SchemaCompiler {
    /// The scalars that a schema allows, one expression for each type.
    func scalars(_ schema: MergedSchema, in grammar: inout Grammar) throws(ConstraintError) -> [Expression] {
        let types = schema.types
        var parts: [Expression] = []
        if types.contains(.string) { parts.append(try string(schema, in: &grammar)) }
        if types.contains(.number) || types.contains(.integer) {
            parts.append(try number(schema, isInteger: !types.contains(.number), in: &grammar))
        }
        if types.contains(.boolean) { parts.append(.words([Array("true".utf8), Array("false".utf8)])) }
        if types.contains(.null) { parts.append(.text("null")) }
        return parts
    }

    private func string(_ schema: MergedSchema, in grammar: inout Grammar) throws(ConstraintError) -> Expression {
        if let atMost = schema.maxLength, atMost < schema.minLength { return .choice([]) }
        guard let text = try textAutomaton(schema) else {
            return json.string(atLeast: schema.minLength, atMost: schema.maxLength, in: &grammar)
        }
        return quoted(text, in: &grammar)
    }

    func quoted(_ text: CharacterAutomaton, in grammar: inout Grammar) -> Expression {
        .rule(grammar.addRule(.expression(.sequence([.text("\""), .text(text, .jsonString), .text("\"")]))))
    }

    /// The texts of strings that patterns and formats limit, within the limits of length; nil if none does.
    func textAutomaton(_ schema: MergedSchema) throws(ConstraintError) -> CharacterAutomaton? {
        let rules = schema.parts.flatMap(\.textRules)
        guard var automaton = rules.first?.automaton else { return nil }
        for rule in rules.dropFirst() {
            guard let both = automaton.intersection(rule.automaton) else {
                throw ConstraintError(.schema(pointer: rule.pointer), "takes too many states with the other patterns")
            }
            automaton = both
        }
        if schema.minLength > 0 || schema.maxLength != nil {
            let length = CharacterAutomaton.length(atLeast: schema.minLength, atMost: schema.maxLength)
            guard let both = length.flatMap(automaton.intersection) else {
                throw ConstraintError(
                    .schema(pointer: rules[0].pointer),
                    "takes too many states with the limits of length; make them smaller, or write them in the pattern"
                )
            }
            automaton = both
        }
        return automaton
    }

    private func number(
        _ schema: MergedSchema,
        isInteger: Bool,
        in grammar: inout Grammar
    ) throws(ConstraintError) -> Expression {
        let minima = schema.parts.flatMap(\.minima)
        let maxima = schema.parts.flatMap(\.maxima)
        let multiples = schema.parts.flatMap(\.multiples)
        if minima.isEmpty, maxima.isEmpty, multiples.isEmpty {
            return isInteger ? json.integer(in: &grammar) : json.number(in: &grammar)
        }
        var language = NumberLanguage(isInteger: isInteger, minima: minima, maxima: maxima)
        var result: CharacterAutomaton?
        if minima.isEmpty == false || maxima.isEmpty == false || multiples.isEmpty {
            guard let automaton = language.automaton else {
                let place = schema.pointer(to: "type") { !$0.minima.isEmpty || !$0.maxima.isEmpty }
                throw ConstraintError(place, "the limits of the number take too many states")
            }
            result = automaton
        }
        for multiple in multiples {
            let tooMany = ConstraintError(
                .schema(pointer: multiple.pointer),
                "takes too many states; at most four digits are supported"
            )
            guard let divisor = Self.divisor(multiple.value) else { throw tooMany }
            language = NumberLanguage(isInteger: isInteger, minima: [], maxima: [], multiple: divisor)
            guard let automaton = language.automaton else { throw tooMany }
            guard let joined = result.map(automaton.intersection) ?? automaton else { throw tooMany }
            result = joined
        }
        return result.map { .text($0, .utf8) } ?? .choice([])
    }

    /// A multiple as an integer of the last decimal place that it has; nil beyond four digits.
    private static func divisor(_ value: Decimal) -> (divisor: Int, decimals: Int)? {
        let digits = (value.whole + value.fraction).drop { $0 == 0 }
        guard digits.count <= 4, value.fraction.count <= 9 else { return nil }
        return (digits.reduce(0) { $0 * 10 + Int($1) }, value.fraction.count)
    }
}
