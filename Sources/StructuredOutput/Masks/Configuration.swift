// Everything that may be true of a text read so far: a set of states with stacks. A state of the lazy automaton.
// Immutable and shared between texts. Next: Closure.swift.

/// A set of states with their stacks.
final class Configuration: Sendable {
    /// A state of the automaton in one run of a rule.
    struct Item: Hashable, Sendable {
        var state: Int32
        var counter: Automaton.Counter
        var node: StackNode

        static func == (left: Item, right: Item) -> Bool {
            left.state == right.state && left.counter == right.counter && left.node === right.node
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(state)
            hasher.combine(counter)
            hasher.combine(node.serial)
        }

        var order: (Int32, UInt32, UInt32, Int) { (state, counter.needed, counter.allowed, node.serial) }
    }

    struct Content: Hashable, Sendable {
        /// States with edges for bytes, sorted; all others have been followed to such states.
        var items: [Item]
        /// Whether the whole text may end here.
        var isComplete: Bool
        /// Whether the known part of the stack may end here.
        var leavesKnownStack: Bool

        static let dead = Content(items: [], isComplete: false, leavesKnownStack: false)

        var isDead: Bool { items.isEmpty && !isComplete && !leavesKnownStack }
    }

    let content: Content

    init(_ content: Content) { self.content = content }

    /// Whether nothing but the end of the text can follow.
    var mustEnd: Bool { content.isComplete && content.items.isEmpty }
}
