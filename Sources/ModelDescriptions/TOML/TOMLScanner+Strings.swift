// How far the four kinds of strings reach, and what those on one line spell: they may be keys.
// Not the values of strings over lines: TOMLKit reads those.

import Diagnostics

extension TOMLScanner {
    /// A `"string"` on one line, decoded.
    mutating func scanBasicString() throws(TOMLGrammarError) -> String {
        let start = location
        advance()
        var decoded: [UInt8] = []
        while let byte = current, !isAtLineEnd {
            switch byte {
            case UInt8(ascii: "\""):
                advance()
                return String(decoding: decoded, as: UTF8.self)
            case UInt8(ascii: "\\"):
                decoded += try scanEscape()
            default:
                try refuseControlCharacter()
                decoded.append(byte)
                advance()
            }
        }
        throw error("this string has no closing quote on its line", at: start)
    }

    /// A `'string'` on one line.
    mutating func scanLiteralString() throws(TOMLGrammarError) -> String {
        let start = location
        advance()
        let first = index
        while let byte = current, !isAtLineEnd {
            if byte == UInt8(ascii: "'") {
                let text = String(decoding: bytes[first..<index], as: UTF8.self)
                advance()
                return text
            }
            try refuseControlCharacter()
            advance()
        }
        throw error("this string has no closing quote on its line", at: start)
    }

    /// A string between `"""` or `'''`, which may end in one or two quotes of its own.
    mutating func scanMultiLineString(quote: Unicode.Scalar) throws(TOMLGrammarError) {
        let start = location
        advance(3)
        while current != nil {
            if isAt(quote) {
                var quotes = 0
                while isAt(quote), quotes < 5 {
                    quotes += 1
                    advance()
                }
                if quotes >= 3 { return }
            } else if isAt("\\"), quote == "\"" {
                try scanMultiLineEscape()
            } else if isAtLineEnd {
                advance(isAt("\n") ? 1 : 2)
            } else {
                try refuseControlCharacter()
                advance()
            }
        }
        throw error("this string has no closing quotes", at: start)
    }

    /// An escape, or a backslash at the end of a line, which joins it with the next one.
    private mutating func scanMultiLineEscape() throws(TOMLGrammarError) {
        var end = index + 1
        while end < bytes.count, bytes[end] == 0x20 || bytes[end] == 0x09 { end += 1 }
        let joinsLines = end < bytes.count && (bytes[end] == 0x0A || bytes[end] == 0x0D)
        if joinsLines {
            advance(end - index)
        } else {
            _ = try scanEscape()
        }
    }

    /// A backslash and what follows it, decoded.
    private mutating func scanEscape() throws(TOMLGrammarError) -> [UInt8] {
        let start = location
        advance()
        guard let byte = current else { throw error("expected an escape, found \(found)") }
        switch byte {
        case UInt8(ascii: "u"): return try scanScalarEscape(digits: 4, at: start)
        case UInt8(ascii: "U"): return try scanScalarEscape(digits: 8, at: start)
        default: break
        }
        guard let decoded = Self.escapes[byte] else {
            throw error(
                "there is no escape for \(found); a backslash itself is written \\\\, or stands in a 'literal string'",
                at: start
            )
        }
        advance()
        return [decoded]
    }

    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "b"): 0x08, UInt8(ascii: "t"): 0x09, UInt8(ascii: "n"): 0x0A, UInt8(ascii: "f"): 0x0C,
        UInt8(ascii: "r"): 0x0D, UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5C,
    ]

    private mutating func scanScalarEscape(
        digits: Int,
        at start: SourceLocation
    ) throws(TOMLGrammarError) -> [UInt8] {
        advance()
        let spelled = bytes[index..<min(index + digits, bytes.count)]
        guard spelled.count == digits, spelled.allSatisfy(TOMLText.isHexadecimalDigit),
            let value = UInt32(String(decoding: spelled, as: UTF8.self), radix: 16)
        else { throw error("expected \(digits) hexadecimal digits", at: start) }
        advance(digits)
        guard let scalar = Unicode.Scalar(value) else { throw error("this is no Unicode scalar value", at: start) }
        // TOMLKit hands strings on as C strings, which end at a NUL.
        guard value != 0 else { throw error("a string here cannot hold the character NUL", at: start) }
        return Array(String(scalar).utf8)
    }
}
