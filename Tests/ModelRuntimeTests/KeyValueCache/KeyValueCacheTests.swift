// The cache's sizes, its memory, and who owns which block.

import Testing

@testable import ModelRuntime

@Suite struct CacheGeometryTests {
    /// Qwen2.5-VL-3B: 36 layers, 2 heads of 128: 36 KiB a token in bf16.
    @Test func bytesAreExact() {
        let geometry = CacheGeometry(layers: 36, kvHeads: 2, headDim: 128, precision: .bf16)
        #expect(geometry.tokenBytes == 36_864)
        #expect(geometry.blockBytes == 16 * 36_864)
        #expect(CacheGeometry(layers: 36, kvHeads: 2, headDim: 128, precision: .f32).tokenBytes == 73_728)
        let bytes = CacheGeometry(layers: 36, kvHeads: 2, headDim: 128, precision: .int8)
        #expect(bytes.tokenBytes == 36 * 2 * 2 * (128 + 4), "a scale for each head of keys and of values")
        #expect([0, 1, 16, 17].map(CacheGeometry.blockCount) == [0, 1, 1, 2])
    }
}

@Suite struct KeyValueCacheTests {
    private let geometry = CacheGeometry(layers: 3, kvHeads: 2, headDim: 16, precision: .f32)

    @Test func layersDoNotOverlap() throws {
        let cache = try KeyValueCache(geometry, blockCount: 5)
        #expect(cache.byteCount == 5 * geometry.blockBytes)
        let planes = (0..<3).flatMap { layer in
            let pages = cache.pages(ofLayer: layer)
            return [pages.keys, pages.values]
        }
        let planeBytes = 5 * geometry.planeBytes
        for (index, plane) in planes.enumerated() {
            #expect(plane - planes[0] == index * planeBytes)
            plane.initializeMemory(as: UInt8.self, repeating: UInt8(index + 1), count: planeBytes)
        }
        for (index, plane) in planes.enumerated() {
            let bytes = UnsafeRawBufferPointer(start: plane, count: planeBytes)
            #expect(bytes.allSatisfy { $0 == UInt8(index + 1) })
        }
        withExtendedLifetime(cache) {}
    }

    @Test func copiesABlockInEveryLayer() throws {
        let cache = try KeyValueCache(geometry, blockCount: 3)
        let page = geometry.pageBytes
        /// The pages of each layer's heads, keys and values: 3 blocks each.
        let heads = (0..<3).flatMap { layer in
            let pages = cache.pages(ofLayer: layer)
            return [pages.keys, pages.values].flatMap { start in (0..<2).map { start + $0 * 3 * page } }
        }
        for (index, head) in heads.enumerated() {
            (head + page).initializeMemory(as: UInt8.self, repeating: UInt8(index + 1), count: page)
        }
        cache.copyBlock(1, to: 2)
        for (index, head) in heads.enumerated() {
            let bytes = UnsafeRawBufferPointer(start: head, count: 3 * page)
            #expect(bytes[..<page].allSatisfy { $0 == 0 })
            #expect(bytes[page...].allSatisfy { Int($0) == index + 1 })
        }
    }

    @Test(arguments: [0, -1, Int.max / 2, Int(Int32.max)]) func impossibleSizesAreRefused(blocks: Int) {
        #expect(throws: MemoryRefused.self) { try KeyValueCache(geometry, blockCount: blocks) }
    }

    /// More than any machine has room for, though not more than numbers can say.
    @Test func memoryThatTheSystemDoesNotGive() throws {
        let huge = CacheGeometry(layers: 1 << 20, kvHeads: 1 << 10, headDim: 1 << 10, precision: .f32)
        let error = try #require(throws: MemoryRefused.self) { try KeyValueCache(huge, blockCount: 1) }
        #expect(error.byteCount == huge.blockBytes)
        #expect(throws: MemoryRefused.self) { try Arena(byteCount: 1 << 60) }
    }
}

@Suite struct BlockAllocatorTests {
    @Test func handsOutEveryBlockOnce() throws {
        var allocator = BlockAllocator(blockCount: 6)
        let first = try allocator.allocate(4)
        let second = try allocator.allocate(2)
        #expect(Set(first + second) == Set(0..<6))
        #expect(allocator.freeCount == 0 && allocator.usedCount == 6)
        for block in second { allocator.release(block) }
        #expect(Set(try allocator.allocate(2)) == Set(second))
    }

    @Test func allOrNothing() throws {
        var allocator = BlockAllocator(blockCount: 3)
        _ = try allocator.allocate(2)
        let error = try #require(throws: CacheExhausted.self) { try allocator.allocate(2) }
        #expect(error == CacheExhausted(neededBlocks: 2, freeBlocks: 1, totalBlocks: 3))
        #expect(
            error.description
                == "the key-value cache is full: 2 more blocks of 16 tokens are needed, 1 of 3 are free"
        )
        #expect(allocator.freeCount == 1)
        #expect(try allocator.allocate(0).isEmpty)
    }

    @Test func aBlockIsFreeWithoutUsers() throws {
        var allocator = BlockAllocator(blockCount: 1)
        let block = try allocator.allocate(1)[0]
        allocator.retain(block)
        allocator.release(block)
        #expect(allocator.freeCount == 0 && allocator.userCount(of: block) == 1)
        allocator.release(block)
        #expect(allocator.freeCount == 1 && allocator.userCount(of: block) == 0)
    }
}

@Suite struct BlockTableTests {
    @Test func slotsFollowTheBlocks() throws {
        var allocator = BlockAllocator(blockCount: 8)
        var other = BlockTable()
        try other.append(1, from: &allocator)
        var table = BlockTable()
        try table.append(10, from: &allocator)
        try other.append(20, from: &allocator)
        try table.append(25, from: &allocator)
        #expect(table.blocks.count == 3 && table.tokenCount == 35)
        #expect(Set(table.blocks).isDisjoint(with: other.blocks))
        let slots = table.slots(0..<35)
        #expect(Set(slots).count == 35)
        for (token, slot) in slots.enumerated() {
            #expect(slot / 16 == table.blocks[token / 16] && Int(slot) % 16 == token % 16)
        }
        #expect(table.slots(15..<17) == [table.blocks[0] * 16 + 15, table.blocks[1] * 16])
    }

    @Test func exhaustionChangesNothing() throws {
        var allocator = BlockAllocator(blockCount: 2)
        var table = BlockTable()
        try table.append(16, from: &allocator)
        let before = table
        #expect(throws: CacheExhausted.self) { try table.append(17, from: &allocator) }
        #expect(table == before && allocator.freeCount == 1)
    }

    @Test func truncationGivesBlocksBack() throws {
        var allocator = BlockAllocator(blockCount: 4)
        var table = BlockTable()
        try table.append(50, from: &allocator)
        table.truncate(to: 17, in: &allocator)
        #expect(table.tokenCount == 17 && table.blocks.count == 2 && allocator.freeCount == 2)
        table.truncate(to: 0, in: &allocator)
        #expect(table.blocks.isEmpty && allocator.freeCount == 4)
    }

    @Test func forksShareBlocksUntilOneWrites() throws {
        let geometry = CacheGeometry(layers: 1, kvHeads: 1, headDim: 16, precision: .f32)
        let cache = try KeyValueCache(geometry, blockCount: 6)
        var allocator = BlockAllocator(blockCount: 6)
        var first = BlockTable()
        try first.append(20, from: &allocator)
        (cache.pages(ofLayer: 0).keys + Int(first.blocks[1]) * geometry.planeBytes)
            .initializeMemory(as: UInt8.self, repeating: 5, count: geometry.planeBytes)
        var second = first.fork(in: &allocator)
        #expect(allocator.usedCount == 2)
        try second.append(1, from: &allocator, in: cache)
        #expect(allocator.usedCount == 3)
        #expect(second.blocks[0] == first.blocks[0] && second.blocks[1] != first.blocks[1])
        let copy = UnsafeRawBufferPointer(
            start: cache.pages(ofLayer: 0).keys + Int(second.blocks[1]) * geometry.planeBytes,
            count: geometry.planeBytes
        )
        #expect(copy.allSatisfy { $0 == 5 })
        try first.append(1, from: &allocator, in: cache)
        #expect(allocator.usedCount == 3, "the last user of a block writes it in place")
        first.truncate(to: 0, in: &allocator)
        second.truncate(to: 0, in: &allocator)
        #expect(allocator.freeCount == 6)
        withExtendedLifetime(cache) {}
    }

    /// Random growth, cuts and forks never lose or share a block wrongly.
    @Test func noBlockIsLost() throws {
        var generator = SeededGenerator(seed: 17)
        var allocator = BlockAllocator(blockCount: 40)
        var tables: [BlockTable] = [BlockTable()]
        for _ in 0..<1000 {
            let index = Int.random(in: tables.indices, using: &generator)
            switch generator.next() % 4 {
            case 0, 1: try? tables[index].append(Int.random(in: 0...40, using: &generator), from: &allocator)
            case 2:
                let count = Int.random(in: 0...tables[index].tokenCount, using: &generator)
                tables[index].truncate(to: count, in: &allocator)
            default: if tables.count < 6 { tables.append(tables[index].fork(in: &allocator)) }
            }
            var users: [Int32: Int] = [:]
            for block in tables.flatMap(\.blocks) { users[block, default: 0] += 1 }
            #expect(users.count == allocator.usedCount)
            #expect(users.allSatisfy { allocator.userCount(of: $0.key) == $0.value })
            #expect(tables.allSatisfy { $0.blocks.count == CacheGeometry.blockCount(tokens: $0.tokenCount) })
        }
    }
}
