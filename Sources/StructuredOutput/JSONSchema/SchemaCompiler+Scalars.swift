// What schemas say of strings, numbers, booleans and null.
// Not arrays and objects. Next: SchemaCompiler+Objects.swift.

import JSONText

extension SchemaCompiler {
    /// The scalars that a schema allows, one expression for each type.
    mutating func scalars(_ schema: MergedSchema, in grammar: inout Grammar) throws(ConstraintError) -> [Expression] {
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

    private mutating func string(_ schema: MergedSchema, in grammar: inout Grammar) throws(ConstraintError)
        -> Expression
    {
        if let atMost = schema.maxLength, atMost < schema.minLength { return .choice([]) }
        guard let text = try textAutomaton(schema) else {
            return json.string(atLeast: schema.minLength, atMost: schema.maxLength, in: &grammar)
        }
        return quoted(text, in: &grammar)
    }

    mutating func quoted(_ text: CharacterAutomaton, in grammar: inout Grammar) -> Expression {
        let quote = Expression.text("\"")
        return rule(.sequence([quote, .text(text, .jsonString), quote]), in: &grammar)
    }

    private mutating func rule(_ body: Expression, in grammar: inout Grammar) -> Expression {
        if let known = scalarRules[body] { return known }
        let rule = Expression.rule(grammar.addRule(.expression(body)))
        scalarRules[body] = rule
        return rule
    }

    /// The texts of strings that patterns and formats limit, within the limits of length; nil if none does.
    mutating func textAutomaton(_ schema: MergedSchema) throws(ConstraintError) -> CharacterAutomaton? {
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
        try reader.countWork(automaton)
        return automaton
    }

    private mutating func number(
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
        var languages = [NumberLanguage(isInteger: isInteger, minima: minima, maxima: maxima)]
        for multiple in multiples {
            guard let divisor = Self.divisor(multiple.value) else { throw Self.tooManyStates(of: multiple.pointer) }
            languages.append(NumberLanguage(isInteger: isInteger, minima: [], maxima: [], multiple: divisor))
        }
        var result: CharacterAutomaton?
        for (index, language) in languages.enumerated() {
            let automaton = language.automaton
            let joined = result.map { known in automaton.flatMap(known.intersection) } ?? automaton
            guard let joined else {
                let place = schema.parts.first { !$0.minima.isEmpty || !$0.maxima.isEmpty }?.pointer ?? "#"
                throw Self.tooManyStates(of: index == 0 ? place : multiples[index - 1].pointer)
            }
            try reader.countWork(joined)
            result = joined
        }
        return result.map { rule(.text($0, .utf8), in: &grammar) } ?? .choice([])
    }

    private static func tooManyStates(of pointer: String) -> ConstraintError {
        ConstraintError(
            .schema(pointer: pointer),
            "the numbers take too many states; multiples have at most four digits, limits at most a few hundred"
        )
    }

    /// A multiple as an integer of the last decimal place that it has; nil beyond four digits.
    private static func divisor(_ value: Decimal) -> (divisor: Int, decimals: Int)? {
        let digits = (value.whole + value.fraction).drop { $0 == 0 }
        guard digits.count <= 4, value.fraction.count <= 9 else { return nil }
        return (digits.reduce(0) { $0 * 10 + Int($1) }, value.fraction.count)
    }
}
