// Reads schemas of one document keyword by keyword: every one is understood or refused with its pointer.
// Not what a schema means for texts (SchemaCompiler.swift). Next: SchemaReader+Keywords.swift.

import JSONText

/// The schemas of a document, read when they are first asked for.
struct SchemaReader {
    let root: JSONValue
    let options: JSONSchema.Options
    private var read: [ExactText: SchemaKeywords] = [:]
    /// The automata of patterns and formats, which schemas tend to repeat, by keyword and text.
    var automata: [ExactText: CharacterAutomaton] = [:]
    /// What was done in combining schemas and in comparing values, so that hostile schemas come to an end.
    private var work = 0
    private static let workLimit = 1_000_000

    init(root: JSONValue, options: JSONSchema.Options) {
        self.root = root
        self.options = options
    }

    mutating func countWork(_ amount: Int) throws(ConstraintError) {
        work += min(amount, Self.workLimit)
        guard work < Self.workLimit else {
            throw ConstraintError(.whole, "the schema combines too many schemas and values; make it smaller")
        }
    }

    /// Counts an automaton of characters, of which each state costs much more than a comparison.
    mutating func countWork(_ automaton: CharacterAutomaton) throws(ConstraintError) {
        try countWork(automaton.edges.reduce(0) { $0 + 8 + 2 * $1.count })
    }

    /// The keywords of the schema at `place`.
    mutating func keywords(at place: SchemaPlace) throws(ConstraintError) -> SchemaKeywords {
        if let keywords = read[ExactText(place.pointer)] { return keywords }
        var keywords = SchemaKeywords(pointer: place.pointer)
        switch place.value.content {
        case .boolean(let allows):
            keywords.allowsAnything = allows
            keywords.assertionCount = allows ? 0 : 1
        case .object(let members):
            for member in members {
                try readKeyword(member.key, member.value, of: place, siblings: members, into: &keywords)
            }
            if place.value["nullable"]?.boolean == true { keywords.types?.insert(.null) }
        case .null, .number, .string, .array:
            throw ConstraintError(
                .schema(pointer: place.pointer),
                "a schema is an object, true or false; found \(place.value.kind.rawValue)"
            )
        }
        read[ExactText(place.pointer)] = keywords
        return keywords
    }

    /// The schema that a `$ref` names: `#` or a JSON pointer after it.
    func target(of reference: String, at pointer: String) throws(ConstraintError) -> SchemaPlace {
        func failure(_ message: String) -> ConstraintError { ConstraintError(.schema(pointer: pointer), message) }
        guard reference.utf8.first == UInt8(ascii: "#") else {
            throw failure("`\(reference)` leads out of the schema; references start with `#`")
        }
        guard let decoded = Self.percentDecoded(reference.dropFirst()) else {
            throw failure("`\(reference)` is not a valid reference")
        }
        if decoded.isEmpty { return SchemaPlace(pointer: "#", value: root) }
        guard decoded.utf8.first == UInt8(ascii: "/") else {
            throw failure("`\(reference)` is no JSON pointer; anchors are not supported")
        }
        var place = SchemaPlace(pointer: "#", value: root)
        for part in decoded.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            let key = Self.unescaped(part)
            var child = place.value[key]
            if child == nil, let elements = place.value.array, let index = Int(key), elements.indices.contains(index) {
                child = elements[index]
            }
            guard let child else { throw failure("`\(reference)` names nothing in the schema") }
            place = place.child(key, child)
        }
        return place
    }

    private static func unescaped(_ part: Substring) -> String {
        var key = ""
        var isEscaped = false
        for scalar in part.unicodeScalars {
            if isEscaped {
                key += scalar == "1" ? "/" : scalar == "0" ? "~" : "~" + String(scalar)
                isEscaped = false
            } else if scalar == "~" {
                isEscaped = true
            } else {
                key.unicodeScalars.append(scalar)
            }
        }
        return isEscaped ? key + "~" : key
    }

    private static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2 else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
