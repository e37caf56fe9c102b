// A set of Unicode scalar values as sorted ranges, and the cursor that reads the tables written as text.
// Not a fast lookup: ScalarTable.swift gives one value per scalar. Next: ScalarCategory.swift.

/// A set of scalar values.
struct ScalarSet: Hashable, Sendable {
    /// The members: ascending, disjoint, never adjacent.
    private(set) var ranges: [ClosedRange<UInt32>]

    static let empty = ScalarSet(ranges: [])
    static let all = ScalarSet(ranges: [0...0x10FFFF])

    /// The set of everything in `ranges`, which may overlap and come in any order.
    init(_ ranges: [ClosedRange<UInt32>]) {
        var merged: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, range.lowerBound <= last.upperBound &+ 1 {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged
    }

    init(_ scalars: Unicode.Scalar...) {
        self.init(scalars.map { $0.value...$0.value })
    }

    private init(ranges: [ClosedRange<UInt32>]) {
        self.ranges = ranges
    }

    /// The ranges a table gives as `first-last` or `scalar`, in hexadecimal.
    init(table: StaticString) {
        var cursor = TableCursor(table)
        var ranges: [ClosedRange<UInt32>] = []
        while !cursor.isAtEnd {
            let first = cursor.hexadecimal()
            ranges.append(first...(cursor.take("-") ? cursor.hexadecimal() : first))
        }
        self.init(ranges)
    }

    /// Every scalar value that is not a member.
    var inverse: ScalarSet {
        var gaps: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { gaps.append(next...(range.lowerBound - 1)) }
            next = range.upperBound + 1
        }
        if next <= 0x10FFFF { gaps.append(next...0x10FFFF) }
        return ScalarSet(ranges: gaps)
    }

    func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(ranges + other.ranges) }

    func intersection(_ other: ScalarSet) -> ScalarSet { inverse.union(other.inverse).inverse }

    func subtracting(_ other: ScalarSet) -> ScalarSet { intersection(other.inverse) }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < scalar.value { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].lowerBound <= scalar.value
    }
}

/// Reads a table that is written as text: hexadecimal numbers, marks and words separated by spaces.
struct TableCursor {
    private var next: UnsafePointer<UInt8>
    private let end: UnsafePointer<UInt8>

    init(_ table: StaticString) {
        next = table.utf8Start
        end = next + table.utf8CodeUnitCount
        skipSpaces()
    }

    /// Whether everything has been read; spaces are skipped before the answer.
    var isAtEnd: Bool {
        mutating get {
            skipSpaces()
            return next == end
        }
    }

    /// The byte that comes next, unread; 0 at the end.
    var peek: UInt8 { next == end ? 0 : next.pointee }

    /// Reads a byte.
    mutating func byte() -> UInt8 {
        let byte = peek
        if next != end { next += 1 }
        return byte
    }

    /// Reads past `mark` if it comes next.
    mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard next != end, next.pointee == UInt8(ascii: mark) else { return false }
        next += 1
        return true
    }

    /// Reads a hexadecimal number; 0 if none comes next.
    mutating func hexadecimal() -> UInt32 {
        var value: UInt32 = 0
        while next != end {
            switch next.pointee {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(next.pointee - UInt8(ascii: "0"))
            case UInt8(ascii: "A")...UInt8(ascii: "F"):
                value = value << 4 | UInt32(next.pointee - UInt8(ascii: "A") + 10)
            default: return value
            }
            next += 1
        }
        return value
    }

    /// Reads hexadecimal numbers joined by `+`.
    mutating func sequence() -> [UInt32] {
        var values = [hexadecimal()]
        while take("+") { values.append(hexadecimal()) }
        return values
    }

    private mutating func skipSpaces() {
        while next != end, next.pointee == UInt8(ascii: " ") { next += 1 }
    }
}
