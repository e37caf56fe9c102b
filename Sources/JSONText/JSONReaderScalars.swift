// Strings, numbers, booleans and null of JSONReader: the grammar of RFC 8259, nothing more.
// Not the conversion of numbers, which JSONNumber.swift holds. Next: JSONStringSlice.swift.

extension JSONReader {
    /// Reads a string as a span of the text; no copy is made.
    public mutating func readString() throws(JSONError) -> JSONStringSlice {
        try require(.string)
        return try scanString()
    }

    /// Reads a number with its literal.
    public mutating func readNumber() throws(JSONError) -> JSONNumber {
        try require(.number)
        let range = try scanNumber()
        return JSONNumber(unchecked: String(decoding: bytes[range], as: UTF8.self))
    }

    /// Reads a number that is written as an integer (no fraction, no exponent) and fits `Int`.
    public mutating func readInteger() throws(JSONError) -> Int {
        try require(.number)
        let range = try scanNumber()
        let isNegative = bytes[range.lowerBound] == UInt8(ascii: "-")
        var value = 0
        for index in (range.lowerBound + (isNegative ? 1 : 0))..<range.upperBound {
            let digit = Int(bytes[index]) - 0x30
            guard (0...9).contains(digit) else { throw integerFailure(range) }
            let (shifted, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (next, carried) =
                isNegative ? shifted.subtractingReportingOverflow(digit) : shifted.addingReportingOverflow(digit)
            guard !overflowed, !carried else { throw integerFailure(range) }
            value = next
        }
        return value
    }

    /// Reads `true` or `false`.
    public mutating func readBoolean() throws(JSONError) -> Bool {
        try require(.boolean)
        if bytes[offset] == UInt8(ascii: "t") {
            try scanWord("true")
            return true
        }
        try scanWord("false")
        return false
    }

    /// Reads `null`.
    public mutating func readNull() throws(JSONError) {
        try require(.null)
        try scanWord("null")
    }

    private func integerFailure(_ range: Range<Int>) -> JSONError {
        let literal = String(decoding: bytes[range], as: UTF8.self)
        return failure(.numberOutOfRange(literal: literal, type: "a 64-bit integer"), at: range.lowerBound)
    }

    private mutating func scanWord(_ word: StaticString) throws(JSONError) {
        for index in 0..<word.utf8CodeUnitCount {
            guard offset + index < bytes.count else {
                throw failure(.unexpectedEnd(expected: "'\(word)'"), at: offset + index)
            }
            guard bytes[offset + index] == word.utf8Start[index] else {
                throw failure(.unexpectedByte(bytes[offset + index], expected: "'\(word)'"), at: offset + index)
            }
        }
        offset += word.utf8CodeUnitCount
    }

    /// Reads the string whose opening quote stands at `offset`.
    mutating func scanString() throws(JSONError) -> JSONStringSlice {
        let start = offset + 1
        var index = start
        var hasEscapes = false
        while true {
            index = endOfPlainBytes(from: index)
            guard index < bytes.count else {
                throw failure(.unexpectedEnd(expected: "the closing quote of a string"), at: index)
            }
            switch bytes[index] {
            case UInt8(ascii: "\""):
                offset = index + 1
                return JSONStringSlice(
                    raw: UnsafeBufferPointer(rebasing: bytes[start..<index]),
                    offset: start,
                    hasEscapes: hasEscapes
                )
            case UInt8(ascii: "\\"):
                hasEscapes = true
                index = try endOfEscape(at: index)
            default:
                throw failure(.controlCharacter(bytes[index]), at: index)
            }
        }
    }

    /// The first index from `start` on that holds a quote, a backslash or a control character; eight bytes a step.
    private func endOfPlainBytes(from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        var index = start
        while index + 8 <= bytes.count, let base = bytes.baseAddress {
            let word = UnsafeRawPointer(base + index).loadUnaligned(as: UInt64.self).littleEndian
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5C)
            // A byte's high bit is set where the byte is below the subtrahend; borrows only spoil later bytes.
            let stops =
                ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
                | ((word &- ones &* 0x20) & ~word)
            let found = stops & highs
            if found != 0 { return index + found.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < bytes.count, bytes[index] >= 0x20, bytes[index] != 0x22, bytes[index] != 0x5C { index += 1 }
        return index
    }

    /// Checks the escape whose backslash stands at `start` and returns the index behind it.
    private func endOfEscape(at start: Int) throws(JSONError) -> Int {
        guard start + 1 < bytes.count else {
            throw failure(.unexpectedEnd(expected: "an escape"), at: start + 1)
        }
        switch bytes[start + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return start + 2
        case UInt8(ascii: "u"):
            guard let unit = JSONStringSlice.hexUnit(in: bytes, at: start + 2) else {
                throw failure(.invalidEscape, at: start)
            }
            if UTF16.isTrailSurrogate(unit) { throw failure(.loneSurrogate, at: start) }
            guard UTF16.isLeadSurrogate(unit) else { return start + 6 }
            guard start + 7 < bytes.count, bytes[start + 6] == UInt8(ascii: "\\"),
                bytes[start + 7] == UInt8(ascii: "u"),
                let trail = JSONStringSlice.hexUnit(in: bytes, at: start + 8), UTF16.isTrailSurrogate(trail)
            else { throw failure(.loneSurrogate, at: start) }
            return start + 12
        default:
            throw failure(.invalidEscape, at: start)
        }
    }

    /// Reads the number that starts at `offset` and returns its bytes.
    mutating func scanNumber() throws(JSONError) -> Range<Int> {
        let start = offset
        let integerStart = byte(at: start) == UInt8(ascii: "-") ? start + 1 : start
        var end = try endOfDigits(from: integerStart, ofNumberAt: start)
        guard bytes[integerStart] != UInt8(ascii: "0") || end == integerStart + 1 else {
            throw failure(.malformedNumber, at: start)
        }
        if byte(at: end) == UInt8(ascii: ".") { end = try endOfDigits(from: end + 1, ofNumberAt: start) }
        if byte(at: end) == UInt8(ascii: "e") || byte(at: end) == UInt8(ascii: "E") {
            let hasSign = byte(at: end + 1) == UInt8(ascii: "+") || byte(at: end + 1) == UInt8(ascii: "-")
            end = try endOfDigits(from: end + (hasSign ? 2 : 1), ofNumberAt: start)
        }
        offset = end
        return start..<end
    }

    /// The index behind the digits that start at `start`; there has to be one.
    private func endOfDigits(from start: Int, ofNumberAt numberStart: Int) throws(JSONError) -> Int {
        var end = start
        while end < bytes.count, bytes[end] &- UInt8(ascii: "0") < 10 { end += 1 }
        guard end > start else { throw failure(.malformedNumber, at: numberStart) }
        return end
    }

    /// The byte at an index, 0 behind the text.
    private func byte(at index: Int) -> UInt8 { index < bytes.count ? bytes[index] : 0 }
}
