// Strings and character classes of grammars, with their escapes.
// Not rules and groups (GBNFParser.swift). Next: ../Automaton/AutomatonBuilder.swift.

extension GBNFParser {
    /// The bytes of a string whose opening quote has been read.
    mutating func string(from start: Int) throws(ConstraintError) -> [UInt8] {
        var text: [UInt8] = []
        while !take("\"") {
            guard next != nil, next != 0x0A else { throw error("the string is not closed", at: start) }
            text += UTF8Sequences.encoding(of: try character())
        }
        return text
    }

    /// The characters of a class whose `[` has been read.
    mutating func characterClass(from start: Int) throws(ConstraintError) -> ScalarSet {
        let isNegated = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        while !take("]") {
            guard next != nil, next != 0x0A else { throw error("the class is not closed", at: start) }
            let first = try character()
            let place = index
            // A dash before the closing bracket is a dash.
            if bytes[index...].starts(with: "-".utf8), !bytes[index...].starts(with: "-]".utf8), take("-") {
                let last = try character()
                guard first <= last else { throw error("the ends of the range are in the wrong order", at: place) }
                ranges.append(first...last)
            } else {
                ranges.append(first...first)
            }
        }
        let characters = isNegated ? ScalarSet(ranges).inverted : ScalarSet(ranges)
        guard !characters.isEmpty else { throw error("no character is in the class", at: start) }
        return characters
    }

    /// One character, or what an escape stands for.
    private mutating func character() throws(ConstraintError) -> UInt32 {
        let start = index
        guard take("\\") else { return try takeScalar() }
        guard let escape = next else { throw error("the grammar ends in a backslash", at: start) }
        let value: UInt32
        switch escape {
        case UInt8(ascii: "n"): value = 0x0A
        case UInt8(ascii: "r"): value = 0x0D
        case UInt8(ascii: "t"): value = 0x09
        case UInt8(ascii: "x"): return try hexEscape(digits: 2, from: start)
        case UInt8(ascii: "u"): return try hexEscape(digits: 4, from: start)
        case UInt8(ascii: "U"): return try hexEscape(digits: 8, from: start)
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: value = UInt32(escape)
        default:
            throw error(#"unknown escape; allowed are \n \r \t \xHH \uHHHH \UHHHHHHHH and \ before a sign"#, at: start)
        }
        index += 1
        return value
    }

    private mutating func hexEscape(digits: Int, from start: Int) throws(ConstraintError) -> UInt32 {
        index += 1
        let text = String(decoding: bytes[index...].prefix(digits), as: UTF8.self)
        guard text.utf8.count == digits, let value = UInt32(text, radix: 16), text.utf8.first != UInt8(ascii: "+")
        else {
            throw error("expected \(digits) hex digits", at: start)
        }
        guard Unicode.Scalar(value) != nil else { throw error("the escape names no Unicode character", at: start) }
        index += digits
        return value
    }

    /// The next character of the text, which is valid UTF-8.
    private mutating func takeScalar() throws(ConstraintError) -> UInt32 {
        guard let first = next else { throw error("expected a character") }
        let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        let text = String(decoding: bytes[index...].prefix(length), as: UTF8.self)
        index += length
        return text.unicodeScalars.first?.value ?? 0xFFFD
    }
}
