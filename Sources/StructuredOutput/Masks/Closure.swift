// From the states after a byte to the configuration: follow empty moves, returns and calls until bytes come next.
// Not caching (ConfigurationStore.swift), which asks for nodes by content. Next: ConfigurationStore.swift.

/// Follows everything that needs no byte.
///
/// Calls of one rule at one place in the text share one node, whatever called them, so that an ambiguous grammar keeps
/// the number of items within states times places. A rule's node can be made when all its callers are known: rules are
/// opened in the order of their ranks, and a rule ranks above those that may begin with it.
struct Closure {
    typealias Item = Configuration.Item

    /// A configuration of more items is refused, so that ambiguous constraints stay bounded in time and memory.
    static let itemLimit = 4096

    private let automaton: Automaton
    private var open: [Item] = []
    private var seen: Set<Item> = []
    private var items: [Item] = []
    private var isComplete = false
    private var leavesKnownStack = false
    /// The rules called so far and where they return to.
    private var called: [Int32: Set<StackNode.Return>] = [:]

    init(_ automaton: Automaton) { self.automaton = automaton }

    mutating func add(state: Int32, counter: Automaton.Counter, node: StackNode) {
        let item = Item(state: state, counter: counter, node: node)
        if seen.insert(item).inserted { open.append(item) }
    }

    /// Goes on where a rule that returns to `node` has ended.
    mutating func add(returnsOf node: StackNode) {
        for place in node.returns {
            if let parent = place.parent {
                add(state: place.state, counter: place.counter, node: parent)
            } else if place.state == StackNode.End.ofText {
                isComplete = true
            } else {
                leavesKnownStack = true
            }
        }
    }

    /// The configuration; nil if it would have too many items.
    mutating func configuration(makingNodes makeNode: ([StackNode.Return]) -> StackNode) -> Configuration.Content? {
        repeat {
            while let item = open.popLast() {
                follow(item)
                if seen.count > Self.itemLimit { return nil }
            }
        } while openNextRule(makeNode)
        items.sort { $0.order < $1.order }
        return Configuration.Content(items: items, isComplete: isComplete, leavesKnownStack: leavesKnownStack)
    }

    private mutating func follow(_ item: Item) {
        let flags = automaton.flags[Int(item.state)]
        if flags.contains(.isFinal) { add(returnsOf: item.node) }
        for target in automaton.emptyMoves[item.state] { add(state: target, counter: item.counter, node: item.node) }
        if flags.contains(.isLoop), let loop = automaton.loops[item.state] {
            if item.counter.needed == 0 { add(state: loop.exit, counter: .none, node: item.node) }
            if item.counter.allowed > 0 { add(state: loop.element, counter: item.counter.afterOne, node: item.node) }
        }
        for call in automaton.calls[item.state] {
            if automaton.flags[Int(call.target)].contains(.onlyEnds) {
                // A call at the end of a rule returns to where the rule returns: repetition by recursion stays flat.
                called[call.rule, default: []].formUnion(item.node.returns)
            } else {
                called[call.rule, default: []].insert(
                    StackNode.Return(state: call.target, counter: item.counter, parent: item.node)
                )
            }
            if automaton.rules[Int(call.rule)].isNullable {
                add(state: call.target, counter: item.counter, node: item.node)
            }
        }
        if flags.contains(.hasBytes) { items.append(item) }
    }

    private mutating func openNextRule(_ makeNode: ([StackNode.Return]) -> StackNode) -> Bool {
        let next = called.min { automaton.rules[Int($0.key)].rank < automaton.rules[Int($1.key)].rank }
        guard let (index, returns) = next else { return false }
        called[index] = nil
        let rule = automaton.rules[Int(index)]
        let sorted = returns.sorted { left, right in
            (left.state, left.counter.needed, left.counter.allowed, left.parent?.serial ?? -1)
                < (right.state, right.counter.needed, right.counter.allowed, right.parent?.serial ?? -1)
        }
        add(state: rule.start, counter: rule.counter, node: makeNode(sorted))
        return true
    }
}
