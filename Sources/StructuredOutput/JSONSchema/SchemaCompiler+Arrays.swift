// Arrays: first elements with schemas of their own, then others alike, counted where there are limits.
// Not objects. Next: ../Automaton/AutomatonBuilder.swift.

import JSONText

extension SchemaCompiler {
    /// The arrays that a schema allows.
    mutating func array(_ schema: MergedSchema, in grammar: inout Grammar) throws(ConstraintError) -> Expression {
        let atLeast = schema.minItems
        let atMost = schema.maxItems
        if let atMost, atMost < atLeast { return .choice([]) }
        let prefixCount = min(schema.prefixCount, atMost ?? .max)
        let element = try expression(ofElement: schema.prefixCount, schema, in: &grammar)
        if prefixCount == 0 {
            if atLeast == 0, atMost == nil {
                let list = json.list(of: element, in: &grammar)
                return json.enclosed("[", list, "]", mayBeEmpty: true, in: &grammar)
            }
            return json.counted("[", element, "]", atLeast: atLeast, atMost: atMost, in: &grammar)
        }
        let comma = json.comma(in: &grammar)
        var parts: [Expression] = []
        for index in 0..<prefixCount {
            let value = try expression(ofElement: index, schema, in: &grammar)
            parts.append(index == 0 ? value : .sequence([comma, value]))
        }
        if atMost ?? .max > prefixCount {
            let counted = Grammar.Counted(
                prefix: .empty,
                element: .sequence([comma, element]),
                suffix: .empty,
                atLeast: max(atLeast - prefixCount, 0),
                atMost: atMost.map { $0 - prefixCount }
            )
            parts.append(.rule(grammar.addRule(.counted(counted))))
        }
        // The rest counts as one part; it must be there when more elements are needed than have schemas of their own.
        let stopsAfter = atLeast > prefixCount ? parts.count : max(atLeast, 1)
        let list = Expression.chain(parts, stopsAfter: stopsAfter)
        return json.enclosed("[", list, "]", mayBeEmpty: atLeast == 0, in: &grammar)
    }

    private mutating func expression(
        ofElement index: Int,
        _ schema: MergedSchema,
        in grammar: inout Grammar
    ) throws(ConstraintError) -> Expression {
        let schemas = schema.schemas(ofElement: index)
        return schemas.isEmpty ? json.anyValue(in: &grammar) : try expression(of: schemas, in: &grammar)
    }
}
