// Which blocks of the cache are free, and how many sequences use each of the others.
// Not the memory (KeyValueCache.swift) and not their order within a sequence (BlockTable.swift).

/// Hands out block numbers and takes them back when the last user has let go.
public struct BlockAllocator: Sendable {
    /// The number of blocks, free or not.
    public let blockCount: Int
    private var free: [Int32]
    private var userCounts: [UInt32]

    /// All of `blockCount` blocks free.
    public init(blockCount: Int) {
        precondition(blockCount >= 0 && blockCount <= Int(Int32.max), "\(blockCount) blocks")
        self.blockCount = blockCount
        free = (0..<Int32(blockCount)).reversed()
        userCounts = [UInt32](repeating: 0, count: blockCount)
    }

    /// Blocks that nobody uses.
    public var freeCount: Int { free.count }
    /// Blocks that somebody uses.
    public var usedCount: Int { blockCount - free.count }

    /// Takes `count` free blocks, each with one user, or none at all if there are not enough.
    public mutating func allocate(_ count: Int) throws(CacheExhausted) -> [Int32] {
        precondition(count >= 0, "\(count) blocks")
        guard count <= free.count else {
            throw CacheExhausted(neededBlocks: count, freeBlocks: free.count, totalBlocks: blockCount)
        }
        let blocks = Array(free.suffix(count).reversed())
        free.removeLast(count)
        for block in blocks { userCounts[Int(block)] = 1 }
        return blocks
    }

    /// Adds a user to a block in use.
    public mutating func retain(_ block: Int32) {
        precondition(userCount(of: block) > 0, "block \(block) is free")
        userCounts[Int(block)] += 1
    }

    /// Takes a user from a block in use; without users it is free.
    public mutating func release(_ block: Int32) {
        precondition(userCount(of: block) > 0, "block \(block) is free")
        userCounts[Int(block)] -= 1
        if userCounts[Int(block)] == 0 { free.append(block) }
    }

    /// The users of a block; 0 if it is free.
    public func userCount(of block: Int32) -> Int {
        precondition(block >= 0 && Int(block) < blockCount, "block \(block) of \(blockCount)")
        return Int(userCounts[Int(block)])
    }
}

/// The cache has no room for what a sequence needs.
public struct CacheExhausted: Error, Sendable, Hashable, CustomStringConvertible {
    /// Blocks that are needed further.
    public let neededBlocks: Int
    /// Blocks that are free.
    public let freeBlocks: Int
    /// Blocks of the whole cache.
    public let totalBlocks: Int

    /// One sentence.
    public var description: String {
        "the key-value cache is full: \(neededBlocks) more blocks of \(CacheGeometry.blockTokens) tokens are needed, "
            + "\(freeBlocks) of \(totalBlocks) are free"
    }
}
