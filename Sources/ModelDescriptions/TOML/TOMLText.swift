// Spells keys, strings and numbers as TOML does.
// Not the arrangement of tables in a file: ModelPrinter does that.

/// Spellings of TOML 1.0.
enum TOMLText {
    /// A key, in quotes unless it is bare.
    static func key(_ key: String) -> String {
        let isBare = !key.isEmpty && key.utf8.allSatisfy(isBareKeyCharacter)
        return isBare ? key : string(key)
    }

    /// Whether `byte` can stand in a key without quotes.
    static func isBareKeyCharacter(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "_")
    }

    /// Whether `byte` is one of `0` to `9`.
    static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    /// Whether `byte` is one of `0` to `9`, `a` to `f` and `A` to `F`.
    static func isHexadecimalDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }

    /// The key path of `key` in the table at `path`, which is empty for the file itself.
    static func keyPath(_ path: String, _ key: String) -> String {
        path.isEmpty ? self.key(key) : "\(path).\(self.key(key))"
    }

    /// A basic string on one line.
    static func string(_ text: String) -> String {
        var spelled = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": spelled += "\\\""
            case "\\": spelled += "\\\\"
            case "\n": spelled += "\\n"
            case "\r": spelled += "\\r"
            case "\t": spelled += "\\t"
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}", "\u{FEFF}":
                let digits = String(scalar.value, radix: 16, uppercase: true)
                spelled += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default:
                spelled.unicodeScalars.append(scalar)
            }
        }
        return spelled + "\""
    }

    /// The shortest spelling that reads back as the same number: `1e-6`, `0.5`, `1e6`, `10000.0`.
    static func float(_ number: Double) -> String {
        let text = "\(number)"
        guard let exponentMark = text.firstIndex(of: "e") else { return power(of: number) ?? text }
        var mantissa = text[..<exponentMark]
        if mantissa.hasSuffix(".0") { mantissa = mantissa.dropLast(2) }
        var exponent = text[text.index(after: exponentMark)...]
        let sign = exponent.hasPrefix("-") ? "-" : ""
        exponent = exponent.drop { $0 == "-" || $0 == "+" || $0 == "0" }
        return "\(mantissa)e\(sign)\(exponent)"
    }

    /// A round number from 100,000 on is easier to read as `1e6`.
    private static func power(of number: Double) -> String? {
        guard number >= 100_000, number < 1e16, number == number.rounded() else { return nil }
        var mantissa = Int(number)
        var exponent = 0
        while mantissa.isMultiple(of: 10) {
            mantissa /= 10
            exponent += 1
        }
        return exponent >= 5 ? "\(mantissa)e\(exponent)" : nil
    }
}
