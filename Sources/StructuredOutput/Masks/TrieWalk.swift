// Tries every token of a trie at once: one move of the lazy automaton for each shared byte.
// Not which tries need it (MaskComputation.swift). Next: MaskComputation.swift.

/// A walk over subtrees of tries, each from a configuration.
struct TrieWalk {
    /// So much may be followed over all nodes; tokens beyond are refused. No constraint that is not made to be
    /// slow comes near: it takes dozens of items alive at once through the whole vocabulary.
    private static let workLimit = 1 << 25

    let store: ConfigurationStore
    var words: [UInt64]
    var departures = Departures.Collector()
    private var work = 0
    private var path: [ConfigurationStore.Number] = []

    init(_ store: ConfigurationStore, words: [UInt64]) {
        self.store = store
        self.words = words
    }

    /// Subtrees of more nodes than this are looked at as a whole where bytes lead back to where they came from.
    private static let subtreeLimit = 16

    /// Allows the tokens that end in a node of a trie, which led to the configuration `number`, and every token below
    /// that can go on from there.
    mutating func allow(_ trie: TokenTrie, index trieIndex: Int, at root: Int, _ number: ConfigurationStore.Number) {
        let rootDepth = trie.nodes[root].depth
        if path.count <= trie.height {
            path += Array(repeating: ConfigurationStore.dead, count: trie.height + 1 - path.count)
        }
        path[rootDepth] = number
        allowTokens(trie, Int(trie.nodes[root].firstToken)..<Int(trie.nodes[root + 1].firstToken))
        if store.traits[Int(number)].leavesKnownStack { departures.add(trie, trieIndex, below: root) }
        trie.nodes.withUnsafeBufferPointer { nodes in
            var index = root + 1
            let end = Int(nodes[root].end)
            while index < end {
                let node = nodes[index]
                let depth = node.depth
                let before = path[depth - 1]
                let next = store.next(before, byte: node.byte)
                work += Int(store.traits[Int(next)].effort)
                if next == ConfigurationStore.dead || work > Self.workLimit {
                    index = Int(node.end)
                    continue
                }
                path[depth] = next
                if next == before, Int(node.end) - index > Self.subtreeLimit,
                    trie.kindsBelow[index] & ~store.kindsThatStay(next) == 0
                {
                    allowTokens(trie, Int(node.firstToken)..<Int(nodes[Int(node.end)].firstToken))
                    index = Int(node.end)
                    continue
                }
                allowTokens(trie, Int(node.firstToken)..<Int(nodes[index + 1].firstToken))
                if store.traits[Int(next)].leavesKnownStack { departures.add(trie, trieIndex, below: index) }
                index += 1
                if store.isFull { renumberPath(from: rootDepth, through: depth) }
            }
        }
    }

    @inline(__always)
    private mutating func allowTokens(_ trie: TokenTrie, _ range: Range<Int>) {
        for index in range {
            let token = Int(trie.tokens[index])
            words[token >> 6] |= 1 << UInt64(token & 63)
        }
    }

    /// Lets the store forget everything but the way to the current node.
    private mutating func renumberPath(from first: Int, through last: Int) {
        let configurations = path[first...last].map { store.configurations[Int($0)] }
        guard store.forgetIfFull() else { return }
        for (depth, configuration) in zip(first...last, configurations) {
            path[depth] = store.number(of: configuration)
        }
    }
}
