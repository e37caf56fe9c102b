// Decimal numbers exactly as JSON writes them, for comparing.
// Not arithmetic. Next: NumberLanguage.swift.

import JSONText

/// A decimal number.
struct Decimal: Hashable, Comparable {
    let isNegative: Bool
    /// The digits before the point, without leading zeros; empty for numbers below 1.
    let whole: [UInt8]
    /// The digits after the point, without trailing zeros.
    let fraction: [UInt8]

    /// Numbers with more digits are refused.
    private static let digitLimit = 400

    var isZero: Bool { whole.isEmpty && fraction.isEmpty }
    var isInteger: Bool { fraction.isEmpty }

    /// The number that a literal writes; nil if it has too many digits when written out.
    init?(_ number: JSONNumber) {
        var digits: [UInt8] = []
        var pointPosition: Int?
        var exponent: Int?
        let parts = number.literal.utf8.split(maxSplits: 1) { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }
        for byte in parts[0] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digits.append(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "."): pointPosition = digits.count
            default: break
            }
        }
        if parts.count > 1 {
            guard let value = Int(String(Substring(parts[1]))), abs(value) <= Self.digitLimit else { return nil }
            exponent = value
        }
        guard digits.count <= Self.digitLimit else { return nil }
        let point = (pointPosition ?? digits.count) + (exponent ?? 0)
        if point < 0 { digits.insert(contentsOf: repeatElement(0, count: -point), at: 0) }
        if point > digits.count { digits += repeatElement(0, count: point - digits.count) }
        let position = max(point, 0)
        whole = Array(digits[..<position].drop { $0 == 0 })
        let trailing = digits[position...].reversed().prefix { $0 == 0 }.count
        fraction = Array(digits[position...].dropLast(trailing))
        isNegative = number.literal.utf8.first == UInt8(ascii: "-") && !(whole.isEmpty && fraction.isEmpty)
    }

    static func < (left: Decimal, right: Decimal) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        return left.isNegative ? right.isSmallerInSize(than: left) : left.isSmallerInSize(than: right)
    }

    private func isSmallerInSize(than other: Decimal) -> Bool {
        if whole.count != other.whole.count { return whole.count < other.whole.count }
        if whole != other.whole { return whole.lexicographicallyPrecedes(other.whole) }
        return fraction.lexicographicallyPrecedes(other.fraction)
    }
}
