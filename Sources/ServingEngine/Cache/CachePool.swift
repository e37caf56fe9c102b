// The blocks of the cache as sequences take them: new ones, and those of beginnings that are known already.
// Not which sequence gets them: ../Scheduling/StepPlanner.swift.

import ModelRuntime

/// The part of the cache that one sequence has, and what of it others may share.
struct CachedPrefix {
    /// The sequence's blocks.
    fileprivate(set) var table = BlockTable()
    /// The nodes of its first blocks.
    fileprivate var nodes: [PrefixTree.NodeID] = []
    /// Whether further blocks can be made known.
    fileprivate var isShareable = true

    /// Tokens whose keys and values are in the cache, or will be with the next step.
    var tokenCount: Int { table.tokenCount }
}

/// All blocks: free, in use, and idle ones that hold known beginnings until their room is needed.
struct CachePool {
    private var allocator: BlockAllocator
    private var tree = PrefixTree()
    private let isSharing: Bool
    private let cache: KeyValueCache?

    /// All of `blockCount` blocks free.
    ///
    /// - Parameters:
    ///   - isSharing: Whether beginnings are remembered.
    ///   - cache: The memory of the blocks, for copies of them.
    init(blockCount: Int, isSharing: Bool, cache: KeyValueCache?) {
        allocator = BlockAllocator(blockCount: blockCount)
        self.isSharing = isSharing
        self.cache = cache
    }

    /// Blocks of the cache.
    var blockCount: Int { allocator.blockCount }
    /// Blocks that a sequence could have: free ones, and those that hold what nobody uses at the moment.
    var availableCount: Int { allocator.freeCount + tree.idleCount }
    /// Blocks that sequences use.
    var usedCount: Int { blockCount - availableCount }

    /// How many of `tokens` are known, in whole blocks.
    func knownTokens(_ tokens: [TokenIdentity], in space: PrefixSpace) -> Int {
        isSharing ? tree.match(tokens, in: space).count * CacheGeometry.blockTokens : 0
    }

    /// The known beginning of `tokens`, at most `limit` of them, in whole blocks.
    mutating func takePrefix(of tokens: [TokenIdentity], limit: Int, in space: PrefixSpace) -> CachedPrefix {
        var prefix = CachedPrefix()
        guard isSharing else { return prefix }
        prefix.nodes = Array(tree.match(tokens, in: space).prefix(max(limit, 0) / CacheGeometry.blockTokens))
        tree.use(prefix.nodes)
        prefix.table = BlockTable(sharing: prefix.nodes.compactMap(tree.block), in: &allocator)
        return prefix
    }

    /// Gives slots to `count` further tokens, or changes nothing if there is no room.
    mutating func append(_ count: Int, to prefix: inout CachedPrefix) throws(CacheExhausted) {
        let needed = prefix.table.blocksNeeded(for: count, in: allocator)
        if needed > allocator.freeCount { _ = tree.evict(needed - allocator.freeCount, allocator: &allocator) }
        try prefix.table.append(count, from: &allocator, in: cache)
    }

    /// Makes the blocks known that are full and computed: `tokens` are those of the sequence whose keys and values are in
    /// the cache. A block that is known already takes the place of the sequence's own, which holds the same numbers.
    mutating func publish(_ prefix: inout CachedPrefix, tokens: ArraySlice<TokenIdentity>, in space: PrefixSpace) {
        guard isSharing, prefix.isShareable else { return }
        while (prefix.nodes.count + 1) * CacheGeometry.blockTokens <= tokens.count {
            let index = prefix.nodes.count
            let first = tokens.startIndex + index * CacheGeometry.blockTokens
            let own = prefix.table.blocks[index]
            let node = tree.insert(
                tokens[first..<first + CacheGeometry.blockTokens],
                after: prefix.nodes.last,
                in: space,
                block: own,
                allocator: &allocator
            )
            guard let node, let block = tree.block(of: node) else {
                prefix.isShareable = false
                return
            }
            if block != own {
                tree.use([node])
                prefix.table.replace(blockAt: index, by: block, in: &allocator)
            }
            prefix.nodes.append(node)
        }
    }

    /// A sequence that goes on from the same tokens.
    mutating func fork(_ prefix: CachedPrefix) -> CachedPrefix {
        var copy = prefix
        copy.table = prefix.table.fork(in: &allocator)
        return copy
    }

    /// Lets go of all blocks; those that are known stay until their room is needed.
    mutating func release(_ prefix: inout CachedPrefix) {
        prefix.table.truncate(to: 0, in: &allocator)
        tree.release(prefix.nodes, allocator: allocator)
        prefix = CachedPrefix()
    }
}
