// Where rules return to: the stack of a pushdown automaton, many stacks at once, shared between texts.
// Not a state of the text (Configuration.swift). Next: Configuration.swift.

/// All places to which one run of a rule may return. Equal nodes of one store are one object.
///
/// A chain of nodes can be as long as a text is deep. `deinit` therefore takes it apart in a loop: releasing it link by
/// link would take one stack frame for each.
final class StackNode: @unchecked Sendable {
    /// A place to return to.
    struct Return: Hashable, Sendable {
        var state: Int32
        /// The counter of the run that is returned to.
        var counter: Automaton.Counter
        /// Where that run returns to; nil for the end of everything, where `state` is one of `End`.
        var parent: StackNode?

        static func == (left: Return, right: Return) -> Bool {
            left.state == right.state && left.counter == right.counter && left.parent === right.parent
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(state)
            hasher.combine(counter)
            hasher.combine(parent?.serial)
        }

        var order: (Int32, UInt32, UInt32, Int) { (state, counter.needed, counter.allowed, parent?.serial ?? -1) }
    }

    /// What lies below the lowest node.
    enum End {
        /// The end of the whole text.
        static let ofText: Int32 = -1
        /// The end of what is known of a stack, when a mask is made for all stacks with the same top.
        static let ofKnownStack: Int32 = -2
    }

    /// Written once, here and in `deinit`: hence unchecked.
    private(set) var returns: [Return]
    /// Different for each node of a store.
    let serial: Int

    init(returns: [Return], serial: Int) {
        self.returns = returns
        self.serial = serial
    }

    deinit {
        var open: [StackNode] = []
        Self.takeParents(of: &returns, to: &open)
        while var node = open.popLast() {
            // The only owner may take it apart; another owner will.
            if isKnownUniquelyReferenced(&node) { Self.takeParents(of: &node.returns, to: &open) }
        }
    }

    private static func takeParents(of returns: inout [Return], to open: inout [StackNode]) {
        for index in returns.indices {
            if let parent = returns[index].parent {
                returns[index].parent = nil
                open.append(parent)
            }
        }
    }
}
