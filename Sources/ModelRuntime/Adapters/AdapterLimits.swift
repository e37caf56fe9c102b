// How many adapters a loaded model may have at a time, and how large they may be: what memory is planned by.

/// The most of adapters.
public struct AdapterLimits: Sendable, Hashable {
    /// Adapters that are loaded at a time.
    public let count: Int
    /// The greatest rank of one.
    public let rank: Int
    /// Room for further ones that have no name any more but are still in use, or that are about to take another's name.
    /// Without it, those count as loaded.
    public let spareCount: Int

    /// What `count` may be where there are adapters.
    public static let counts = 1...1024
    /// What `rank` may be where there are adapters.
    public static let ranks = 1...4096

    /// No adapters.
    public static let none = AdapterLimits()

    private init() { (count, rank, spareCount) = (0, 0, 0) }

    /// Limits within `counts` and `ranks`.
    public init(count: Int, rank: Int, spareCount: Int = 0) {
        precondition(Self.counts.contains(count) && Self.ranks.contains(rank), "\(count) adapters of rank \(rank)")
        precondition(spareCount >= 0, "\(spareCount) spare adapters")
        self.count = count
        self.rank = rank
        self.spareCount = spareCount
    }

    /// Adapters that are in memory at a time.
    public var placeCount: Int { count + spareCount }

    /// Bytes of all adapters of a model with these weights, at most: each adds to every matrix.
    public func byteCount(for weights: WeightManifest) -> Int {
        count == 0 ? 0 : placeCount * weights.adapterByteCount(rank: rank)
    }
}
