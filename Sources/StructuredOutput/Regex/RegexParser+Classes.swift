// Character classes and escapes of regular expressions, with the meanings of ECMAScript: \d and \w are ASCII.
// Not groups and quantifiers (RegexParser.swift). Next: ../Grammar/CharacterAutomatonBuilder.swift.

extension RegexParser {
    /// What `.` leaves out.
    static let lineEnds = ScalarSet(of: "\n\r\u{2028}\u{2029}")
    private static let digits = ScalarSet([0x30...0x39])
    private static let wordCharacters = ScalarSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    /// ECMAScript's WhiteSpace and LineTerminator.
    private static let spaces = ScalarSet(
        [
            0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F,
            0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
        ]
    )

    /// The characters of a class whose `[` has been read.
    mutating func characterClass(from start: Int) throws(ConstraintError) -> ScalarSet {
        let isNegated = take("^")
        if next == "]" { throw error("the class is empty; write `\\]` for the character", at: start) }
        var characters = ScalarSet.none
        while !take("]") {
            guard next != nil else { throw error("the class is not closed", at: start) }
            let first = try classMember()
            guard next == "-", index + 1 < scalars.count, scalars[index + 1] != "]" else {
                characters = characters.union(first)
                continue
            }
            let place = index
            index += 1
            let last = try classMember()
            guard let low = Self.single(first), let high = Self.single(last) else {
                throw error("a range needs a single character on each side", at: place)
            }
            guard low <= high else { throw error("the ends of the range are in the wrong order", at: place) }
            characters = characters.union(ScalarSet([low...high]))
        }
        let result = isNegated ? characters.inverted : characters
        guard !result.isEmpty else { throw error("no character is in the class", at: start) }
        return result
    }

    private static func single(_ characters: ScalarSet) -> UInt32? {
        guard characters.ranges.count == 1, let range = characters.ranges.first, range.count == 1 else { return nil }
        return range.lowerBound
    }

    private mutating func classMember() throws(ConstraintError) -> ScalarSet {
        let start = index
        guard let scalar = next else { throw error("the class is not closed") }
        index += 1
        if scalar == "[", next == ":" { throw error("named classes such as [:alpha:] are not supported", at: start) }
        guard scalar == "\\" else { return ScalarSet(scalar) }
        if take("b") { return ScalarSet([0x08...0x08]) }
        return try escape(from: start)
    }

    /// The characters of an escape whose backslash has been read.
    mutating func escape(from start: Int) throws(ConstraintError) -> ScalarSet {
        guard let scalar = next else { throw error("the pattern ends in a backslash", at: start) }
        index += 1
        switch scalar {
        case "d": return Self.digits
        case "D": return Self.digits.inverted
        case "w": return Self.wordCharacters
        case "W": return Self.wordCharacters.inverted
        case "s": return Self.spaces
        case "S": return Self.spaces.inverted
        case "n": return ScalarSet("\n")
        case "r": return ScalarSet("\r")
        case "t": return ScalarSet("\t")
        case "f": return ScalarSet("\u{0C}")
        case "v": return ScalarSet("\u{0B}")
        case "x": return try ScalarSet([scalarRange(hexDigits(2, from: start), from: start)])
        case "u": return try ScalarSet([scalarRange(unicodeEscape(from: start), from: start)])
        case "0":
            if let next, ("0"..."9").contains(next) { throw error("octal escapes are not supported", at: start) }
            return ScalarSet("\0")
        case "1"..."9", "k": throw error("backreferences are not supported", at: start)
        case "b", "B": throw error("word boundaries are not supported", at: start)
        case "A", "Z", "z", "G": throw error("`\\\(scalar)` is not supported; anchor with ^ and $", at: start)
        case "p", "P": throw error("Unicode properties are not supported; write a class such as [a-z]", at: start)
        case "a"..."z", "A"..."Z":
            throw error("`\\\(scalar)` is no escape that is supported", at: start)
        default: return ScalarSet(scalar)
        }
    }

    private func scalarRange(_ value: UInt32, from start: Int) throws(ConstraintError) -> ClosedRange<UInt32> {
        guard Unicode.Scalar(value) != nil else { throw error("the escape names no Unicode character", at: start) }
        return value...value
    }

    /// After `\u`: four digits, a surrogate pair of two such escapes, or digits in braces.
    private mutating func unicodeEscape(from start: Int) throws(ConstraintError) -> UInt32 {
        if take("{") {
            var value: UInt32 = 0
            var count = 0
            while let digit = hexDigit() {
                value = value << 4 | digit
                count += 1
                if count > 6 { break }
            }
            guard count > 0, take("}") else { throw error("expected one to six hex digits in braces", at: start) }
            return value
        }
        let first = try hexDigits(4, from: start)
        guard (0xD800..<0xDC00).contains(first), take("\\"), take("u") else { return first }
        let second = try hexDigits(4, from: start)
        guard (0xDC00..<0xE000).contains(second) else { throw error("half of a surrogate pair is missing", at: start) }
        return 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
    }

    private mutating func hexDigits(_ count: Int, from start: Int) throws(ConstraintError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let digit = hexDigit() else { throw error("expected \(count) hex digits", at: start) }
            value = value << 4 | digit
        }
        return value
    }

    private mutating func hexDigit() -> UInt32? {
        guard let scalar = next else { return nil }
        let digit: UInt32
        switch scalar {
        case "0"..."9": digit = scalar.value - 48
        case "a"..."f": digit = scalar.value - 87
        case "A"..."F": digit = scalar.value - 55
        default: return nil
        }
        index += 1
        return digit
    }
}
