// The blocks of one sequence, in order: where each of its tokens has its keys and values.
// Not the positions of its tokens: an image counts by tokens here and by its sides there (RotaryPositions.swift).

/// The part of the cache that one sequence uses.
public struct BlockTable: Sendable, Hashable {
    /// The blocks: token `i` lies in `blocks[i / 16]`.
    public private(set) var blocks: [Int32] = []
    /// The tokens that have a slot.
    public private(set) var tokenCount = 0

    /// The table of an empty sequence.
    public init() {}

    /// The table of a sequence that begins with full blocks which others use, too.
    public init(sharing blocks: [Int32], in allocator: inout BlockAllocator) {
        for block in blocks { allocator.retain(block) }
        self.blocks = blocks
        tokenCount = blocks.count * CacheGeometry.blockTokens
    }

    /// Uses another block, which holds the same tokens, in the place of a full one.
    public mutating func replace(blockAt index: Int, by block: Int32, in allocator: inout BlockAllocator) {
        precondition((index + 1) * CacheGeometry.blockTokens <= tokenCount, "block \(index) is not full")
        allocator.retain(block)
        allocator.release(blocks[index])
        blocks[index] = block
    }

    /// Gives slots to `count` further tokens, or changes nothing if the cache has no room.
    ///
    /// A last block that is partly filled and shared with another sequence is replaced by a copy first.
    public mutating func append(
        _ count: Int,
        from allocator: inout BlockAllocator,
        in cache: KeyValueCache? = nil
    ) throws(CacheExhausted) {
        precondition(count >= 0, "\(count) tokens")
        guard count > 0 else { return }
        let fresh = try allocator.allocate(blocksNeeded(for: count, in: allocator))
        if let last = blocks.last, copiesLast(in: allocator) {
            cache?.copyBlock(last, to: fresh[0])
            allocator.release(last)
            blocks[blocks.count - 1] = fresh[0]
            blocks += fresh[1...]
        } else {
            blocks += fresh
        }
        tokenCount += count
    }

    /// The free blocks that `append` takes for `count` further tokens, that for a copy of the last one included.
    public func blocksNeeded(for count: Int, in allocator: BlockAllocator) -> Int {
        guard count > 0 else { return 0 }
        let missing = CacheGeometry.blockCount(tokens: tokenCount + count) - blocks.count
        return missing + (copiesLast(in: allocator) ? 1 : 0)
    }

    /// Whether the last block has room and is shared, so that it cannot be written.
    private func copiesLast(in allocator: BlockAllocator) -> Bool {
        guard let last = blocks.last, tokenCount % CacheGeometry.blockTokens != 0 else { return false }
        return allocator.userCount(of: last) > 1
    }

    /// Forgets the tokens from `count` on and lets go of blocks that are no longer needed.
    public mutating func truncate(to count: Int, in allocator: inout BlockAllocator) {
        precondition(count >= 0 && count <= tokenCount, "\(count) of \(tokenCount) tokens")
        while blocks.count > CacheGeometry.blockCount(tokens: count), let block = blocks.popLast() {
            allocator.release(block)
        }
        tokenCount = count
    }

    /// A sequence that begins with the same tokens and shares their blocks until one of the two writes.
    public func fork(in allocator: inout BlockAllocator) -> BlockTable {
        for block in blocks { allocator.retain(block) }
        return self
    }

    /// The slots of tokens: `block * 16 + offset`.
    public func slots(_ tokens: Range<Int>) -> [Int32] {
        precondition(tokens.lowerBound >= 0 && tokens.upperBound <= tokenCount, "\(tokens) of \(tokenCount) tokens")
        let size = CacheGeometry.blockTokens
        return tokens.map { blocks[$0 / size] * Int32(size) + Int32($0 % size) }
    }
}
