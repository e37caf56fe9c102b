// A trie of tokens in flat arrays: nodes in depth-first order, each knowing where its subtree ends.
// Not the walk over it. Next: ../Masks/TrieWalk.swift.

/// A byte trie of tokens.
struct TokenTrie: Sendable {
    /// One byte of one or more tokens.
    struct Node: Sendable {
        /// The first node after this one's subtree.
        var end: UInt32
        /// The first of the tokens that end in this node; the next node's is where they stop.
        var firstToken: UInt32
        /// How many bytes lead here, times 256, plus the last of them.
        var depthAndByte: UInt32

        var byte: UInt8 { UInt8(truncatingIfNeeded: depthAndByte) }
        var depth: Int { Int(depthAndByte >> 8) }
    }

    /// The root (depth 0, no byte), then its subtrees; a last node closes the list of tokens.
    let nodes: [Node]
    /// Token ids in the order of their bytes.
    let tokens: [UInt32]
    /// The depth of the deepest node.
    let height: Int

    /// Makes the trie of `ids`, where token `id` has the bytes from `starts[id]` to `starts[id + 1]`.
    init(_ ids: [UInt32], bytes: [UInt8], starts: [UInt32]) {
        let sorted = bytes.withUnsafeBufferPointer { bytes in
            ids.sorted { left, right in
                let leftBytes = bytes[Int(starts[Int(left)])..<Int(starts[Int(left) + 1])]
                let rightBytes = bytes[Int(starts[Int(right)])..<Int(starts[Int(right) + 1])]
                for (left, right) in zip(leftBytes, rightBytes) where left != right { return left < right }
                return leftBytes.count == rightBytes.count ? left < right : leftBytes.count < rightBytes.count
            }
        }
        var nodes = [Node(end: 0, firstToken: 0, depthAndByte: 0)]
        // The nodes on the way to the last token, without the root.
        var path: [Int] = []
        var previous = bytes[0..<0]
        var height = 0
        for (index, id) in sorted.enumerated() {
            let token = bytes[Int(starts[Int(id)])..<Int(starts[Int(id) + 1])]
            let shared = zip(previous, token).prefix { $0 == $1 }.count
            while path.count > shared { nodes[path.removeLast()].end = UInt32(nodes.count) }
            for byte in token.dropFirst(shared) {
                path.append(nodes.count)
                let depthAndByte = UInt32(path.count) << 8 | UInt32(byte)
                nodes.append(Node(end: 0, firstToken: UInt32(index), depthAndByte: depthAndByte))
            }
            previous = token
            height = max(height, path.count)
        }
        for node in path { nodes[node].end = UInt32(nodes.count) }
        nodes[0].end = UInt32(nodes.count)
        nodes.append(Node(end: UInt32(nodes.count), firstToken: UInt32(sorted.count), depthAndByte: 0))
        self.nodes = nodes
        self.tokens = sorted
        self.height = height
    }

    /// The first node after the subtree of `node`.
    func end(of node: Int) -> Int { Int(nodes[node].end) }
}
