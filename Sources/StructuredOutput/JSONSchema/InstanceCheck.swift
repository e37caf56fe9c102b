// Whether a value written in a schema (`enum`, `const`) obeys the schema's other keywords.
// Not for generated texts: automata see to those. Next: SchemaCompiler.swift.

import JSONText

extension SchemaReader {
    /// Whether `value` obeys the schemas at `places` together.
    mutating func isValid(_ value: JSONValue, at places: [SchemaPlace]) throws(ConstraintError) -> Bool {
        for parts in try alternatives(of: places) where try isValid(value, MergedSchema(parts: parts)) { return true }
        return false
    }

    /// Whether `value` obeys one alternative.
    mutating func isValid(_ value: JSONValue, _ schema: MergedSchema) throws(ConstraintError) -> Bool {
        try countWork(1 + schema.listingCost)
        guard schema.allowsAnything, schema.types.contains(where: { value.isOf($0) }) else { return false }
        if let listed = schema.listedValues, !listed.contains(where: { $0.isSameValue(as: value) }) { return false }
        switch value.content {
        case .null, .boolean: return true
        case .number(let number): return isValid(number, schema)
        case .string(let text):
            let count = text.unicodeScalars.count
            return count >= schema.minLength && count <= schema.maxLength ?? .max
                && schema.parts.allSatisfy { $0.textRules.allSatisfy { $0.automaton.accepts(text) } }
        case .array(let elements):
            guard elements.count >= schema.minItems, elements.count <= schema.maxItems ?? .max else { return false }
            for (index, element) in elements.enumerated() {
                guard try isValid(element, at: schema.schemas(ofElement: index)) else { return false }
            }
            return true
        case .object(let members): return try isValid(members, schema)
        }
    }

    private func isValid(_ number: JSONNumber, _ schema: MergedSchema) -> Bool {
        guard let value = Decimal(number) else {
            return schema.parts.allSatisfy { $0.minima.isEmpty && $0.maxima.isEmpty }
        }
        for part in schema.parts {
            for bound in part.minima where value < bound.value || bound.isExclusive && value == bound.value {
                return false
            }
            for bound in part.maxima where bound.value < value || bound.isExclusive && value == bound.value {
                return false
            }
            for multiple in part.multiples where !value.isMultiple(of: multiple.value) { return false }
        }
        return true
    }

    private mutating func isValid(_ members: [JSONMember], _ schema: MergedSchema) throws(ConstraintError) -> Bool {
        let names = Set(members.map { ExactText($0.key) })
        guard schema.required.isSubset(of: names), members.count >= schema.minProperties,
            members.count <= schema.maxProperties ?? .max
        else { return false }
        for member in members {
            let name = JSONValue(.string(member.key))
            guard try isValid(name, at: schema.parts.compactMap(\.propertyNames)) else { return false }
            if let schemas = schema.schemas(ofProperty: ExactText(member.key)) {
                guard try isValid(member.value, at: schemas) else { return false }
            } else if !schema.isOpen(options) {
                return false
            }
        }
        return true
    }
}

extension JSONValue {
    fileprivate func isOf(_ type: SchemaType) -> Bool {
        switch (type, content) {
        case (.object, .object), (.array, .array), (.string, .string), (.boolean, .boolean), (.null, .null),
            (.number, .number):
            true
        case (.integer, .number(let number)): Decimal(number)?.isInteger ?? false
        default: false
        }
    }
}

extension Decimal {
    /// Whether the number is a whole multiple of `other`, above zero.
    fileprivate func isMultiple(of other: Decimal) -> Bool {
        // Both as integers of the smaller unit; the remainder digit by digit.
        let places = max(fraction.count, other.fraction.count)
        func digits(_ number: Decimal) -> [UInt8] {
            number.whole + number.fraction + Array(repeating: 0, count: places - number.fraction.count)
        }
        let divisor = digits(other).reduce(0.0) { $0 * 10 + Double($1) }
        guard divisor < 1e15 else { return false }
        let integer = Int(divisor)
        return digits(self).reduce(0) { ($0 * 10 + Int($1)) % integer } == 0
    }
}
