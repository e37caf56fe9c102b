// From schemas to grammar rules: one rule for each set of schemas that hold together, made when first needed.
// The order of work is a queue, so that no chain of references goes deep. Next: SchemaCompiler+Objects.swift.

import JSONText

/// Compiles the schemas of one document.
struct SchemaCompiler {
    private static let ruleLimit = 50_000

    var reader: SchemaReader
    let json: JSONGrammar
    /// Rules of arrays and objects by the pointers of their schemas.
    private var rules: [[ExactText]: Expression] = [:]
    /// Rules of strings and numbers by their bodies: equal ones share the masks that are made for one of them.
    var scalarRules: [Expression: Expression] = [:]
    private var pending: [(rule: Int, schema: MergedSchema)] = []

    /// The expression of all values that `schema` allows; its rules are added to `grammar`.
    static func expression(
        of schema: JSONSchema,
        in grammar: inout Grammar
    ) throws(ConstraintError) -> Expression {
        let document: JSONDocument
        do {
            document = try JSONDocument(schema.text)
        } catch {
            throw ConstraintError(.json(line: error.line, column: error.column), "\(error.what)")
        }
        var compiler = SchemaCompiler(
            reader: SchemaReader(root: document.root, options: schema.options),
            json: JSONGrammar(style: schema.style)
        )
        let root = SchemaPlace(pointer: "#", value: document.root)
        let expression = try compiler.expression(of: [root], in: &grammar)
        while let (rule, schema) = compiler.pending.popLast() {
            let body = try compiler.container(schema, in: &grammar)
            grammar.define(rule, .expression(body))
            guard grammar.rules.count < ruleLimit else {
                throw ConstraintError(.whole, "the schema combines to more than \(ruleLimit) rules; make it smaller")
            }
        }
        return expression
    }

    private init(reader: SchemaReader, json: JSONGrammar) {
        self.reader = reader
        self.json = json
    }

    /// The values that obey all of `places`.
    mutating func expression(of places: [SchemaPlace], in grammar: inout Grammar) throws(ConstraintError) -> Expression
    {
        let choices = try reader.alternatives(of: places)
        var parts: [Expression] = []
        for choice in choices { parts.append(try expression(of: MergedSchema(parts: choice), in: &grammar)) }
        return parts.count == 1 ? parts[0] : .choice(parts)
    }

    private mutating func expression(
        of schema: MergedSchema,
        in grammar: inout Grammar
    ) throws(ConstraintError) -> Expression {
        guard schema.allowsAnything else { return .choice([]) }
        if schema.parts.isEmpty { return json.anyValue(in: &grammar) }
        let pointers = schema.parts.map { ExactText($0.pointer) }
        if let known = rules[pointers] { return known }
        let expression: Expression
        try reader.countWork(schema.listingCost)
        if let values = schema.listedValues {
            var valid: [JSONValue] = []
            let others = schema.withoutListedValues
            for value in values where try reader.isValid(value, others) { valid.append(value) }
            expression = .rule(grammar.addRule(.expression(choice(of: valid, in: &grammar))))
        } else {
            var parts = try scalars(schema, in: &grammar)
            if schema.types.contains(.object) || schema.types.contains(.array) {
                let rule = grammar.reserveRule()
                pending.append((rule, schema))
                parts.append(.rule(rule))
            }
            expression = parts.count == 1 ? parts[0] : .choice(parts)
        }
        rules[pointers] = expression
        return expression
    }

    private func choice(of values: [JSONValue], in grammar: inout Grammar) -> Expression {
        let scalars = values.compactMap(JSONGrammar.scalarText)
        let containers = values.filter { JSONGrammar.scalarText($0) == nil }
        return .choice([.words(scalars)] + containers.map { json.literal($0, in: &grammar) })
    }

    /// The arrays and objects that a schema allows.
    private mutating func container(
        _ schema: MergedSchema,
        in grammar: inout Grammar
    ) throws(ConstraintError) -> Expression {
        var parts: [Expression] = []
        if schema.types.contains(.object) { parts.append(try object(schema, in: &grammar)) }
        if schema.types.contains(.array) { parts.append(try array(schema, in: &grammar)) }
        return .choice(parts)
    }
}
