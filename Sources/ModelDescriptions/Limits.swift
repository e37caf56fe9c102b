// The largest dimensions that a description may state.
// Not limits of the machine: they only keep a slip of the finger from becoming an absurd plan.

/// Bounds of dimensions, far above any published model, low enough that products of three fit in 64 bits.
enum Limits {
    static let schema = 1...9999
    static let layers = 1...1024
    static let width = 1...1_048_576
    static let heads = 1...4096
    static let headDim = 1...8192
    static let vocab = 1...16_777_216
    static let context = 1...1_073_741_824
    static let pixels = 1_073_741_824
    static let patch = 1...1024
    static let merge = 1...64
    static let temporalPatch = 1...64
    static let channels = 1...16
    /// Bytes of a TOML file.
    static let fileBytes = 1_048_576
}
