// A fast hash of contents, to notice that a file has changed or is damaged.
// Not for secrets: whoever wants to can make two contents with the same hash.

/// The 64-bit xxHash of some bytes.
///
/// *Source*: XXH64 of the xxHash specification 0.1.1 by Collet, github.com/Cyan4973/xxHash, `doc/xxhash_spec.md`.
public func xxHash64(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) -> UInt64 {
    var offset = 0
    var hash: UInt64
    if bytes.count >= 32 {
        var first = seed &+ prime1 &+ prime2
        var second = seed &+ prime2
        var third = seed
        var fourth = seed &- prime1
        while offset + 32 <= bytes.count {
            first = round(first, word64(bytes, offset))
            second = round(second, word64(bytes, offset + 8))
            third = round(third, word64(bytes, offset + 16))
            fourth = round(fourth, word64(bytes, offset + 24))
            offset += 32
        }
        hash = rotated(first, 1) &+ rotated(second, 7) &+ rotated(third, 12) &+ rotated(fourth, 18)
        for lane in [first, second, third, fourth] { hash = (hash ^ round(0, lane)) &* prime1 &+ prime4 }
    } else {
        hash = seed &+ prime5
    }
    hash &+= UInt64(bytes.count)
    while offset + 8 <= bytes.count {
        hash = rotated(hash ^ round(0, word64(bytes, offset)), 27) &* prime1 &+ prime4
        offset += 8
    }
    if offset + 4 <= bytes.count {
        let word = UInt64(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        hash = rotated(hash ^ (word &* prime1), 23) &* prime2 &+ prime3
        offset += 4
    }
    while offset < bytes.count {
        hash = rotated(hash ^ (UInt64(bytes[offset]) &* prime5), 11) &* prime1
        offset += 1
    }
    hash = (hash ^ (hash >> 33)) &* prime2
    hash = (hash ^ (hash >> 29)) &* prime3
    return hash ^ (hash >> 32)
}

/// The hash of the hashes of a content's pieces, which can be computed side by side.
func combinedHash(_ pieces: [UInt64], seed: UInt64 = 0) -> UInt64 {
    pieces.map(\.littleEndian).withUnsafeBytes { xxHash64($0, seed: seed) }
}

private let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
private let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
private let prime3: UInt64 = 0x1656_67B1_9E37_79F9
private let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
private let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

@inline(__always) private func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 {
    value << count | value >> (64 - count)
}

@inline(__always) private func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    rotated(lane &+ word &* prime2, 31) &* prime1
}

@inline(__always) private func word64(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
}
