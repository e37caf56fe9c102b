// The blocks of the cache under random use, against a plain account of who has which.

import TestRandomness
import Testing

@testable import ModelRuntime
@testable import ServingEngine

@Suite struct CachePoolTests {
    /// A sequence, and the tokens whose keys and values it has.
    private struct Holder {
        var prefix: CachedPrefix
        var tokens: [TokenIdentity]
        var space: PrefixSpace
    }

    private static func tokens(_ count: Int, alphabet: Int32, _ generator: inout TestRandomness.SeededGenerator)
        -> [TokenIdentity]
    {
        (0..<count).map { _ in TokenIdentity(token: Int32.random(in: 0..<alphabet, using: &generator)) }
    }

    /// What blocks hold is followed in a table: block → the whole beginning up to its end. A sequence must find its own
    /// beginning in all its full blocks, whatever was shared, published, evicted and given to others meanwhile.
    @Test(arguments: 0..<20) func randomUse(_ seed: Int) throws {
        var generator = TestRandomness.SeededGenerator(seed: UInt64(seed))
        let blockCount = Int.random(in: 6...40, using: &generator)
        var pool = CachePool(blockCount: blockCount, isSharing: true, cache: nil)
        var contents: [Int32: [TokenIdentity]] = [:]
        var holders: [Holder] = []
        var hits = 0
        for _ in 0..<400 * FuzzRounds.factor {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0...4 where holders.count < 6:
                // Few different tokens, so that beginnings are often the same.
                let count = Int.random(in: 1...70, using: &generator)
                let tokens = Self.tokens(3, alphabet: 2, &generator).flatMap {
                    [TokenIdentity](repeating: $0, count: (count + 2) / 3)
                }
                let space = PrefixSpace(salt: Bool.random(using: &generator) ? "a" : "b")
                var prefix = pool.takePrefix(of: tokens, limit: tokens.count - 1, in: space)
                hits += prefix.tokenCount
                let known = prefix.tokenCount
                guard (try? pool.append(tokens.count - known, to: &prefix)) != nil else {
                    pool.release(&prefix)
                    continue
                }
                holders.append(Holder(prefix: prefix, tokens: tokens, space: space))
                fill(holders[holders.count - 1], from: known, &contents)
                pool.publish(&holders[holders.count - 1].prefix, tokens: tokens[...], in: space)
            case 5...6 where !holders.isEmpty:
                // An answer grows.
                let index = Int.random(in: 0..<holders.count, using: &generator)
                let known = holders[index].tokens.count
                let more = Self.tokens(Int.random(in: 1...20, using: &generator), alphabet: 2, &generator)
                guard (try? pool.append(more.count, to: &holders[index].prefix)) != nil else { continue }
                holders[index].tokens += more
                fill(holders[index], from: known, &contents)
                pool.publish(
                    &holders[index].prefix,
                    tokens: holders[index].tokens[...],
                    in: holders[index].space
                )
            case 7 where !holders.isEmpty && holders.count < 6:
                let index = Int.random(in: 0..<holders.count, using: &generator)
                var copy = holders[index]
                copy.prefix = pool.fork(holders[index].prefix)
                holders.append(copy)
            default:
                guard !holders.isEmpty else { continue }
                let index = Int.random(in: 0..<holders.count, using: &generator)
                pool.release(&holders[index].prefix)
                holders.remove(at: index)
            }
            for holder in holders { check(holder, contents) }
            let used = Set(holders.flatMap(\.prefix.table.blocks))
            #expect(pool.usedCount == used.count)
        }
        for index in holders.indices { pool.release(&holders[index].prefix) }
        #expect(pool.availableCount == blockCount)
        #expect(hits > 0)
    }

    /// Writes tokens from `first` on into the table, as a step writes keys and values.
    private func fill(_ holder: Holder, from first: Int, _ contents: inout [Int32: [TokenIdentity]]) {
        for (index, block) in holder.prefix.table.blocks.enumerated() where (index + 1) * 16 > first {
            let marker = TokenIdentity(token: holder.space.salt == "a" ? -1 : -2)
            contents[block] = [marker] + holder.tokens.prefix((index + 1) * 16)
        }
    }

    private func check(_ holder: Holder, _ contents: [Int32: [TokenIdentity]]) {
        for (index, block) in holder.prefix.table.blocks.enumerated() where (index + 1) * 16 <= holder.tokens.count {
            let marker = TokenIdentity(token: holder.space.salt == "a" ? -1 : -2)
            #expect(contents[block] == [marker] + holder.tokens.prefix((index + 1) * 16), "block \(block)")
        }
    }

    @Test func theLeastRecentlyUsedGoesFirst() throws {
        var pool = CachePool(blockCount: 4, isSharing: true, cache: nil)
        func tokens(_ value: Int32) -> [TokenIdentity] {
            [TokenIdentity](repeating: TokenIdentity(token: value), count: 17)
        }
        for value: Int32 in [1, 2, 1] {
            var prefix = pool.takePrefix(of: tokens(value), limit: 16, in: PrefixSpace())
            try pool.append(16 - prefix.tokenCount, to: &prefix)
            pool.publish(&prefix, tokens: tokens(value)[..<16], in: PrefixSpace())
            pool.release(&prefix)
        }
        var large = CachedPrefix()
        try pool.append(48, to: &large)
        #expect(pool.knownTokens(tokens(1), in: PrefixSpace()) == 16)
        #expect(pool.knownTokens(tokens(2), in: PrefixSpace()) == 0)
        var more = CachedPrefix()
        try pool.append(16, to: &more)
        #expect(pool.knownTokens(tokens(1), in: PrefixSpace()) == 0)
        #expect(throws: CacheExhausted.self) { try pool.append(1, to: &more) }
    }
}
