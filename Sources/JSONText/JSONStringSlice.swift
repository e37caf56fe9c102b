// A string of a JSON text as the bytes between its quotes, escapes and all; decoded only when asked.
// Not an owner of memory: it is valid as long as the text it was read from. Next: JSONValue.swift.

/// A string inside a JSON text, not copied.
///
/// Its grammar has been checked: decoding cannot fail.
public struct JSONStringSlice {
    /// The bytes between the quotes, as written.
    public let raw: UnsafeBufferPointer<UInt8>
    /// The byte offset of `raw` in the text.
    public let offset: Int
    /// Whether `raw` holds escapes; when not, `raw` is the string's UTF-8.
    public let hasEscapes: Bool

    /// The string.
    public var string: String {
        guard hasEscapes else { return String(decoding: raw, as: UTF8.self) }
        var decoded: [UInt8] = []
        append(to: &decoded)
        return String(decoding: decoded, as: UTF8.self)
    }

    /// Appends the string's UTF-8, escapes resolved, to `bytes`.
    public func append(to bytes: inout [UInt8]) {
        guard hasEscapes else {
            bytes.append(contentsOf: raw)
            return
        }
        var index = 0
        while index < raw.count {
            guard raw[index] == UInt8(ascii: "\\") else {
                bytes.append(raw[index])
                index += 1
                continue
            }
            let escape = raw[index + 1]
            index += 2
            switch escape {
            case UInt8(ascii: "b"): bytes.append(0x08)
            case UInt8(ascii: "f"): bytes.append(0x0C)
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "r"): bytes.append(0x0D)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "u"): index = appendUnicodeEscape(at: index, to: &bytes)
            default: bytes.append(escape)
            }
        }
    }

    /// Whether the slice is `string`, compared scalar by scalar: unlike `String`'s `==`, canonically equivalent but
    /// differently encoded strings differ.
    public static func == (slice: JSONStringSlice, string: StaticString) -> Bool {
        guard slice.hasEscapes else {
            return slice.raw.elementsEqual(
                UnsafeBufferPointer(start: string.utf8Start, count: string.utf8CodeUnitCount)
            )
        }
        return slice.string.utf8.elementsEqual(
            UnsafeBufferPointer(start: string.utf8Start, count: string.utf8CodeUnitCount)
        )
    }

    /// Appends the scalar of the `\u` escape whose hex digits start at `index`; returns the index behind it.
    private func appendUnicodeEscape(at index: Int, to bytes: inout [UInt8]) -> Int {
        guard let lead = Self.hexUnit(in: raw, at: index) else { return index }
        var end = index + 4
        var value = UInt32(lead)
        if UTF16.isLeadSurrogate(lead), let trail = Self.hexUnit(in: raw, at: index + 6) {
            value = 0x10000 + (value - 0xD800) << 10 + (UInt32(trail) - 0xDC00)
            end = index + 10
        }
        if let scalar = Unicode.Scalar(value) {
            bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
        return end
    }

    /// The UTF-16 unit written as four hex digits at `index`, or nil when there is none.
    static func hexUnit(in bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> UInt16? {
        guard index + 4 <= bytes.count else { return nil }
        var unit: UInt16 = 0
        for byte in bytes[index..<index + 4] {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }
}
