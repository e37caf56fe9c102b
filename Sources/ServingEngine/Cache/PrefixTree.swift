// Which blocks of the cache hold which beginnings of sequences: full blocks by all the tokens up to their end.
// Not the blocks themselves: CachePool.swift puts the tree and the allocator together.

import ModelRuntime

/// What a token is where beginnings are compared: images are told apart by their content.
struct TokenIdentity: Hashable, Sendable {
    var token: Int32
    /// The image that the token stands for; 0 for text.
    var image: UInt64 = 0
}

/// Beginnings of sequences that are compared with one another and with no others.
struct PrefixSpace: Hashable, Sendable {
    /// The adapter that keys and values were made with; 0 for none.
    var adapter: UInt64 = 0
    /// See `GenerationRequest.cacheSalt`.
    var salt = ""
}

/// Known beginnings: a node for each full block, below the node of the block before it.
///
/// Tokens are compared themselves, not by hashes, so that no two beginnings are ever taken for each other. Every node is
/// a user of its block in the allocator. A node whose block has no other user is idle; idle nodes without children can
/// be evicted, the least recently used first. Whoever uses a node's block uses those of all nodes above it.
struct PrefixTree {
    /// A node; numbers are not used twice.
    struct NodeID: Hashable, Sendable {
        fileprivate let number: UInt64
    }

    private struct Place: Hashable {
        let parent: Parent
        let tokens: ArraySlice<TokenIdentity>
    }

    private enum Parent: Hashable {
        case space(PrefixSpace)
        case node(NodeID)
    }

    private struct Node {
        let place: Place
        let block: Int32
        var children = 0
        var lastUse: UInt64
        var isIdle = false
    }

    private var nodes: [NodeID: Node] = [:]
    private var places: [Place: NodeID] = [:]
    private var candidates = EvictionQueue()
    private var nextNumber: UInt64 = 1
    private var time: UInt64 = 0
    /// Nodes that only the tree uses.
    private(set) var idleCount = 0

    /// Nodes of any kind.
    var count: Int { nodes.count }

    /// A node's block.
    func block(of node: NodeID) -> Int32? { nodes[node]?.block }

    /// The nodes of the longest known beginning of `tokens`, in whole blocks.
    func match(_ tokens: [TokenIdentity], in space: PrefixSpace) -> [NodeID] {
        var found: [NodeID] = []
        var parent = Parent.space(space)
        var first = 0
        while first + CacheGeometry.blockTokens <= tokens.count {
            let next = first + CacheGeometry.blockTokens
            guard let node = places[Place(parent: parent, tokens: tokens[first..<next])] else { break }
            found.append(node)
            parent = .node(node)
            first = next
        }
        return found
    }

    /// Adds the block that holds `tokens` after `parent`, or finds the one that is known already.
    ///
    /// Returns nil, and adds nothing, if `parent` has been evicted.
    mutating func insert(
        _ tokens: ArraySlice<TokenIdentity>,
        after parent: NodeID?,
        in space: PrefixSpace,
        block: Int32,
        allocator: inout BlockAllocator
    ) -> NodeID? {
        precondition(tokens.count == CacheGeometry.blockTokens, "\(tokens.count) tokens in a block")
        if let parent, nodes[parent] == nil { return nil }
        // A copy of its own, so that the node does not keep the whole sequence.
        let place = Place(parent: parent.map(Parent.node) ?? .space(space), tokens: ArraySlice(Array(tokens)))
        if let known = places[place] { return known }
        let node = NodeID(number: nextNumber)
        nextNumber += 1
        allocator.retain(block)
        nodes[node] = Node(place: place, block: block, lastUse: time)
        places[place] = node
        if let parent { nodes[parent]?.children += 1 }
        return node
    }

    /// Takes note that the nodes' blocks have a user again, besides the tree.
    mutating func use(_ used: [NodeID]) {
        time += 1
        for node in used {
            guard nodes[node]?.isIdle == true else { continue }
            nodes[node]?.isIdle = false
            idleCount -= 1
        }
    }

    /// Takes note that a sequence has let go of the blocks of `released`, from the last one on.
    mutating func release(_ released: [NodeID], allocator: BlockAllocator) {
        time += 1
        for node in released.reversed() {
            guard let block = nodes[node]?.block, allocator.userCount(of: block) == 1 else { continue }
            if nodes[node]?.isIdle == false {
                nodes[node]?.isIdle = true
                idleCount += 1
            }
            nodes[node]?.lastUse = time
            offer(node)
        }
    }

    /// Frees the blocks of up to `count` idle nodes, and returns how many there were.
    mutating func evict(_ count: Int, allocator: inout BlockAllocator) -> Int {
        var evicted = 0
        while evicted < count, let candidate = candidates.popOldest() {
            guard let node = nodes[candidate.node], isEvictable(candidate) else { continue }
            nodes[candidate.node] = nil
            places[node.place] = nil
            allocator.release(node.block)
            idleCount -= 1
            evicted += 1
            if case .node(let parent) = node.place.parent {
                nodes[parent]?.children -= 1
                offer(parent)
            }
        }
        return evicted
    }

    /// Whether nothing has happened to a node since it was offered.
    private func isEvictable(_ candidate: EvictionQueue.Candidate) -> Bool {
        guard let node = nodes[candidate.node] else { return false }
        return node.isIdle && node.children == 0 && node.lastUse == candidate.lastUse
    }

    private mutating func offer(_ node: NodeID) {
        guard let found = nodes[node], found.isIdle, found.children == 0 else { return }
        candidates.push(EvictionQueue.Candidate(lastUse: found.lastUse, node: node))
        // What was offered and then used again stays in the queue until it is swept.
        if candidates.count > 64 + 4 * nodes.count {
            candidates = EvictionQueue(candidates.all.filter(isEvictable))
        }
    }
}

/// Nodes that could be evicted when they were offered, the least recently used first. A binary heap.
private struct EvictionQueue {
    struct Candidate {
        let lastUse: UInt64
        let node: PrefixTree.NodeID

        /// Of equally old ones the node that was made last goes first: it is never above the others.
        static func < (left: Candidate, right: Candidate) -> Bool {
            (left.lastUse, right.node.number) < (right.lastUse, left.node.number)
        }
    }

    private var heap: [Candidate] = []

    var count: Int { heap.count }

    init(_ candidates: [Candidate] = []) {
        for candidate in candidates { push(candidate) }
    }

    var all: [Candidate] { heap }

    mutating func push(_ candidate: Candidate) {
        heap.append(candidate)
        var index = heap.count - 1
        while index > 0, heap[index] < heap[(index - 1) / 2] {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func popOldest() -> Candidate? {
        guard let oldest = heap.first else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return oldest }
        heap[0] = last
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            guard least != index else { return oldest }
            heap.swapAt(index, least)
            index = least
        }
    }
}
