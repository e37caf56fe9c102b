// Objects: members in the order in which the schema names them, each there or not, then others if there may be any.
// Not arrays. Next: SchemaCompiler+Arrays.swift.

import JSONText

extension SchemaCompiler {
    /// The objects that a schema allows.
    mutating func object(_ schema: MergedSchema, in grammar: inout Grammar) throws(ConstraintError) -> Expression {
        let keyRule = try keyAutomaton(schema)
        let required = schema.required
        var members: [Expression.Members.Member] = []
        for name in schema.propertyNames {
            let isRequired = required.contains(name)
            var value = Expression.choice([])
            if keyRule?.accepts(name.text) ?? true { value = try property(name, isRequired, schema, in: &grammar) }
            let key = Expression.bytes(JSONGrammar.quoted(name.text))
            members.append(.init(expression: .sequence([key, json.colon, value]), isRequired: isRequired))
        }
        let additional = try additionalMember(schema, keyRule, in: &grammar)
        return try limited(members, additional, schema, in: &grammar)
    }

    private mutating func property(
        _ name: ExactText,
        _ isRequired: Bool,
        _ schema: MergedSchema,
        in grammar: inout Grammar
    ) throws(ConstraintError) -> Expression {
        if let schemas = schema.schemas(ofProperty: name) { return try expression(of: schemas, in: &grammar) }
        guard schema.isOpen(reader.options) else {
            let place = schema.pointer(to: "required") { $0.required.contains(name) }
            throw ConstraintError(place, "requires \(name.text.debugDescription), which `properties` does not have")
        }
        return json.anyValue(in: &grammar)
    }

    /// The texts that `propertyNames` allows; nil if it says nothing.
    private mutating func keyAutomaton(_ schema: MergedSchema) throws(ConstraintError) -> CharacterAutomaton? {
        let places = schema.parts.compactMap(\.propertyNames)
        guard let first = places.first else { return nil }
        let choices = try reader.alternatives(of: places)
        guard choices.count == 1 else {
            throw ConstraintError(.schema(pointer: first.pointer), "alternatives are not supported here")
        }
        let names = MergedSchema(parts: choices[0])
        guard names.allowsAnything, names.types.contains(.string) else {
            return CharacterAutomaton(edges: [[]], isAccepting: [false])
        }
        if let values = names.listedValues {
            var texts: [Expression] = []
            for value in values where try reader.isValid(value, names) {
                guard let text = value.string else { continue }
                texts.append(.sequence(text.unicodeScalars.map { .characters(ScalarSet($0)) }))
            }
            return CharacterAutomatonBuilder.automaton(of: .choice(texts))
        }
        if let text = try textAutomaton(names) { return text }
        guard let text = CharacterAutomaton.length(atLeast: names.minLength, atMost: names.maxLength) else {
            throw ConstraintError(.schema(pointer: first.pointer), "the limits of length are too great")
        }
        return text
    }

    /// A member whose key no schema names; nil if there may be none.
    private mutating func additionalMember(
        _ schema: MergedSchema,
        _ keyRule: CharacterAutomaton?,
        in grammar: inout Grammar
    ) throws(ConstraintError) -> Expression? {
        let patterns = schema.parts.flatMap(\.patternProperties)
        var value = Expression.choice([])
        if let schemas = schema.additionalProperties {
            value = try expression(of: schemas, in: &grammar)
        } else if schema.isOpen(reader.options) {
            value = json.anyValue(in: &grammar)
        }
        guard patterns.isEmpty else {
            guard value == .choice([]) else {
                throw ConstraintError(
                    .schema(pointer: patterns[0].pattern.pointer),
                    "is supported beside `\"additionalProperties\": false` only"
                )
            }
            return try patternMember(schema, keyRule, in: &grammar)
        }
        if value == .choice([]) { return nil }
        let names = schema.propertyNames
        var key = json.string(in: &grammar)
        if !names.isEmpty || keyRule != nil {
            let others = CharacterAutomaton.allBut(names.map(\.text))
            let keys = try keys(others, within: keyRule, schema)
            key = quoted(keys, in: &grammar)
        }
        return .sequence([key, json.colon, value])
    }

    private func keys(
        _ keys: CharacterAutomaton,
        within keyRule: CharacterAutomaton?,
        _ schema: MergedSchema
    ) throws(ConstraintError) -> CharacterAutomaton {
        guard let keyRule else { return keys }
        guard let both = keys.intersection(keyRule) else {
            let place = schema.pointer(to: "propertyNames") { $0.propertyNames != nil }
            throw ConstraintError(place, "takes too many states with the properties")
        }
        return both
    }

    /// A member whose key is one of patterns, which must not overlap.
    private mutating func patternMember(
        _ schema: MergedSchema,
        _ keyRule: CharacterAutomaton?,
        in grammar: inout Grammar
    ) throws(ConstraintError) -> Expression {
        guard schema.parts.count == 1, let part = schema.parts.first else {
            let place = schema.pointer(to: "patternProperties") { !$0.patternProperties.isEmpty }
            throw ConstraintError(place, "is not supported together with other schemas")
        }
        let others = CharacterAutomaton.allBut(schema.propertyNames.map(\.text))
        var choices: [Expression] = []
        for (index, (pattern, place)) in part.patternProperties.enumerated() {
            for (other, _) in part.patternProperties[..<index] {
                guard let both = pattern.automaton.intersection(other.automaton), both.isEmpty else {
                    throw ConstraintError(
                        .schema(pointer: pattern.pointer),
                        "a name can match this pattern and another one; patterns must not overlap"
                    )
                }
            }
            guard let free = pattern.automaton.intersection(others) else {
                throw ConstraintError(.schema(pointer: pattern.pointer), "takes too many states with the properties")
            }
            let keys = try keys(free, within: keyRule, schema)
            let key = quoted(keys, in: &grammar)
            choices.append(.sequence([key, json.colon, try expression(of: [place], in: &grammar)]))
        }
        return .choice(choices)
    }

    /// The members with limits on their number, where an automaton can count them.
    private func limited(
        _ members: [Expression.Members.Member],
        _ additional: Expression?,
        _ schema: MergedSchema,
        in grammar: inout Grammar
    ) throws(ConstraintError) -> Expression {
        let requiredCount = members.filter(\.isRequired).count
        let atLeast = schema.minProperties
        let atMost = schema.maxProperties
        if members.isEmpty, let additional {
            if let atMost, atMost < atLeast { return .choice([]) }
            guard atLeast == 0, atMost == nil else {
                return json.counted("{", additional, "}", atLeast: atLeast, atMost: atMost, in: &grammar)
            }
        } else {
            let mostPossible = additional == nil ? members.count : Int.max
            if atLeast > mostPossible || requiredCount > atMost ?? .max { return .choice([]) }
            guard atLeast <= max(requiredCount, 1) else {
                let place = schema.pointer(to: "minProperties") { $0.minProperties == atLeast }
                throw ConstraintError(place, "is supported up to the number of required properties (or 1)")
            }
            if let atMost, atMost < mostPossible {
                let place = schema.pointer(to: "maxProperties") { $0.maxProperties == atMost }
                throw ConstraintError(place, "is supported where no property is named, or none can be too many")
            }
        }
        let content = Expression.members(
            .init(members: members, additional: additional, separator: json.comma(in: &grammar))
        )
        let mayBeEmpty = requiredCount == 0 && atLeast == 0
        return json.enclosed("{", content, "}", mayBeEmpty: mayBeEmpty, in: &grammar)
    }
}
