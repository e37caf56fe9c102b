// The places in tries at which the known part of a stack may end while tokens go on: what follows depends on the stack.
// Grouped by the next byte, so that a stack looks only at the bytes that it takes. Next: MaskComputation.swift.

/// Nodes of tries by their byte.
struct Departures {
    /// A node to go on with, once its byte has been taken.
    struct Node {
        /// The trie's index in the upper bits, the node's in the lower ones.
        fileprivate let packed: UInt32

        var trie: Int { Int(packed >> 28) }
        var node: Int { Int(packed & 0x0FFF_FFFF) }
    }

    private let starts: [Int32]
    private let nodes: [Node]

    /// Collects nodes in any order.
    struct Collector {
        private var nodes: [(byte: UInt8, node: Node)] = []

        /// Adds the children of a node.
        mutating func add(_ trie: TokenTrie, _ trieIndex: Int, below node: Int) {
            var child = node + 1
            while child < trie.end(of: node) {
                let packed = UInt32(trieIndex) << 28 | UInt32(child)
                nodes.append((trie.nodes[child].byte, Node(packed: packed)))
                child = trie.end(of: child)
            }
        }

        var departures: Departures { Departures(nodes) }
    }

    private init(_ collected: [(byte: UInt8, node: Node)]) {
        var starts = Array(repeating: Int32(0), count: 257)
        for (byte, _) in collected { starts[Int(byte) + 1] += 1 }
        for index in 1...256 { starts[index] += starts[index - 1] }
        var next = starts
        var nodes = Array(repeating: Node(packed: 0), count: collected.count)
        for (byte, node) in collected {
            nodes[Int(next[Int(byte)])] = node
            next[Int(byte)] += 1
        }
        self.starts = starts
        self.nodes = nodes
    }

    var isEmpty: Bool { nodes.isEmpty }

    var bytesTaken: Int { 4 * (nodes.count + starts.count) }

    /// The nodes with a byte.
    func nodes(of byte: UInt8) -> ArraySlice<Node> { nodes[Int(starts[Int(byte)])..<Int(starts[Int(byte) + 1])] }
}
