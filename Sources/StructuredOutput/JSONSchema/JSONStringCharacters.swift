// The characters of JSON strings in bytes: as they are in UTF-8, or as escapes.
// Not the strings that a schema limits (StringLanguage.swift). Next: JSONGrammar.swift.

enum JSONStringCharacters {
    /// Characters that a string holds as they are.
    private static let plain = ScalarSet([0x20...0x21, 0x23...0x5B, 0x5D...ScalarSet.largest])
    /// Characters with an escape of two characters, and its second one.
    private static let shortEscapes: [(UInt32, UInt8)] = [
        (0x22, UInt8(ascii: "\"")), (0x5C, UInt8(ascii: "\\")), (0x08, UInt8(ascii: "b")), (0x0C, UInt8(ascii: "f")),
        (0x0A, UInt8(ascii: "n")), (0x0D, UInt8(ascii: "r")), (0x09, UInt8(ascii: "t")),
    ]

    /// Sequences of byte ranges that spell the characters of a set in one form each: as they are where JSON allows it,
    /// else as the short escape, else as `\u00` with two hex digits.
    static func sequences(of characters: ScalarSet) -> [[ClosedRange<UInt8>]] {
        var sequences = UTF8Sequences.of(characters.intersection(plain))
        for (scalar, escape) in shortEscapes where characters.contains(scalar) {
            sequences.append([single("\\"), escape...escape])
        }
        let short = shortEscapes.map(\.0)
        for scalar in UInt32(0)..<0x20 where characters.contains(scalar) && !short.contains(scalar) {
            let high = UInt8(0x30 + scalar >> 4)
            let prefix = [single("\\"), single("u"), single("0"), single("0"), high...high]
            for digit in hexDigits(UInt8(scalar & 0xF)) { sequences.append(prefix + [digit...digit]) }
        }
        return sequences
    }

    /// One character in any form that JSON knows, with the halves of surrogate pairs together.
    static let any: Expression = {
        let hex: [ClosedRange<UInt32>] = [0x30...0x39, 0x41...0x46, 0x61...0x66]
        let digit = Expression.characters(ScalarSet(hex))
        let d = Expression.characters(ScalarSet(of: "dD"))
        let escaped = Expression.choice([
            .characters(ScalarSet(of: "\"\\/bfnrt")),
            .sequence([
                .text("u"),
                .choice([
                    .sequence([.characters(ScalarSet(of: "0123456789abcefABCEF")), digit, digit, digit]),
                    .sequence([d, .characters(ScalarSet(of: "01234567")), digit, digit]),
                    .sequence([
                        d, .characters(ScalarSet(of: "89abAB")), digit, digit,
                        .text("\\u"), d, .characters(ScalarSet(of: "cdefCDEF")), digit, digit,
                    ]),
                ]),
            ]),
        ])
        return .choice([.characters(plain), .sequence([.text("\\"), escaped])])
    }()

    private static func single(_ character: Unicode.Scalar) -> ClosedRange<UInt8> {
        let byte = UInt8(ascii: character)
        return byte...byte
    }

    private static func hexDigits(_ value: UInt8) -> [UInt8] {
        value < 10 ? [0x30 + value] : [0x41 + value - 10, 0x61 + value - 10]
    }
}
