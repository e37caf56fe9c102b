// How far arrays, inline tables and plain values reach, and whether a plain value is one at all.
// Not their values: TOMLKit reads those.

import Diagnostics

extension TOMLScanner {
    /// A value `depth` deep.
    mutating func scanValue(depth: Int) throws(TOMLGrammarError) -> TOMLPlace {
        let start = location
        guard depth <= Self.deepest else { throw tooDeep(at: start) }
        let place = TOMLPlace(key: SourceSpan(start), value: SourceSpan(start))
        switch current {
        case UInt8(ascii: "\""):
            if starts(with: "\"\"\"") {
                try scanMultiLineString(quote: "\"")
            } else {
                _ = try scanBasicString()
            }
        case UInt8(ascii: "'"):
            if starts(with: "'''") {
                try scanMultiLineString(quote: "'")
            } else {
                _ = try scanLiteralString()
            }
        case UInt8(ascii: "["): try scanArray(into: place, depth: depth)
        case UInt8(ascii: "{"): try scanInlineTable(into: place, depth: depth)
        default: try scanPlainValue()
        }
        place.value = span(from: start)
        place.key = place.value
        return place
    }

    private mutating func scanArray(into place: TOMLPlace, depth: Int) throws(TOMLGrammarError) {
        advance()
        while true {
            try skipLines()
            if isAt("]") { break }
            place.elements.append(try scanValue(depth: depth + 1))
            try skipLines()
            if isAt("]") { break }
            guard isAt(",") else { throw error("expected `,` or `]` after an element, found \(found)") }
            advance()
        }
        advance()
    }

    private mutating func scanInlineTable(into place: TOMLPlace, depth: Int) throws(TOMLGrammarError) {
        advance()
        skipBlanks()
        if isAt("}") {
            advance()
            return
        }
        while true {
            try scanPair(into: place, depth: depth)
            skipBlanks()
            if isAt("}") { break }
            guard isAt(",") else { throw error("expected `,` or `}` after a value, found \(found)") }
            advance()
            skipBlanks()
        }
        advance()
    }

    /// A number, truth value or date: everything up to what can follow a value.
    private mutating func scanPlainValue() throws(TOMLGrammarError) {
        let start = location
        let first = index
        while let byte = current, Self.isPlainCharacter(byte) { advance() }
        // A date may be separated from its time by a blank.
        if isAt(" "), PlainValue(bytes[first..<index]).isDate, index + 1 < bytes.count,
            TOMLText.isDigit(bytes[index + 1])
        {
            advance()
            while let byte = current, Self.isPlainCharacter(byte) { advance() }
        }
        let text = bytes[first..<index]
        if text.isEmpty { throw error("expected a value, found \(found)") }
        if !PlainValue(text).isValid {
            let spelled = String(decoding: text.prefix(40), as: UTF8.self)
            throw error("`\(spelled)` is no number, date, true or false; a string needs quotes", at: start)
        }
    }

    /// Everything but blanks, control characters and what ends a value.
    private static func isPlainCharacter(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte != 0x7F && !",]}#=\"'[{".utf8.contains(byte)
    }
}

/// The grammar of values without quotes or brackets.
private struct PlainValue {
    private var rest: ArraySlice<UInt8>

    init(_ text: ArraySlice<UInt8>) {
        rest = text
    }

    /// Whether this is a truth value, an integer, a float, a date or a time.
    var isValid: Bool {
        ["true", "false"].contains(String(decoding: rest, as: UTF8.self)) || isNumber || isDate || isDateAndTime
            || isTime
    }

    var isDate: Bool { matches { $0.takeDate() } }

    private var isTime: Bool { matches { $0.takeTime() } }

    private var isDateAndTime: Bool {
        matches { value in
            value.takeDate() && value.take(oneOf: "Tt ") && value.takeTime()
                && (value.rest.isEmpty || value.take(oneOf: "Zz") || value.takeOffset())
        }
    }

    private var isNumber: Bool {
        matches { $0.take("0x") && $0.takeDigits(TOMLText.isHexadecimalDigit) }
            || matches { $0.take("0o") && $0.takeDigits { (0x30...0x37).contains($0) } }
            || matches { $0.take("0b") && $0.takeDigits { (0x30...0x31).contains($0) } }
            || matches { value in
                _ = value.take(oneOf: "+-")
                return value.take("inf") || value.take("nan") || value.takeDecimal()
            }
    }

    private func matches(_ take: (inout PlainValue) -> Bool) -> Bool {
        var copy = self
        return take(&copy) && copy.rest.isEmpty
    }

    // MARK: - Pieces, each of which is taken if it is there

    private mutating func take(_ text: String) -> Bool {
        guard rest.starts(with: text.utf8) else { return false }
        rest = rest.dropFirst(text.utf8.count)
        return true
    }

    private mutating func take(oneOf characters: String) -> Bool {
        guard let byte = rest.first, characters.utf8.contains(byte) else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// One or more digits, with single underscores between.
    private mutating func takeDigits(_ isDigit: (UInt8) -> Bool) -> Bool {
        guard let first = rest.first, isDigit(first) else { return false }
        rest = rest.dropFirst()
        while let byte = rest.first {
            let taken = byte == UInt8(ascii: "_") ? 2 : 1
            guard let digit = rest.dropFirst(taken - 1).first, isDigit(digit) else { break }
            rest = rest.dropFirst(taken)
        }
        return true
    }

    private mutating func takeExactly(_ count: Int) -> Bool {
        guard rest.count >= count, rest.prefix(count).allSatisfy(TOMLText.isDigit) else { return false }
        rest = rest.dropFirst(count)
        return true
    }

    private mutating func takeDecimal() -> Bool {
        if rest.first == UInt8(ascii: "0") {
            rest = rest.dropFirst()
        } else if !takeDigits(TOMLText.isDigit) {
            return false
        }
        if take("."), !takeDigits(TOMLText.isDigit) { return false }
        if take(oneOf: "eE") {
            _ = take(oneOf: "+-")
            return takeDigits(TOMLText.isDigit)
        }
        return true
    }

    private mutating func takeDate() -> Bool {
        takeExactly(4) && take("-") && takeExactly(2) && take("-") && takeExactly(2)
    }

    private mutating func takeTime() -> Bool {
        guard takeExactly(2), take(":"), takeExactly(2), take(":"), takeExactly(2) else { return false }
        guard take(".") else { return true }
        let digits = rest.prefix(while: TOMLText.isDigit).count
        return digits > 0 && takeExactly(digits)
    }

    private mutating func takeOffset() -> Bool {
        take(oneOf: "+-") && takeExactly(2) && take(":") && takeExactly(2)
    }
}
