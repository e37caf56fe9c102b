// The random numbers of sampling: small, documented, the same on every machine.
// Not for secrets.

/// A stream of random bits that a seed determines.
///
/// *Source*: xoshiro256** 1.0 by Blackman and Vigna (2018), its state filled from the seed by SplitMix64
/// (Steele, Lea and Flood 2014), as its authors recommend.
public struct SeededGenerator: RandomNumberGenerator, Sendable, Hashable {
    private var first, second, third, fourth: UInt64

    /// The stream of `seed`.
    public init(seed: UInt64) {
        var filler = SplitMix64(state: seed)
        (first, second, third, fourth) = (filler.next(), filler.next(), filler.next(), filler.next())
    }

    /// The stream that goes on from a state, which must not be zero throughout.
    init(state: (UInt64, UInt64, UInt64, UInt64)) {
        (first, second, third, fourth) = state
    }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        let product = second &* 5
        let result = (product << 7 | product >> 57) &* 9
        let shifted = second << 17
        third ^= first
        fourth ^= second
        second ^= third
        first ^= fourth
        third ^= shifted
        fourth = fourth << 45 | fourth >> 19
        return result
    }

    /// A number from 0 up to but without 1: the upper 53 bits of `next()` times 2^-53.
    public mutating func nextUnit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }
}

/// A generator whose whole state is a counter; spreads a seed over a larger state.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}
