// What each keyword of JSON Schema (draft 2020-12, and draft 7 where it differs) becomes.
// A keyword that is not here is refused by name. Next: SchemaConjunction.swift.

import JSONText

extension SchemaReader {
    /// Keywords that say nothing about which values are valid.
    private static let annotations: Set<String> = [
        "$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default", "example", "examples",
        "deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType", "contentSchema", "nullable",
        "propertyOrdering",
    ]
    /// Keywords of the standard that no automaton of this kind obeys, and why.
    private static let refusals: [String: String] = [
        "contains": "is not supported; describe every element with `items`",
        "minContains": "is not supported", "maxContains": "is not supported",
        "not": "is not supported; list what is allowed instead",
        "if": "is not supported; write the cases as `anyOf`", "then": "is not supported", "else": "is not supported",
        "dependentRequired": "is not supported; write the cases as `anyOf`",
        "dependentSchemas": "is not supported; write the cases as `anyOf`",
        "dependencies": "is not supported; write the cases as `anyOf`",
        "unevaluatedProperties": "is not supported; use `additionalProperties`",
        "unevaluatedItems": "is not supported; use `items`",
        "$anchor": "is not supported; refer with JSON pointers",
        "$dynamicAnchor": "is not supported; refer with JSON pointers",
        "$dynamicRef": "is not supported; refer with `$ref`",
    ]

    mutating func readKeyword(
        _ key: String,
        _ value: JSONValue,
        of place: SchemaPlace,
        siblings: [JSONMember],
        into keywords: inout SchemaKeywords
    ) throws(ConstraintError) {
        let here = Keyword(name: key, value: value, place: place)
        if Self.annotations.contains(key) {
            if key == "nullable" { _ = try here.boolean() }
            if key == "$id", place.pointer != "#" { throw here.error("is supported at the root only") }
            return
        }
        keywords.assertionCount += 1
        switch key {
        case "type": keywords.types = try here.types()
        case "enum": keywords.valueLists.append(try here.array())
        case "const": keywords.valueLists.append([value])
        case "allOf": keywords.allOf += try here.schemas()
        case "anyOf", "oneOf": keywords.alternatives.append(try here.schemas())
        case "$ref": keywords.reference = try here.string()
        case "properties":
            keywords.namesProperties = true
            keywords.properties = try here.object().map {
                SchemaKeywords.Property(name: ExactText($0.key), schema: here.child($0))
            }
        case "required": keywords.required = try here.strings().map(ExactText.init)
        case "additionalProperties": keywords.additionalProperties = here.schema
        case "patternProperties":
            keywords.namesProperties = true
            for member in try here.object() {
                let pointer = SchemaPlace(pointer: here.pointer, value: value).pointer(to: member.key)
                let rule = SchemaKeywords.TextRule(pointer: pointer, automaton: try pattern(member.key, at: pointer))
                keywords.patternProperties.append((rule, here.child(member)))
            }
        case "propertyNames": keywords.propertyNames = here.schema
        case "minProperties": keywords.minProperties = try here.count()
        case "maxProperties": keywords.maxProperties = try here.count()
        case "prefixItems": keywords.prefixItems = try here.schemas()
        case "items" where value.kind == .array: keywords.prefixItems = try here.schemas()
        case "items": keywords.items = here.schema
        case "additionalItems":
            // Of draft 7: it says something only beside a list of `items`.
            if siblings.contains(where: { $0.key == "items" && $0.value.kind == .array }) {
                keywords.items = here.schema
            }
        case "minItems": keywords.minItems = try here.count()
        case "maxItems": keywords.maxItems = try here.count()
        case "uniqueItems":
            if try here.boolean() { throw here.error("is not supported: no automaton compares elements") }
        case "minLength": keywords.minLength = try here.count()
        case "maxLength": keywords.maxLength = try here.count()
        case "pattern":
            let automaton = try pattern(try here.string(), at: here.pointer)
            keywords.textRules.append(.init(pointer: here.pointer, automaton: automaton))
        case "format": try readFormat(here, into: &keywords)
        case "minimum": keywords.minima.append(.init(value: try here.decimal(), isExclusive: false))
        case "exclusiveMinimum": keywords.minima.append(.init(value: try here.decimal(), isExclusive: true))
        case "maximum": keywords.maxima.append(.init(value: try here.decimal(), isExclusive: false))
        case "exclusiveMaximum": keywords.maxima.append(.init(value: try here.decimal(), isExclusive: true))
        case "multipleOf":
            let divisor = try here.decimal()
            guard !divisor.isNegative, !divisor.isZero else { throw here.error("must be above 0") }
            keywords.multiples.append((here.pointer, divisor))
        default: throw here.error(Self.refusals[key] ?? "is not a keyword that is supported")
        }
    }

    private mutating func readFormat(_ here: Keyword, into keywords: inout SchemaKeywords) throws(ConstraintError) {
        let name = try here.string()
        let key = ExactText("format " + name)
        if automata[key] == nil, let format = try StringFormats.automaton(name) {
            try countWork(format)
            automata[key] = format
        }
        if let automaton = automata[key] {
            keywords.textRules.append(.init(pointer: here.pointer, automaton: automaton))
        } else if options.refusesUnknownFormats {
            let names = StringFormats.names.joined(separator: ", ")
            throw here.error("the format `\(name)` is not supported; supported are \(names)")
        } else {
            keywords.assertionCount -= 1
        }
    }

    private mutating func pattern(_ text: String, at pointer: String) throws(ConstraintError) -> CharacterAutomaton {
        let key = ExactText("pattern " + text)
        if let known = automata[key] { return known }
        let expression: Expression
        do {
            expression = try RegexParser.pattern(text).search
        } catch {
            throw ConstraintError(.schema(pointer: pointer), "\(error)")
        }
        guard let automaton = CharacterAutomatonBuilder.automaton(of: expression) else {
            throw ConstraintError(
                .schema(pointer: pointer),
                "the pattern takes more than \(CharacterAutomaton.stateLimit) states; make its repetitions smaller"
            )
        }
        try countWork(automaton)
        automata[key] = automaton
        return automaton
    }
}

/// A keyword of a schema, whose value is read as what it must be.
private struct Keyword {
    let name: String
    let value: JSONValue
    let place: SchemaPlace

    var pointer: String { place.pointer(to: name) }
    var schema: SchemaPlace { place.child(name, value) }

    func child(_ member: JSONMember) -> SchemaPlace { schema.child(member.key, member.value) }

    func error(_ message: String) -> ConstraintError { ConstraintError(.schema(pointer: pointer), message) }

    private func wrongKind(_ expected: String) -> ConstraintError {
        error("must be \(expected); found \(value.kind.rawValue)")
    }

    func string() throws(ConstraintError) -> String {
        guard let string = value.string else { throw wrongKind("a string") }
        return string
    }

    func boolean() throws(ConstraintError) -> Bool {
        guard let boolean = value.boolean else { throw wrongKind("true or false") }
        return boolean
    }

    func array() throws(ConstraintError) -> [JSONValue] {
        guard let array = value.array else { throw wrongKind("an array") }
        return array
    }

    func object() throws(ConstraintError) -> [JSONMember] {
        guard let object = value.object else { throw wrongKind("an object") }
        return object
    }

    func strings() throws(ConstraintError) -> [String] {
        let strings = try array().map(\.string)
        guard !strings.contains(nil) else { throw error("must be an array of strings") }
        return strings.compactMap { $0 }
    }

    func schemas() throws(ConstraintError) -> [SchemaPlace] {
        let array = try array()
        guard !array.isEmpty else { throw error("must not be empty") }
        return array.enumerated().map { schema.child(String($0.offset), $0.element) }
    }

    /// A number that counts: not negative, and an integer, also one written as `2.0`.
    func count() throws(ConstraintError) -> Int {
        let decimal = try decimal()
        guard decimal.isInteger, !decimal.isNegative else { throw error("must be an integer that is not negative") }
        // Nobody has an array of a billion elements; a greater limit is none.
        guard decimal.whole.count < 10 else { return 1_000_000_000 }
        return decimal.whole.reduce(0) { $0 * 10 + Int($1) }
    }

    func decimal() throws(ConstraintError) -> Decimal {
        guard let number = value.number else { throw wrongKind("a number") }
        guard let decimal = Decimal(number) else { throw error("has too many digits") }
        return decimal
    }

    func types() throws(ConstraintError) -> Set<SchemaType> {
        var names = value.string.map { [$0] } ?? []
        if names.isEmpty { names = try strings() }
        var types: Set<SchemaType> = []
        for name in names {
            guard let type = SchemaType(rawValue: name) else {
                let known = SchemaType.allCases.map(\.rawValue).joined(separator: ", ")
                throw error("there is no type `\(name)`; types are \(known)")
            }
            types.insert(type)
        }
        guard !types.isEmpty else { throw error("must name at least one type") }
        return types
    }
}
