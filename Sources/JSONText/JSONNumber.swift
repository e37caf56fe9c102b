// A JSON number kept exactly as written, with the conversions that do not lie about it.
// Not arithmetic: 1.0 and 1.00 are different numbers here. Next: JSONValue.swift.

/// A JSON number as its literal.
public struct JSONNumber: Hashable, Sendable, CustomStringConvertible {
    /// The number as written.
    public let literal: String

    /// The number that `literal` writes, or nil if it is not a JSON number.
    public init?(_ literal: String) {
        var copy = literal
        let isNumber = copy.withUTF8 { bytes in
            do {
                var reader = try JSONReader(UnsafeRawBufferPointer(bytes))
                return try reader.peek() == .number && reader.scanNumber() == 0..<bytes.count
            } catch {
                return false
            }
        }
        guard isNumber else { return nil }
        self.literal = literal
    }

    /// An integer.
    public init(_ value: some BinaryInteger) {
        self.literal = String(value)
    }

    /// A finite number in the shortest form that reads back as `value`; nil for infinities and NaN.
    public init?(_ value: Double) {
        guard value.isFinite else { return nil }
        self.literal = value.description
    }

    /// A finite number in the shortest form that reads back as `value`; nil for infinities and NaN.
    public init?(_ value: Float) {
        guard value.isFinite else { return nil }
        self.literal = value.description
    }

    /// The literal of a number whose grammar has been checked.
    init(unchecked literal: String) {
        self.literal = literal
    }

    /// Whether the number is written as an integer: no fraction and no exponent.
    public var isInteger: Bool {
        !literal.utf8.contains { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }
    }

    /// The value of a number written as an integer, or nil if it is not one or does not fit.
    public var integer: Int? { isInteger ? Int(literal) : nil }

    /// The value of a number written as an integer, or nil if it is not one, is negative or does not fit.
    public var unsignedInteger: UInt64? { isInteger ? UInt64(literal) : nil }

    /// The nearest double, or nil if the number is beyond the finite doubles.
    public var double: Double? {
        guard let value = Double(literal), value.isFinite else { return nil }
        return value
    }

    /// The literal.
    public var description: String { literal }
}
