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
    /// Of every node, which kinds of bytes stand in its subtree below it; see `ByteKinds`.
    let kindsBelow: [UInt64]
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
        var kindsBelow: [UInt64] = [0]
        // The nodes on the way to the last token, without the root.
        var path: [Int] = []
        var previous = bytes[0..<0]
        var height = 0
        for (index, id) in sorted.enumerated() {
            let token = bytes[Int(starts[Int(id)])..<Int(starts[Int(id) + 1])]
            let shared = zip(previous, token).prefix { $0 == $1 }.count
            while path.count > shared { nodes[path.removeLast()].end = UInt32(nodes.count) }
            for byte in token.dropFirst(shared) {
                let kind = ByteKinds.kind(of: byte)
                kindsBelow[0] |= kind
                for node in path { kindsBelow[node] |= kind }
                path.append(nodes.count)
                kindsBelow.append(0)
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
        self.kindsBelow = kindsBelow
        self.tokens = sorted
        self.height = height
    }

    /// The first node after the subtree of `node`.
    func end(of node: Int) -> Int { Int(nodes[node].end) }
}

/// Bytes by kinds, of which a set is 64 bits: letters, digits, every sign of ASCII, the parts of UTF-8.
enum ByteKinds {
    /// The kind of a byte, as a set of one.
    static func kind(of byte: UInt8) -> UInt64 { 1 << UInt64(indices[Int(byte)]) }

    private static let indices: [UInt8] = {
        var nextSign: UInt8 = 10
        return (UInt8.min...UInt8.max).map { byte in
            switch byte {
            case 0x61...0x7A: return 0
            case 0x41...0x5A: return 1
            case 0x30...0x39: return 2
            case 0x0A: return 3
            case 0x00..<0x20, 0x7F: return 4
            case 0x80..<0xC0: return 5
            case 0xC0..<0xE0: return 6
            case 0xE0..<0xF0: return 7
            case 0xF0...0xFF: return 8
            default:
                nextSign += 1
                return nextSign
            }
        }
    }()
}
