// Cuts the inside of a tag into names, literals and symbols.
// Not the text around tags: Lexer.swift. Next: StringLiteral.swift, then Parser.swift.

extension Lexer {
    private static let symbols = [
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=",
        ".", ":", "|", ",", ";",
    ]
    private static let closing = ["(": ")", "[": "]", "{": "}"]

    /// Reads up to the end of the tag that started at `tagStart`.
    mutating func lexTag(from tagStart: Int, isBlock: Bool) throws(TemplateError) {
        var open: [String] = []
        while offset < source.count {
            let start = offset
            if open.isEmpty, skipTagEnd(isBlock: isBlock) {
                tokens.append(Token(kind: isBlock ? .blockEnd : .outputEnd, offset: start))
                return
            }
            let afterSpace = WhiteSpace.end(from: offset, in: source)
            if afterSpace > offset {
                offset = afterSpace
                continue
            }
            tokens.append(Token(kind: try lexToken(&open), offset: start))
        }
        let expected = open.last ?? (isBlock ? "%}" : "}}")
        throw places.error(.syntax, at: tagStart, "this tag has no end; expected '\(expected)'")
    }

    private mutating func lexToken(_ open: inout [String]) throws(TemplateError) -> Token.Kind {
        let start = offset
        if isASCIIDigit(at: start) { return try lexNumber() }
        let nameEnd = nameEnd(from: start)
        if nameEnd > start {
            offset = nameEnd
            return .name(String(decoding: source[start..<nameEnd], as: UTF8.self))
        }
        if source[start] == UInt8(ascii: "'") || source[start] == UInt8(ascii: "\"") { return try lexString() }
        guard let symbol = Self.symbols.first(where: { has($0, at: start) }) else {
            let scalar = source.scalar(at: start)
            throw places.error(.syntax, at: start, "'\(scalar)' cannot stand here; strings are quoted by ' or \"")
        }
        if let closing = Self.closing[symbol] { open.append(closing) }
        if Self.closing.values.contains(symbol) {
            guard let expected = open.popLast() else {
                throw places.error(.syntax, at: start, "found '\(symbol)', which nothing opened")
            }
            guard expected == symbol else {
                throw places.error(.syntax, at: start, "found '\(symbol)', expected '\(expected)'")
            }
        }
        offset += symbol.utf8.count
        return .symbol(symbol)
    }

    private func nameEnd(from start: Int) -> Int {
        var end = start
        while end < source.count {
            let byte = source[end]
            if byte < 0x80 {
                guard byte == UInt8(ascii: "_") || Unicode.Scalar(byte).properties.isAlphabetic || isASCIIDigit(at: end)
                else { break }
                end += 1
            } else {
                let properties = source.scalar(at: end).properties
                guard end == start ? properties.isXIDStart : properties.isXIDContinue else { break }
                end += source.scalarLength(at: end)
            }
        }
        return end
    }

    private func isASCIIDigit(at index: Int) -> Bool {
        index < source.count && (0x30...0x39).contains(source[index])
    }

    /// The end of digits that single underscores may separate; `start` if there are none.
    private func digitsEnd(from start: Int, radix: Int = 10) -> Int {
        var end = start
        while end < source.count {
            let digitIndex = end > start && source[end] == UInt8(ascii: "_") ? end + 1 : end
            guard digitIndex < source.count, source[digitIndex] < 0x80,
                let digit = Character(Unicode.Scalar(source[digitIndex])).hexDigitValue, digit < radix
            else { break }
            end = digitIndex + 1
        }
        return end
    }

    private mutating func lexNumber() throws(TemplateError) -> Token.Kind {
        let start = offset
        // Behind a dot stands an index, so that `list.0.1` is two of them.
        if start == 0 || source[start - 1] != UInt8(ascii: "."), let end = doubleEnd(from: start) {
            offset = end
            return .double(Double(literal(start..<end)) ?? .infinity)
        }
        for (prefix, radix) in [("0b", 2), ("0o", 8), ("0x", 16), ("0B", 2), ("0O", 8), ("0X", 16)]
        where has(prefix, at: start) {
            // Here an underscore may also stand before the first digit.
            let hasUnderscore = start + 2 < source.count && source[start + 2] == UInt8(ascii: "_")
            let digits = start + (hasUnderscore ? 3 : 2)
            let end = digitsEnd(from: digits, radix: radix)
            if end > digits { return try integer(digits..<end, radix: radix, end: end) }
        }
        // A number that starts with 0 is only zeros; what follows is a number of its own, as in Python 2 no longer.
        let end = source[start] == UInt8(ascii: "0") ? digitsEnd(from: start, radix: 1) : digitsEnd(from: start)
        return try integer(start..<end, radix: 10, end: end)
    }

    private func doubleEnd(from start: Int) -> Int? {
        var end = digitsEnd(from: start)
        var isDouble = false
        if end < source.count, source[end] == UInt8(ascii: ".") {
            let fractionEnd = digitsEnd(from: end + 1)
            if fractionEnd > end + 1 {
                end = fractionEnd
                isDouble = true
            }
        }
        if end < source.count, source[end] == UInt8(ascii: "e") || source[end] == UInt8(ascii: "E") {
            let hasSign = end + 1 < source.count && [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(source[end + 1])
            let digits = end + (hasSign ? 2 : 1)
            let exponentEnd = digitsEnd(from: digits)
            if exponentEnd > digits { return exponentEnd }
        }
        return isDouble ? end : nil
    }

    private func literal(_ range: Range<Int>) -> String {
        String(decoding: source[range].filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
    }

    private mutating func integer(_ digits: Range<Int>, radix: Int, end: Int) throws(TemplateError) -> Token.Kind {
        guard let value = Int(literal(digits), radix: radix) else {
            throw places.error(.syntax, at: offset, "this integer is too large; integers have 64 bits here")
        }
        offset = end
        return .integer(value)
    }

    private mutating func lexString() throws(TemplateError) -> Token.Kind {
        let start = offset
        var end = start + 1
        while end < source.count, source[end] != source[start] { end += source[end] == UInt8(ascii: "\\") ? 2 : 1 }
        guard end < source.count else {
            throw places.error(
                .syntax,
                at: start,
                "this string has no end; expected \(Character(source.scalar(at: start)))"
            )
        }
        let body = try unescaped(start + 1..<end)
        offset = end + 1
        return .string(body)
    }
}
