// From the states after a byte to the configuration: follow empty moves, returns and calls until bytes come next.
// Not caching (ConfigurationStore.swift), which asks for nodes by content. Next: ConfigurationStore.swift.

/// Follows everything that needs no byte. One closure serves many configurations, so that it allocates little.
///
/// Calls of one rule at one place in the text share one node, whatever called them, so that an ambiguous grammar keeps
/// the number of items within states times places. A rule's node can be made when all its callers are known: rules are
/// opened in the order of their ranks, and a rule ranks above those that may begin with it.
struct Closure {
    typealias Item = Configuration.Item

    /// A configuration that takes more items on the way, or more calls or returns at once, is refused, so that ambiguous
    /// constraints stay bounded in time and memory.
    static let itemLimit = 4096
    /// Up to so many items, looking at each is quicker than a set.
    private static let listLimit = 12

    private struct CalledRule {
        let rule: Int32
        var returns: [StackNode.Return]

        /// Brings the places in order, each once, so that equal nodes have equal lists.
        mutating func sortReturns() {
            guard returns.count > 1 else { return }
            returns.sort { $0.order < $1.order }
            var unique: [StackNode.Return] = []
            for place in returns where place != unique.last { unique.append(place) }
            returns = unique
        }
    }

    private let automaton: Automaton
    /// All items so far; those from `next` on have not been followed.
    private var reached: [Item] = []
    private var next = 0
    /// The same items, once there are many.
    private var reachedSet: Set<Item> = []
    private var items: [Item] = []
    private var isComplete = false
    private var leavesKnownStack = false
    private var isTooLarge = false
    /// The rules called so far and where they return to.
    private var called: [CalledRule] = []

    init(_ automaton: Automaton) { self.automaton = automaton }

    /// Forgets what was added.
    mutating func reset() {
        reached.removeAll(keepingCapacity: true)
        next = 0
        if !reachedSet.isEmpty { reachedSet.removeAll(keepingCapacity: true) }
        items.removeAll(keepingCapacity: true)
        isComplete = false
        leavesKnownStack = false
        isTooLarge = false
        called.removeAll(keepingCapacity: true)
    }

    mutating func add(state: Int32, counter: Automaton.Counter, node: StackNode) {
        let item = Item(state: state, counter: counter, node: node)
        if reached.count <= Self.listLimit {
            guard !reached.contains(item) else { return }
        } else {
            if reachedSet.isEmpty { reachedSet.formUnion(reached) }
            guard reachedSet.insert(item).inserted else { return }
        }
        reached.append(item)
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

    /// How much was followed: what the configuration cost.
    var effort: Int { reached.count }

    /// The configuration; nil if it would have too many items.
    mutating func configuration(makingNodes makeNode: ([StackNode.Return]) -> StackNode) -> Configuration.Content? {
        repeat {
            while next < reached.count {
                let item = reached[next]
                next += 1
                follow(item)
                if isTooLarge || reached.count > Self.itemLimit { return nil }
            }
        } while openNextRule(makeNode)
        if items.count > 1 { items.sort { $0.order < $1.order } }
        return Configuration.Content(items: items, isComplete: isComplete, leavesKnownStack: leavesKnownStack)
    }

    private mutating func follow(_ item: Item) {
        let flags = automaton.flags[Int(item.state)]
        if flags.contains(.hasBytes) { items.append(item) }
        if flags.isSubset(of: .hasBytes) { return }
        if flags.contains(.isFinal) { add(returnsOf: item.node) }
        if flags.contains(.isLoop), let loop = automaton.loops[item.state] {
            if item.counter.needed == 0 { add(state: loop.exit, counter: .none, node: item.node) }
            if item.counter.allowed > 0 { add(state: loop.element, counter: item.counter.afterOne, node: item.node) }
        }
        guard flags.contains(.hasMoves) else { return }
        for target in automaton.emptyMoves[item.state] { add(state: target, counter: item.counter, node: item.node) }
        for call in automaton.calls[item.state] {
            if automaton.flags[Int(call.target)].contains(.onlyEnds) {
                // A call at the end of a rule returns to where the rule returns: repetition by recursion stays flat.
                addCall(of: call.rule, returning: item.node.returns)
            } else {
                let place = StackNode.Return(state: call.target, counter: item.counter, parent: item.node)
                addCall(of: call.rule, returning: CollectionOfOne(place))
            }
            if automaton.rules[Int(call.rule)].isNullable {
                add(state: call.target, counter: item.counter, node: item.node)
            }
        }
    }

    private mutating func addCall(of rule: Int32, returning places: some Collection<StackNode.Return>) {
        guard let index = called.firstIndex(where: { $0.rule == rule }) else {
            called.append(CalledRule(rule: rule, returns: Array(places)))
            isTooLarge = isTooLarge || called.count > Self.itemLimit
            return
        }
        guard !isTooLarge else { return }
        called[index].returns += places
        if called[index].returns.count > 2 * Self.itemLimit {
            called[index].sortReturns()
            isTooLarge = called[index].returns.count > Self.itemLimit
        }
    }

    private mutating func openNextRule(_ makeNode: ([StackNode.Return]) -> StackNode) -> Bool {
        guard
            let index = called.indices.min(by: {
                automaton.rules[Int(called[$0].rule)].rank < automaton.rules[Int(called[$1].rule)].rank
            })
        else { return false }
        var next = called.remove(at: index)
        let rule = automaton.rules[Int(next.rule)]
        next.sortReturns()
        add(state: rule.start, counter: rule.counter, node: makeNode(next.returns))
        return true
    }
}
