// Where a JSON text breaks the grammar (RFC 8259), or holds something else than the reader was asked for.
// Not a diagnostic of a whole file: the reader stops at the first error. Next: JSONReader.swift.

/// A place in a JSON text, both numbers counted from 1.
public struct JSONPosition: Hashable, Sendable, CustomStringConvertible {
    /// The line, counted from 1; lines end at a line feed.
    public let line: Int
    /// The column, counted from 1 in UTF-8 bytes.
    public let column: Int

    /// Makes a position from a line and a column.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// The position as `line:column`.
    public var description: String { "\(line):\(column)" }

    /// The position of `offset` in `bytes`; an offset past the end counts as the end.
    static func of(_ offset: Int, in bytes: UnsafeBufferPointer<UInt8>) -> JSONPosition {
        var line = 1
        var lineStart = 0
        for index in 0..<min(offset, bytes.count) where bytes[index] == UInt8(ascii: "\n") {
            line += 1
            lineStart = index + 1
        }
        return JSONPosition(line: line, column: min(offset, bytes.count) - lineStart + 1)
    }
}

/// The first thing wrong in a JSON text, and where it stands.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public enum Problem: Hashable, Sendable {
        /// The text stops where something else has to come.
        case unexpectedEnd(expected: String)
        /// A byte that cannot stand here.
        case unexpectedByte(UInt8, expected: String)
        /// The text starts with a byte order mark.
        case byteOrderMark
        /// The bytes are not UTF-8.
        case invalidUTF8
        /// A backslash followed by something that is no escape.
        case invalidEscape
        /// A `\u` escape of one half of a surrogate pair.
        case loneSurrogate
        /// A control character that has to be escaped in a string.
        case controlCharacter(UInt8)
        /// A number outside the grammar, such as `01`, `+1` or `1.`.
        case malformedNumber
        /// A number that the wanted type cannot hold.
        case numberOutOfRange(literal: String, type: String)
        /// A key that its object already has.
        case duplicateKey(String)
        /// Arrays and objects nested deeper than the reader's limit.
        case tooDeep(limit: Int)
        /// Something after the end of the value.
        case trailingContent(UInt8)
        /// A well-formed value of another kind than the one asked for.
        case wrongKind(expected: String, found: String)
    }

    /// The byte offset of the problem, counted from 0.
    public let offset: Int
    /// The line of the problem, counted from 1.
    public let line: Int
    /// The column of the problem, counted from 1 in UTF-8 bytes.
    public let column: Int
    /// What is wrong there.
    public let what: Problem

    /// Makes an error at a byte offset whose position is known.
    public init(offset: Int, position: JSONPosition, what: Problem) {
        self.offset = offset
        self.line = position.line
        self.column = position.column
        self.what = what
    }

    /// `line:column: ` and one sentence.
    public var description: String { "\(line):\(column): \(what)" }
}

extension JSONError.Problem: CustomStringConvertible {
    /// One sentence, without the position.
    public var description: String {
        switch self {
        case .unexpectedEnd(let expected): "expected \(expected), found the end of the text"
        case .unexpectedByte(let byte, let expected): "expected \(expected), found \(Self.name(of: byte))"
        case .byteOrderMark: "the text starts with a byte order mark; JSON is UTF-8 without one"
        case .invalidUTF8: "the bytes are not valid UTF-8"
        case .invalidEscape: #"unknown escape; allowed are \" \\ \/ \b \f \n \r \t and \u with four hex digits"#
        case .loneSurrogate: #"\u escape of one half of a surrogate pair; both halves have to stand together"#
        case .controlCharacter(let byte): "\(Self.name(of: byte)) has to be escaped in a string"
        case .malformedNumber: "malformed number; allowed are forms such as 0, -12, 3.5 and 1e-6"
        case .numberOutOfRange(let literal, let type): "the number \(literal) does not fit \(type)"
        case .duplicateKey(let key): "the object has the key \(key.debugDescription) twice"
        case .tooDeep(let limit): "arrays and objects are nested deeper than \(limit) levels"
        case .trailingContent(let byte): "expected the end of the text, found \(Self.name(of: byte))"
        case .wrongKind(let expected, let found): "expected \(expected), found \(found)"
        }
    }

    private static func name(of byte: UInt8) -> String {
        switch byte {
        case 0x21...0x7E: "'\(Character(Unicode.Scalar(byte)))'"
        case 0x20: "a space"
        case 0x0A: "a line feed"
        default: "byte 0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
    }
}
