// The keywords of several schemas that hold together as those of one.
// What a property must be is the conjunction of what every schema says of it. Next: SchemaCompiler.swift.

import JSONText

/// One alternative of a schema: keywords that all hold.
struct MergedSchema {
    let parts: [SchemaKeywords]

    /// The types that every part allows; all of them if none says anything.
    var types: Set<SchemaType> {
        var result: Set<SchemaType> = [.object, .array, .string, .number, .boolean, .null]
        for types in parts.compactMap(\.types) {
            var common = result.intersection(types)
            if result.contains(.number), types.contains(.integer) { common.insert(.integer) }
            if result.contains(.integer), types.contains(.number) { common.insert(.integer) }
            if common.contains(.number) { common.remove(.integer) }
            result = common
        }
        return result
    }

    var allowsAnything: Bool { parts.allSatisfy(\.allowsAnything) }

    var minLength: Int { parts.compactMap(\.minLength).max() ?? 0 }
    var maxLength: Int? { parts.compactMap(\.maxLength).min() }
    var minItems: Int { parts.compactMap(\.minItems).max() ?? 0 }
    var maxItems: Int? { parts.compactMap(\.maxItems).min() }
    var minProperties: Int { parts.compactMap(\.minProperties).max() ?? 0 }
    var maxProperties: Int? { parts.compactMap(\.maxProperties).min() }
    var required: Set<ExactText> { Set(parts.flatMap(\.required)) }

    /// The values of the first list that are in all lists; nil if there is no list.
    var listedValues: [JSONValue]? {
        let lists = parts.flatMap(\.valueLists)
        guard let first = lists.first else { return nil }
        let others = lists.dropFirst()
        return first.filter { value in others.allSatisfy { $0.contains { $0.isSameValue(as: value) } } }
    }

    /// How many comparisons `listedValues` takes.
    var listingCost: Int {
        let counts = parts.flatMap { $0.valueLists.map(\.count) }
        return counts.dropFirst().reduce(counts.first ?? 0) { $0 + $1 * (counts.first ?? 0) }
    }

    /// The same keywords without `enum` and `const`.
    var withoutListedValues: MergedSchema {
        MergedSchema(
            parts: parts.map { part in
                var part = part
                part.valueLists = []
                return part
            }
        )
    }

    /// Whether objects may have properties that no schema names and no schema excludes.
    func isOpen(_ options: JSONSchema.Options) -> Bool {
        options.allowsAdditionalProperties || !parts.contains(where: \.namesProperties)
    }

    /// Names of properties in the order in which the schemas name them; required ones that none describes come last.
    var propertyNames: [ExactText] {
        var names: [ExactText] = []
        var known: Set<ExactText> = []
        for name in parts.flatMap({ $0.properties.map(\.name) }) + parts.flatMap(\.required)
        where known.insert(name).inserted { names.append(name) }
        return names
    }

    /// What the property `name` must be; nil where it is no schema's business.
    func schemas(ofProperty name: ExactText) -> [SchemaPlace]? {
        var schemas: [SchemaPlace] = []
        var isNamed = false
        for part in parts {
            let own = part.properties.filter { $0.name == name }.map(\.schema)
            let matching = part.patternProperties.filter { $0.pattern.automaton.accepts(name.text) }.map(\.schema)
            schemas += own + matching
            if own.isEmpty, matching.isEmpty {
                schemas += part.additionalProperties.map { [$0] } ?? []
            } else {
                isNamed = true
            }
        }
        return isNamed || !schemas.isEmpty ? schemas : nil
    }

    /// What properties must be that no schema names; nil where no schema says anything.
    var additionalProperties: [SchemaPlace]? {
        let schemas = parts.compactMap(\.additionalProperties)
        return schemas.isEmpty ? nil : schemas
    }

    /// What the element at `index` must be.
    func schemas(ofElement index: Int) -> [SchemaPlace] {
        parts.compactMap { index < $0.prefixItems.count ? $0.prefixItems[index] : $0.items }
    }

    var prefixCount: Int { parts.map(\.prefixItems.count).max() ?? 0 }

    /// The pointer of the first part that has a keyword, for messages.
    func pointer(to keyword: String, where hasKeyword: (SchemaKeywords) -> Bool) -> ConstraintError.Place {
        .schema(pointer: (parts.first(where: hasKeyword)?.pointer ?? "#") + "/" + keyword)
    }
}

extension JSONValue {
    /// Whether both are the same value to JSON Schema: numbers by size, members in any order.
    func isSameValue(as other: JSONValue) -> Bool {
        switch (content, other.content) {
        case (.number(let left), .number(let right)):
            if left == right { return true }
            guard let left = Decimal(left), let right = Decimal(right) else { return false }
            return left == right
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.isSameValue(as: $1) }
        case (.object(let left), .object(let right)):
            return left.count == right.count
                && left.allSatisfy { member in other[member.key].map { member.value.isSameValue(as: $0) } ?? false }
        default: return self == other
        }
    }
}
