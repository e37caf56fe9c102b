// Open-addressing hash tables in flat arrays: pairs of numbers to numbers, and byte strings to numbers.
// Not growing: each is built once, for a known count. Next: Vocabulary.swift and BytePairModel.swift.

/// Mixing for the flat tables. The seed differs from run to run, so that no file can aim at one chain of slots; results
/// never depend on it.
enum FlatHash {
    static let seed = UInt64.random(in: .min ... .max)

    @inline(__always)
    static func mix(_ value: UInt64) -> UInt64 {
        let product = (value ^ seed).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }

    /// The hash of a byte string.
    @inline(__always)
    static func of(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hash = UInt64(truncatingIfNeeded: bytes.count)
        guard let base = bytes.baseAddress else { return mix(hash) }
        let raw = UnsafeRawPointer(base)
        var index = 0
        while index + 8 <= bytes.count {
            hash = mix(hash ^ raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            index += 8
        }
        var tail: UInt64 = 0
        while index < bytes.count {
            tail = tail << 8 | UInt64(bytes[index])
            index += 1
        }
        return mix(hash ^ tail &+ 0xD6E8_FEB8_6659_FD93)
    }

    /// The number of slots for `count` entries: a power of two, at most half of them taken.
    static func capacity(for count: Int) -> Int {
        var capacity = 16
        while capacity < 2 * count { capacity *= 2 }
        return capacity
    }
}

/// A map from pairs of numbers to a number.
struct PairTable: Sendable {
    /// Key and value of each slot in turn; a key of all ones marks a free slot.
    private var slots: [UInt64]
    private let mask: Int

    private static let free = UInt64.max

    /// A table that will hold at most `count` pairs.
    init(capacityFor count: Int) {
        let capacity = FlatHash.capacity(for: count)
        slots = Array(repeating: Self.free, count: 2 * capacity)
        mask = capacity - 1
    }

    /// The key of a pair; the first number must not be all ones.
    @inline(__always)
    static func key(_ first: UInt32, _ second: UInt32) -> UInt64 { UInt64(first) << 32 | UInt64(second) }

    /// Sets the value of a key and returns the value it had.
    @discardableResult
    mutating func set(_ key: UInt64, to value: UInt64) -> UInt64? {
        var slot = Int(truncatingIfNeeded: FlatHash.mix(key)) & mask
        while slots[2 * slot] != Self.free {
            if slots[2 * slot] == key {
                let previous = slots[2 * slot + 1]
                slots[2 * slot + 1] = value
                return previous
            }
            slot = (slot + 1) & mask
        }
        slots[2 * slot] = key
        slots[2 * slot + 1] = value
        return nil
    }

    /// The value of a key, or nil.
    @inline(__always)
    subscript(key: UInt64) -> UInt64? {
        var slot = Int(truncatingIfNeeded: FlatHash.mix(key)) & mask
        while true {
            let found = slots[2 * slot]
            if found == key { return slots[2 * slot + 1] }
            if found == Self.free { return nil }
            slot = (slot + 1) & mask
        }
    }
}

/// The places of byte strings that a caller keeps, found by their content.
struct StringTable: Sendable {
    /// The upper half of the hash, then the place plus one; 0 marks a free slot.
    private var slots: [UInt64]
    private let mask: Int

    /// A table that will hold at most `count` strings.
    init(capacityFor count: Int) {
        let capacity = FlatHash.capacity(for: count)
        slots = Array(repeating: 0, count: capacity)
        mask = capacity - 1
    }

    /// Enters `place` for a string with this hash; returns the place of an equal string that is already there, judged
    /// by `isEqual`, and then enters nothing.
    mutating func insert(_ place: Int, hash: UInt64, isEqual: (Int) -> Bool) -> Int? {
        let tag = hash & 0xFFFF_FFFF_0000_0000
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
            let found = slots[slot]
            if found & 0xFFFF_FFFF_0000_0000 == tag, isEqual(Int(found & 0xFFFF_FFFF) - 1) {
                return Int(found & 0xFFFF_FFFF) - 1
            }
            slot = (slot + 1) & mask
        }
        slots[slot] = tag | UInt64(place + 1)
        return nil
    }

    /// The place of the string with this hash that `isEqual` accepts, or nil.
    @inline(__always)
    func find(hash: UInt64, isEqual: (Int) -> Bool) -> Int? {
        let tag = hash & 0xFFFF_FFFF_0000_0000
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
            let found = slots[slot]
            if found & 0xFFFF_FFFF_0000_0000 == tag, isEqual(Int(found & 0xFFFF_FFFF) - 1) {
                return Int(found & 0xFFFF_FFFF) - 1
            }
            slot = (slot + 1) & mask
        }
        return nil
    }
}
