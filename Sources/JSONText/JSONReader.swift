// A strict pull reader of JSON (RFC 8259) over bytes in memory: walks, skips, and lends strings as byte spans.
// Not a tree: `readValue` (JSONValue.swift) builds one where that is wanted. Next: JSONReaderScalars.swift.

/// Reads a JSON text front to back without allocating.
///
/// The caller says what it expects; anything else is a `JSONError` with its place. The whole text is checked to be
/// UTF-8 once, when the reader is made, so every string read later is valid.
///
/// ```
/// try reader.enterObject()
/// while let key = try reader.nextKey() {
///     if key == "vocab_size" { size = try reader.readInteger() } else { try reader.skipValue() }
/// }
/// try reader.finish()
/// ```
///
/// The bytes must outlive the reader and every `JSONStringSlice` it returns. Duplicate keys are the caller's to find
/// when it walks an object itself; `readValue` rejects them.
public struct JSONReader {
    /// The kind of a JSON value.
    public enum Kind: String, Hashable, Sendable {
        /// `{...}`
        case object = "an object"
        /// `[...]`
        case array = "an array"
        /// `"..."`
        case string = "a string"
        /// A number.
        case number = "a number"
        /// `true` or `false`
        case boolean = "a boolean"
        /// `null`
        case null = "null"
    }

    /// How deep arrays and objects may nest when the caller does not say.
    public static let defaultDepthLimit = 128

    let bytes: UnsafeBufferPointer<UInt8>
    /// The byte offset at which the reader stands.
    public internal(set) var offset: Int
    let depthLimit: Int
    private var containers: [Container] = []

    private enum Container: UInt8 {
        case emptyObject, object, emptyArray, array
    }

    /// Makes a reader at the start of `bytes`.
    ///
    /// - Throws: `JSONError` if the bytes are not UTF-8 or start with a byte order mark.
    public init(_ bytes: UnsafeRawBufferPointer, depthLimit: Int = defaultDepthLimit) throws(JSONError) {
        self.init(trusting: bytes.assumingMemoryBound(to: UInt8.self), offset: 0, depthLimit: depthLimit)
        do {
            _ = try UTF8Span(validating: self.bytes.span)
        } catch {
            throw failure(.invalidUTF8, at: error.byteOffsets.lowerBound)
        }
        if self.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw failure(.byteOrderMark, at: 0) }
    }

    private init(trusting bytes: UnsafeBufferPointer<UInt8>, offset: Int, depthLimit: Int) {
        self.bytes = bytes
        self.offset = offset
        self.depthLimit = depthLimit
    }

    /// A second reader of the same text that stands at `offset`, the start of a value this reader has seen.
    public func reader(at offset: Int) -> JSONReader {
        precondition((0...bytes.count).contains(offset), "offset \(offset) lies outside the text")
        return JSONReader(trusting: bytes, offset: offset, depthLimit: depthLimit)
    }

    /// The line and column of a byte offset; costs a scan of the text before it.
    public func position(of offset: Int) -> JSONPosition { .of(offset, in: bytes) }

    /// The kind of the next value, which stays unread.
    public mutating func peek() throws(JSONError) -> Kind {
        let byte = try nextByte(expected: "a value")
        switch byte {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean
        case UInt8(ascii: "n"): return .null
        default: throw failure(.unexpectedByte(byte, expected: "a value"), at: offset)
        }
    }

    /// Steps into an object; `nextKey` then walks its members.
    public mutating func enterObject() throws(JSONError) {
        try require(.object)
        try push(.emptyObject)
    }

    /// The next key of the object the reader is in, or nil when the object ends. The value must be read or skipped
    /// before the next call.
    public mutating func nextKey() throws(JSONError) -> JSONStringSlice? {
        guard let container = containers.last, container == .emptyObject || container == .object else {
            preconditionFailure("nextKey outside an object")
        }
        let isFirst = container == .emptyObject
        var byte = try nextByte(expected: isFirst ? "a key or '}'" : "',' or '}'")
        if byte == UInt8(ascii: "}") {
            offset += 1
            containers.removeLast()
            return nil
        }
        if isFirst {
            containers[containers.count - 1] = .object
        } else {
            guard byte == UInt8(ascii: ",") else {
                throw failure(.unexpectedByte(byte, expected: "',' or '}'"), at: offset)
            }
            offset += 1
            byte = try nextByte(expected: "a key")
        }
        guard byte == UInt8(ascii: "\"") else {
            throw failure(.unexpectedByte(byte, expected: isFirst ? "a key or '}'" : "a key"), at: offset)
        }
        let key = try scanString()
        let colon = try nextByte(expected: "':'")
        guard colon == UInt8(ascii: ":") else {
            throw failure(.unexpectedByte(colon, expected: "':'"), at: offset)
        }
        offset += 1
        return key
    }

    /// Steps into an array; `hasNextElement` then walks its elements.
    public mutating func enterArray() throws(JSONError) {
        try require(.array)
        try push(.emptyArray)
    }

    /// Whether another element stands next in the array the reader is in; false ends the array. The element must be
    /// read or skipped before the next call.
    public mutating func hasNextElement() throws(JSONError) -> Bool {
        guard let container = containers.last, container == .emptyArray || container == .array else {
            preconditionFailure("hasNextElement outside an array")
        }
        let isFirst = container == .emptyArray
        let byte = try nextByte(expected: isFirst ? "a value or ']'" : "',' or ']'")
        if byte == UInt8(ascii: "]") {
            offset += 1
            containers.removeLast()
            return false
        }
        if isFirst {
            containers[containers.count - 1] = .array
            return true
        }
        guard byte == UInt8(ascii: ",") else {
            throw failure(.unexpectedByte(byte, expected: "',' or ']'"), at: offset)
        }
        offset += 1
        return true
    }

    /// Reads past the next value, checking its grammar, and returns the bytes it takes.
    @discardableResult
    public mutating func skipValue() throws(JSONError) -> Range<Int> {
        var kind = try peek()
        let start = offset
        let level = containers.count
        while true {
            switch kind {
            case .object: try push(.emptyObject)
            case .array: try push(.emptyArray)
            case .string: _ = try scanString()
            case .number: _ = try scanNumber()
            case .boolean: _ = try readBoolean()
            case .null: try readNull()
            }
            while let container = containers.last, containers.count > level {
                switch container {
                case .emptyObject, .object: if try nextKey() == nil { continue }
                case .emptyArray, .array: if try !hasNextElement() { continue }
                }
                break
            }
            guard containers.count > level else { return start..<offset }
            kind = try peek()
        }
    }

    /// Checks that only white space is left.
    public mutating func finish() throws(JSONError) {
        skipWhiteSpace()
        guard offset == bytes.count else { throw failure(.trailingContent(bytes[offset]), at: offset) }
    }

    /// An error of this text at a byte offset; for callers that check more than the grammar.
    @inline(never)
    public func failure(_ what: JSONError.Problem, at offset: Int) -> JSONError {
        JSONError(offset: offset, position: position(of: offset), what: what)
    }

    /// Checks that the next value is of `kind`, and leaves it unread.
    mutating func require(_ kind: Kind) throws(JSONError) {
        let found = try peek()
        guard found == kind else {
            throw failure(.wrongKind(expected: kind.rawValue, found: found.rawValue), at: offset)
        }
    }

    private mutating func push(_ container: Container) throws(JSONError) {
        guard containers.count < depthLimit else { throw failure(.tooDeep(limit: depthLimit), at: offset) }
        containers.append(container)
        offset += 1
    }

    private mutating func nextByte(expected: StaticString) throws(JSONError) -> UInt8 {
        skipWhiteSpace()
        guard offset < bytes.count else { throw failure(.unexpectedEnd(expected: "\(expected)"), at: offset) }
        return bytes[offset]
    }

    private mutating func skipWhiteSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x0A, 0x0D, 0x09: offset += 1
            default: return
            }
        }
    }
}
