// Ranges of Unicode scalars as sequences of byte ranges in UTF-8. Overlong forms and surrogates cannot arise.
// Not a decoder. Next: Expression.swift.

enum UTF8Sequences {
    /// Sequences of byte ranges that together spell exactly the scalars of `set`.
    static func of(_ set: ScalarSet) -> [[ClosedRange<UInt8>]] {
        var sequences: [[ClosedRange<UInt8>]] = []
        for range in set.ranges {
            for length in [UInt32(0)...0x7F, 0x80...0x7FF, 0x800...0xFFFF, 0x10000...0x10FFFF]
            where range.overlaps(length) {
                let part = range.clamped(to: length)
                append(
                    encoding(of: part.lowerBound)[...],
                    encoding(of: part.upperBound)[...],
                    after: [],
                    to: &sequences
                )
            }
        }
        return sequences
    }

    /// The UTF-8 of one scalar value.
    static func encoding(of scalar: UInt32) -> [UInt8] {
        func tail(_ shift: UInt32) -> UInt8 { UInt8(0x80 | (scalar >> shift) & 0x3F) }
        switch scalar {
        case 0..<0x80: return [UInt8(scalar)]
        case 0x80..<0x800: return [UInt8(0xC0 | scalar >> 6), tail(0)]
        case 0x800..<0x10000: return [UInt8(0xE0 | scalar >> 12), tail(6), tail(0)]
        default: return [UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18), tail(12), tail(6), tail(0)]
        }
    }

    /// Splits the range between two encodings of one length, so that every byte of a part varies freely.
    private static func append(
        _ low: ArraySlice<UInt8>,
        _ high: ArraySlice<UInt8>,
        after prefix: [ClosedRange<UInt8>],
        to sequences: inout [[ClosedRange<UInt8>]]
    ) {
        guard let first = low.first, let last = high.first else {
            sequences.append(prefix)
            return
        }
        let lowRest = low.dropFirst()
        let highRest = high.dropFirst()
        if first == last {
            append(lowRest, highRest, after: prefix + [first...first], to: &sequences)
            return
        }
        var freeFirst = first
        var freeLast = last
        if lowRest.contains(where: { $0 != 0x80 }) {
            let end = lowRest.map { _ in UInt8(0xBF) }
            append(lowRest, end[...], after: prefix + [first...first], to: &sequences)
            freeFirst += 1
        }
        let endsWhole = highRest.allSatisfy { $0 == 0xBF }
        if !endsWhole { freeLast -= 1 }
        if freeFirst <= freeLast {
            sequences.append(prefix + [freeFirst...freeLast] + lowRest.map { _ in 0x80...0xBF })
        }
        if !endsWhole {
            let start = highRest.map { _ in UInt8(0x80) }
            append(start[...], highRest, after: prefix + [last...last], to: &sequences)
        }
    }
}
