// Writes JSON deterministically: the same calls give the same bytes, on every machine.
// Not a serialiser of arbitrary types; callers name what they write. Next: JSONValue.swift for trees.

/// Builds a JSON text value by value.
///
/// ```
/// var writer = JSONWriter(layout: .indented)
/// try writer.object { writer in
///     writer.key("tokens")
///     writer.integer(17)
/// }
/// print(writer.text)
/// ```
public struct JSONWriter {
    /// How the text is laid out.
    public enum Layout: Sendable {
        /// One line, without white space.
        case compact
        /// A line per value, two spaces a level.
        case indented
    }

    /// In which order the members of a `JSONValue` object are written.
    public enum KeyOrder: Sendable {
        /// As the object has them.
        case given
        /// Ascending by the keys' UTF-8 bytes.
        case sorted
    }

    private let layout: Layout
    private var bytes: [UInt8] = []
    private var depth = 0
    private var needsComma = false
    private var followsKey = false

    /// Makes a writer of an empty text.
    public init(layout: Layout = .compact) {
        self.layout = layout
    }

    /// The text written so far, as UTF-8.
    public var utf8: [UInt8] { bytes }

    /// The text written so far.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Writes an object whose members `body` writes, each as `key` and then one value.
    public mutating func object<Failure: Error>(_ body: (inout JSONWriter) throws(Failure) -> Void) throws(Failure) {
        try container(open: UInt8(ascii: "{"), close: UInt8(ascii: "}"), body)
    }

    /// Writes an array whose elements `body` writes.
    public mutating func array<Failure: Error>(_ body: (inout JSONWriter) throws(Failure) -> Void) throws(Failure) {
        try container(open: UInt8(ascii: "["), close: UInt8(ascii: "]"), body)
    }

    /// Writes the key of the next member.
    public mutating func key(_ key: String) {
        precondition(!followsKey, "a key must be followed by a value")
        startValue()
        appendQuoted(key)
        bytes.append(UInt8(ascii: ":"))
        if layout == .indented { bytes.append(UInt8(ascii: " ")) }
        followsKey = true
    }

    /// Writes a string.
    public mutating func string(_ value: String) {
        startValue()
        appendQuoted(value)
    }

    /// Writes an integer.
    public mutating func integer(_ value: some BinaryInteger) {
        startValue()
        bytes.append(contentsOf: String(value).utf8)
    }

    /// Writes a number as its literal.
    public mutating func number(_ value: JSONNumber) {
        startValue()
        bytes.append(contentsOf: value.literal.utf8)
    }

    /// Writes a double in the shortest form that reads back as the same double.
    ///
    /// - Throws: `JSONWriterError.notFinite` for infinities and NaN, which JSON cannot hold.
    public mutating func double(_ value: Double) throws(JSONWriterError) {
        guard let literal = JSONNumber(value) else { throw .notFinite(value.description) }
        number(literal)
    }

    /// Writes a float in the shortest form that reads back as the same float.
    ///
    /// - Throws: `JSONWriterError.notFinite` for infinities and NaN, which JSON cannot hold.
    public mutating func float(_ value: Float) throws(JSONWriterError) {
        guard let literal = JSONNumber(value) else { throw .notFinite(value.description) }
        number(literal)
    }

    /// Writes `true` or `false`.
    public mutating func boolean(_ value: Bool) {
        startValue()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    /// Writes `null`.
    public mutating func null() {
        startValue()
        bytes.append(contentsOf: "null".utf8)
    }

    /// Writes a tree.
    public mutating func value(_ value: JSONValue, keys: KeyOrder = .given) {
        switch value.content {
        case .null: null()
        case .boolean(let content): boolean(content)
        case .number(let content): number(content)
        case .string(let content): string(content)
        case .array(let elements):
            array { writer in
                for element in elements { writer.value(element, keys: keys) }
            }
        case .object(let members):
            let ordered =
                switch keys {
                case .given: members
                case .sorted: members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
                }
            object { writer in
                for member in ordered {
                    writer.key(member.key)
                    writer.value(member.value, keys: keys)
                }
            }
        }
    }

    private mutating func container<Failure: Error>(
        open: UInt8,
        close: UInt8,
        _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        startValue()
        bytes.append(open)
        depth += 1
        needsComma = false
        try body(&self)
        precondition(!followsKey, "a key must be followed by a value")
        depth -= 1
        if needsComma { startLine() }
        bytes.append(close)
        needsComma = true
    }

    /// Writes what stands between the previous value and the next one.
    private mutating func startValue() {
        if followsKey {
            followsKey = false
        } else {
            if needsComma { bytes.append(UInt8(ascii: ",")) }
            if depth > 0 { startLine() }
        }
        needsComma = true
    }

    private mutating func startLine() {
        guard layout == .indented else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
    }

    private mutating func appendQuoted(_ string: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes.append(contentsOf: #"\""#.utf8)
            case UInt8(ascii: "\\"): bytes.append(contentsOf: #"\\"#.utf8)
            case 0x0A: bytes.append(contentsOf: #"\n"#.utf8)
            case 0x0D: bytes.append(contentsOf: #"\r"#.utf8)
            case 0x09: bytes.append(contentsOf: #"\t"#.utf8)
            case 0x00..<0x20:
                bytes.append(contentsOf: (byte < 0x10 ? #"\u000"# : #"\u00"#).utf8)
                bytes.append(contentsOf: String(byte, radix: 16).utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

/// What a JSON text cannot hold.
public enum JSONWriterError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A number that is infinite or not a number.
    case notFinite(String)

    /// One sentence.
    public var description: String {
        switch self {
        case .notFinite(let value): "JSON has no number for \(value)"
        }
    }
}
