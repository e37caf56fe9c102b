// Tries every token of a trie at once: one move of the lazy automaton for each shared byte.
// Not which tries need it (MaskComputation.swift). Next: MaskComputation.swift.

/// A walk over the subtree of a trie from a configuration.
struct TrieWalk {
    /// A node at which the known stack may end: what follows it depends on the stack.
    struct Departure: Sendable {
        let trie: Int
        let node: Int
    }

    /// Items may be moved over so many nodes in all; tokens beyond are refused. No constraint that is not made to be
    /// slow comes near: it takes a thousand items alive at once through the whole vocabulary.
    private static let workLimit = 1 << 25

    let store: ConfigurationStore
    var words: [UInt64]
    var departures: [Departure] = []
    private var work = 0
    private var path: [ConfigurationStore.Number] = []

    init(_ store: ConfigurationStore, words: [UInt64]) {
        self.store = store
        self.words = words
    }

    /// Allows every token of the subtree below `root` that `configuration` takes.
    mutating func allow(_ trie: TokenTrie, below root: Int, from configuration: Configuration, trieIndex: Int) {
        let rootDepth = trie.nodes[root].depth
        if path.count <= trie.height {
            path += Array(repeating: ConfigurationStore.dead, count: trie.height + 1 - path.count)
        }
        path[rootDepth] = store.number(of: configuration)
        let end = trie.end(of: root)
        var index = root + 1
        while index < end {
            let node = trie.nodes[index]
            let depth = node.depth
            let next = store.next(path[depth - 1], byte: node.byte)
            work += store.itemCounts[Int(path[depth - 1])]
            if next == ConfigurationStore.dead || work > Self.workLimit {
                index = Int(node.end)
                continue
            }
            path[depth] = next
            for token in trie.tokens[Int(node.firstToken)..<Int(trie.nodes[index + 1].firstToken)] {
                words[Int(token) / 64] |= 1 << UInt64(token % 64)
            }
            index += 1
            if store.leavesKnownStack[Int(next)], index < Int(node.end) {
                departures.append(Departure(trie: trieIndex, node: index - 1))
            }
            if store.isFull { renumberPath(from: rootDepth, through: depth) }
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
