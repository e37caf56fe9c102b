// A part of tokenizer.json with its JSON path, so that every complaint names its place.
// Not the meaning of the parts. Next: TokenizerLoader.swift.

import JSONText

/// A value of the file, where it stands, and typed access to it.
struct ComponentNode {
    let value: JSONValue
    let path: String
    /// Knows the text, for line and column.
    let reader: JSONReader

    func error(_ problem: TokenizerError.Problem) -> TokenizerError {
        TokenizerError(path: path, position: reader.position(of: value.offset), problem: problem)
    }

    /// Says that the value is not what it has to be.
    func wrong(expected: String) -> TokenizerError {
        error(.wrongValue(expected: expected, found: found))
    }

    /// Says that the value is part of the format, but not of this tokenizer.
    func unsupported(_ supported: String) -> TokenizerError {
        error(.unsupported(found: found, supported: supported))
    }

    /// The value in words, short enough for a message.
    private var found: String {
        switch value.content {
        case .null, .array, .object: value.kind.rawValue
        case .boolean(let value): "\(value)"
        case .number(let number): number.literal.count <= 40 ? number.literal : "a number"
        case .string(let string):
            string.count <= 80 ? string.debugDescription : String(string.prefix(80)).debugDescription + "..."
        }
    }

    /// The member `key`, or nil if it is missing or null.
    func optional(_ key: String) throws(TokenizerError) -> ComponentNode? {
        guard value.kind == .object else { throw wrong(expected: "an object") }
        guard let member = value[key], !member.isNull else { return nil }
        return ComponentNode(value: member, path: path.isEmpty ? key : "\(path).\(key)", reader: reader)
    }

    /// The member `key`.
    func required(_ key: String, _ expected: String) throws(TokenizerError) -> ComponentNode {
        if let node = try optional(key) { return node }
        throw TokenizerError(
            path: path.isEmpty ? key : "\(path).\(key)",
            position: reader.position(of: value.offset),
            problem: .missing(expected: expected)
        )
    }

    /// The elements of an array.
    func elements() throws(TokenizerError) -> [ComponentNode] {
        guard let array = value.array else { throw wrong(expected: "an array") }
        return array.enumerated().map { index, element in
            ComponentNode(value: element, path: "\(path)[\(index)]", reader: reader)
        }
    }

    /// The string itself.
    func string() throws(TokenizerError) -> String {
        guard let string = value.string else { throw wrong(expected: "a string") }
        return string
    }

    /// The string member `key`.
    func string(_ key: String) throws(TokenizerError) -> String { try required(key, "a string").string() }

    /// The boolean member `key`; `fallback` if it is missing or null.
    func boolean(_ key: String, default fallback: Bool) throws(TokenizerError) -> Bool {
        guard let node = try optional(key) else { return fallback }
        guard let boolean = node.value.boolean else { throw node.wrong(expected: "true or false") }
        return boolean
    }

    /// The boolean member `key`.
    func boolean(_ key: String) throws(TokenizerError) -> Bool {
        let node = try required(key, "true or false")
        guard let boolean = node.value.boolean else { throw node.wrong(expected: "true or false") }
        return boolean
    }

    /// The integer itself, in `range`.
    func integer(in range: Range<Int>) throws(TokenizerError) -> Int {
        guard let integer = value.integer, range.contains(integer) else {
            throw wrong(expected: "an integer from \(range.lowerBound) to \(range.upperBound - 1)")
        }
        return integer
    }

    /// The string member `key`, which must be one character, as UTF-8.
    func character(_ key: String) throws(TokenizerError) -> [UInt8] {
        let node = try required(key, "a string of one character")
        let string = try node.string()
        guard string.unicodeScalars.count == 1 else { throw node.wrong(expected: "a string of one character") }
        return Array(string.utf8)
    }

    /// The value of the string member `key` as one of the cases of an enumeration.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String,
        of _: Choice.Type
    ) throws(TokenizerError) -> Choice where Choice.RawValue == String {
        let node = try required(key, "a string")
        guard let choice = Choice(rawValue: try node.string()) else {
            throw node.unsupported(Choice.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return choice
    }

    /// The member `pattern`: `{"String": ...}` or `{"Regex": ...}`.
    func pattern() throws(TokenizerError) -> PatternScanner {
        let node = try required("pattern", "an object with \"String\" or \"Regex\"")
        if let literal = try node.optional("String") {
            let text = try literal.string()
            return try literal.scanner { () throws(PatternError) in try PatternScanner(.literal(text), pattern: text) }
        }
        guard let expression = try node.optional("Regex") else {
            throw node.wrong(expected: "an object with \"String\" or \"Regex\"")
        }
        let text = try expression.string()
        return try expression.scanner { () throws(PatternError) in try PatternScanner(pattern: text) }
    }

    /// Compiles a pattern that this value writes.
    private func scanner(
        _ compile: () throws(PatternError) -> PatternScanner
    ) throws(TokenizerError) -> PatternScanner {
        do {
            return try compile()
        } catch {
            throw self.error(.pattern(error))
        }
    }
}
