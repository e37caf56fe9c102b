// Merges the symbols of one word: always the pair of lowest rank, the leftmost of equals.
// Not the choice of first symbols. Next: BytePairModel.swift.

/// The merges of a byte-pair encoding.
struct BytePairMerger: Sendable {
    /// For two neighbouring symbols: rank in the upper half, the merged symbol in the lower.
    let merges: PairTable

    /// Words up to this many symbols are merged by scanning; longer ones with a heap.
    private static let scanLimit = 32

    /// Memory that the words of one text share.
    struct Scratch {
        /// The symbols of the word to merge.
        var symbols: [Int32] = []
        fileprivate var pairs: [UInt64] = []
        fileprivate var previous: [Int] = []
        fileprivate var next: [Int] = []
        fileprivate var heap: [UInt64] = []
    }

    /// The value of a pair that no merge joins: its rank is beyond all ranks.
    private static let none = UInt64.max

    /// Merges `scratch.symbols` and appends what remains to `ids`.
    func merge(_ scratch: inout Scratch, to ids: inout [Int32]) {
        if scratch.symbols.count <= Self.scanLimit {
            mergeByScanning(&scratch)
            ids.append(contentsOf: scratch.symbols)
        } else {
            mergeWithHeap(&scratch, to: &ids)
        }
    }

    @inline(__always)
    private func pair(_ left: Int32, _ right: Int32) -> UInt64 {
        merges[PairTable.key(UInt32(bitPattern: left), UInt32(bitPattern: right))] ?? Self.none
    }

    /// Finds the best pair by looking at all of them: for short words cheaper than keeping order.
    private func mergeByScanning(_ scratch: inout Scratch) {
        var count = scratch.symbols.count
        guard count > 1 else { return }
        scratch.pairs.removeAll(keepingCapacity: true)
        for index in 0..<(count - 1) { scratch.pairs.append(pair(scratch.symbols[index], scratch.symbols[index + 1])) }
        while count > 1 {
            var best = Self.none
            var place = 0
            for index in 0..<(count - 1) where scratch.pairs[index] < best {
                best = scratch.pairs[index]
                place = index
            }
            if best == Self.none { break }
            scratch.symbols[place] = Int32(truncatingIfNeeded: best)
            count -= 1
            for index in (place + 1)..<max(count, place + 1) {
                scratch.symbols[index] = scratch.symbols[index + 1]
                scratch.pairs[index - 1] = scratch.pairs[index]
            }
            if place > 0 { scratch.pairs[place - 1] = pair(scratch.symbols[place - 1], scratch.symbols[place]) }
            if place < count - 1 { scratch.pairs[place] = pair(scratch.symbols[place], scratch.symbols[place + 1]) }
        }
        scratch.symbols.removeSubrange(count...)
    }

    /// Keeps candidate pairs in a heap ordered by rank and place, and skips those that earlier merges have undone.
    private func mergeWithHeap(_ scratch: inout Scratch, to ids: inout [Int32]) {
        let count = scratch.symbols.count
        scratch.previous = (0..<count).map { $0 - 1 }
        scratch.next = (0..<count).map { $0 + 1 }
        scratch.heap.removeAll(keepingCapacity: true)
        scratch.pairs.removeAll(keepingCapacity: true)
        for index in 0..<(count - 1) {
            let pair = pair(scratch.symbols[index], scratch.symbols[index + 1])
            scratch.pairs.append(pair)
            if pair != Self.none { Self.push(Self.candidate(pair, at: index), to: &scratch.heap) }
        }
        scratch.pairs.append(Self.none)
        while let candidate = Self.popLeast(&scratch.heap) {
            let place = Int(candidate & 0xFFFF_FFFF)
            // A pair that was merged or eaten since has another rank here now, or none.
            guard scratch.pairs[place] >> 32 == candidate >> 32, scratch.pairs[place] != Self.none else { continue }
            scratch.symbols[place] = Int32(truncatingIfNeeded: scratch.pairs[place])
            let eaten = scratch.next[place]
            let after = scratch.next[eaten]
            scratch.next[place] = after
            scratch.pairs[eaten] = Self.none
            scratch.symbols[eaten] = -1
            if after < count { scratch.previous[after] = place }
            update(place, &scratch)
            if scratch.previous[place] >= 0 { update(scratch.previous[place], &scratch) }
        }
        for symbol in scratch.symbols where symbol >= 0 { ids.append(symbol) }
    }

    /// Looks up the pair that starts at `place` again and makes it a candidate.
    private func update(_ place: Int, _ scratch: inout Scratch) {
        let next = scratch.next[place]
        scratch.pairs[place] =
            next < scratch.symbols.count ? pair(scratch.symbols[place], scratch.symbols[next]) : Self.none
        if scratch.pairs[place] != Self.none {
            Self.push(Self.candidate(scratch.pairs[place], at: place), to: &scratch.heap)
        }
    }

    private static func candidate(_ pair: UInt64, at place: Int) -> UInt64 {
        pair & 0xFFFF_FFFF_0000_0000 | UInt64(place)
    }

    private static func push(_ value: UInt64, to heap: inout [UInt64]) {
        heap.append(value)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child] < heap[parent] else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private static func popLeast(_ heap: inout [UInt64]) -> UInt64? {
        guard let least = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return least }
        heap[0] = last
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { return least }
            if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
            guard heap[child] < heap[parent] else { return least }
            heap.swapAt(child, parent)
            parent = child
        }
    }
}
