// How many adapters a loaded model may have at a time, and how large they may be: what memory is planned by.

/// The most of adapters.
public struct AdapterLimits: Sendable, Hashable {
    /// Adapters that are in memory at a time: loaded, or unloaded but still in use.
    public let count: Int
    /// The greatest rank of one.
    public let rank: Int

    /// What `count` may be where there are adapters.
    public static let counts = 1...1024
    /// What `rank` may be where there are adapters.
    public static let ranks = 1...4096

    /// No adapters.
    public static let none = AdapterLimits()

    private init() { (count, rank) = (0, 0) }

    /// Limits within `counts` and `ranks`.
    public init(count: Int, rank: Int) {
        precondition(Self.counts.contains(count) && Self.ranks.contains(rank), "\(count) adapters of rank \(rank)")
        self.count = count
        self.rank = rank
    }

    /// Bytes of all adapters of a model with these weights, at most: each adds to every matrix.
    public func byteCount(for weights: WeightManifest) -> Int {
        count == 0 ? 0 : count * weights.adapterByteCount(rank: rank)
    }
}
