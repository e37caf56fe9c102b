// Doubles as Python writes them. Not integers: those are Swift's. Next: Rendering/NumberFormatting.swift.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Doubles as text.
enum NumberText {
    /// The shortest text that reads back as the double, in the form of Python's repr.
    static func shortest(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        // Swift finds the same digits, but changes to an exponent at another size.
        let parts = value.magnitude.description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".")
        let fraction = mantissa.count > 1 ? mantissa[1] : ""
        var digits = Array(mantissa[0].utf8) + Array(fraction.utf8)
        var exponent = mantissa[0].utf8.count - 1 + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
        while digits.count > 1, digits[0] == UInt8(ascii: "0") {
            digits.removeFirst()
            exponent -= 1
        }
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        let sign = value.sign == .minus ? "-" : ""
        if value == 0 { return sign + "0.0" }
        let text = String(decoding: digits, as: UTF8.self)
        if exponent >= 16 || exponent < -4 {
            let rest = text.dropFirst()
            let power = String(exponent.magnitude)
            return sign + text.prefix(1) + (rest.isEmpty ? "" : "." + rest) + (exponent < 0 ? "e-" : "e+")
                + (power.utf8.count < 2 ? "0" : "") + power
        }
        if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + text }
        if digits.count <= exponent + 1 {
            return sign + text + String(repeating: "0", count: exponent + 1 - digits.count) + ".0"
        }
        return sign + text.prefix(exponent + 1) + "." + text.dropFirst(exponent + 1)
    }

    /// The double as C's printf writes it; `conversion` is one of `e`, `f`, `g` or a capital of these.
    static func printed(_ value: Double, _ conversion: Character, precision: Int, isAlternate: Bool = false) -> String {
        let format = "%" + (isAlternate ? "#" : "") + ".*" + String(conversion)
        // A double has at most 309 digits before its point.
        var buffer = [CChar](repeating: 0, count: precision + 400)
        let count = withVaList([Int32(clamping: precision), value]) { vsnprintf(&buffer, buffer.count, format, $0) }
        return String(decoding: buffer.prefix(max(0, Int(count))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The longest precision that `printed` is asked for.
    static let precisionLimit = 1_000

    /// The number that a text stands for as Python's float reads it, or nil if it is none.
    static func double(_ text: TemplateText) -> Double? {
        var body = withASCIIDigits(text)
        guard !body.isEmpty, body.allSatisfy({ $0 < 0x80 }) else { return nil }
        guard let joined = withoutUnderscores(body, isDigit: { (0x30...0x39).contains($0) }) else { return nil }
        body = joined.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
        let unsigned = body.first == UInt8(ascii: "-") || body.first == UInt8(ascii: "+") ? body.dropFirst() : body[...]
        let name = String(decoding: unsigned, as: UTF8.self)
        let isNegative = body.first == UInt8(ascii: "-")
        switch name {
        case "inf", "infinity": return isNegative ? -.infinity : .infinity
        case "nan": return .nan
        default: break
        }
        // Swift also reads hexadecimal numbers; Python does not.
        let allowed = unsigned.allSatisfy { (0x30...0x39).contains($0) || ".e+-".utf8.contains($0) }
        guard allowed, var literal = normalised(name) else { return nil }
        if isNegative { literal = "-" + literal }
        return Double(literal)
    }

    /// The text without white space around it, and with ASCII's digits for those of other scripts.
    private static func withASCIIDigits(_ text: TemplateText) -> [UInt8] {
        let stripped = text.stripped()
        if stripped.isASCII { return stripped.utf8 }
        var result: [UInt8] = []
        stripped.forEachScalar { scalar, range in
            if scalar.isDecimal, !scalar.isASCII, let value = scalar.properties.numericValue {
                result.append(0x30 + UInt8(value))
            } else {
                result += stripped.utf8[range]
            }
        }
        return result
    }

    /// Puts a digit before and behind a lone point, which Swift wants.
    private static func normalised(_ number: String) -> String? {
        let parts = number.split(separator: "e", maxSplits: 1, omittingEmptySubsequences: false)
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        guard mantissa.count <= 2, mantissa.contains(where: { !$0.isEmpty }),
            mantissa.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } })
        else { return nil }
        let whole = mantissa[0].isEmpty ? "0" : String(mantissa[0])
        let fraction = mantissa.count < 2 || mantissa[1].isEmpty ? "0" : String(mantissa[1])
        guard parts.count > 1 else { return whole + "." + fraction }
        let digits = parts[1].first == "-" || parts[1].first == "+" ? parts[1].dropFirst() : parts[1]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return whole + "." + fraction + "e" + parts[1]
    }

    /// The bytes without the underscores that stand between digits; nil if one stands elsewhere.
    private static func withoutUnderscores(_ body: [UInt8], isDigit: (UInt8) -> Bool) -> [UInt8]? {
        for (index, byte) in body.enumerated() where byte == UInt8(ascii: "_") {
            guard index > 0, index + 1 < body.count, isDigit(body[index - 1]), isDigit(body[index + 1]) else {
                return nil
            }
        }
        return body.filter { $0 != UInt8(ascii: "_") }
    }

    /// The integer that a text stands for as Python's int reads it.
    enum Integer: Equatable {
        case value(Int)
        /// A number that needs more than 64 bits.
        case tooLarge
        case notInteger
    }

    static func integer(_ text: TemplateText, radix: Int) -> Integer {
        guard var body = withoutPrefix(withASCIIDigits(text), radix: radix) else { return .notInteger }
        guard let joined = withoutUnderscores(body.digits, isDigit: { $0 != UInt8(ascii: "_") }), !joined.isEmpty else {
            return .notInteger
        }
        body.digits = joined
        let literal = String(decoding: body.digits, as: UTF8.self)
        guard body.digits.allSatisfy({ $0 < 0x80 && (Character(Unicode.Scalar($0)).wholeDigit ?? 36) < body.radix })
        else { return .notInteger }
        return Int((body.isNegative ? "-" : "") + literal, radix: body.radix).map { .value($0) } ?? .tooLarge
    }

    /// The digits behind a sign and a prefix such as `0x`, where the radix allows one.
    private static func withoutPrefix(
        _ text: [UInt8],
        radix: Int
    ) -> (digits: [UInt8], radix: Int, isNegative: Bool)? {
        var digits = text[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        var radix = radix
        let prefixes: [(UInt8, Int)] = [(UInt8(ascii: "x"), 16), (UInt8(ascii: "o"), 8), (UInt8(ascii: "b"), 2)]
        if digits.first == UInt8(ascii: "0"), let letter = digits.dropFirst().first.map({ $0 | 0x20 }),
            let prefix = prefixes.first(where: { $0.0 == letter && (radix == 0 || radix == $0.1) })
        {
            digits = digits.dropFirst(2)
            radix = prefix.1
            if digits.first == UInt8(ascii: "_") { digits = digits.dropFirst() }
        } else if radix == 0 {
            // Without a prefix a number may not start with 0, unless it is 0.
            if digits.first == UInt8(ascii: "0"), digits.contains(where: { $0 != UInt8(ascii: "0") && $0 != 0x5F }) {
                return nil
            }
            radix = 10
        }
        return (Array(digits), radix, isNegative)
    }
}

extension Character {
    /// The value of an ASCII digit or letter in the largest radix, 36.
    fileprivate var wholeDigit: Int? {
        guard let value = asciiValue else { return nil }
        switch value {
        case 0x30...0x39: return Int(value) - 0x30
        case 0x41...0x5A: return Int(value) - 0x41 + 10
        case 0x61...0x7A: return Int(value) - 0x61 + 10
        default: return nil
        }
    }
}
