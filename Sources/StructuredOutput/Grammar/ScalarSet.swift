// A set of Unicode scalar values as sorted ranges. Not bytes: UTF8Sequences.swift spells ranges in UTF-8.
// Next: UTF8Sequences.swift.

/// A set of Unicode scalar values.
struct ScalarSet: Hashable, Sendable {
    /// Ascending, disjoint, not adjacent (but for the two sides of the surrogates).
    private(set) var ranges: [ClosedRange<UInt32>]

    static let largest: UInt32 = 0x10FFFF
    static let all = ScalarSet([0...largest])
    static let none = ScalarSet([])

    /// The scalars of `ranges`, in any order; surrogates and numbers beyond Unicode are left out.
    init(_ ranges: [ClosedRange<UInt32>]) {
        var merged: [ClosedRange<UInt32>] = []
        let valid = ranges.flatMap(Self.withoutSurrogates).sorted { $0.lowerBound < $1.lowerBound }
        for range in valid {
            if let last = merged.last, range.lowerBound <= last.upperBound + 1 {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged
    }

    init(_ scalar: Unicode.Scalar) { self.init([scalar.value...scalar.value]) }

    /// The scalars of `text`.
    init(of text: String) { self.init(text.unicodeScalars.map { $0.value...$0.value }) }

    var isEmpty: Bool { ranges.isEmpty }

    /// Every scalar that is not in the set.
    var inverted: ScalarSet {
        var gaps: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { gaps.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= Self.largest { gaps.append(next...Self.largest) }
        return ScalarSet(gaps)
    }

    func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(ranges + other.ranges) }

    func intersection(_ other: ScalarSet) -> ScalarSet {
        var common: [ClosedRange<UInt32>] = []
        var left = ranges[...]
        var right = other.ranges[...]
        while let first = left.first, let second = right.first {
            let low = max(first.lowerBound, second.lowerBound)
            let high = min(first.upperBound, second.upperBound)
            if low <= high { common.append(low...high) }
            if first.upperBound < second.upperBound { left.removeFirst() } else { right.removeFirst() }
        }
        return ScalarSet(common)
    }

    func subtracting(_ other: ScalarSet) -> ScalarSet { intersection(other.inverted) }

    func contains(_ scalar: UInt32) -> Bool {
        ranges.contains { $0.contains(scalar) }
    }

    private static func withoutSurrogates(_ range: ClosedRange<UInt32>) -> [ClosedRange<UInt32>] {
        var parts: [ClosedRange<UInt32>] = []
        if range.lowerBound < 0xD800 { parts.append(range.lowerBound...min(range.upperBound, 0xD7FF)) }
        let low = max(range.lowerBound, 0xE000)
        let high = min(range.upperBound, largest)
        if low <= high { parts.append(low...high) }
        return parts
    }
}
