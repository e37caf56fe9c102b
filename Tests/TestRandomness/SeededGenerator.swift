// Random numbers that are the same in every run and on every machine.
// Not the sampler's generator: ModelRuntime has its own, whose sequence is part of its interface.

/// *Source* Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators, 2014 (SplitMix64).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// The generator of one seed.
    public init(seed: UInt64) { state = seed }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A number between -1 and 1, exact in single precision.
    public mutating func uniform() -> Double {
        Double(Int64(bitPattern: next() >> 40)) / Double(1 << 23) - 1
    }
}
