// The lazy automaton: configurations by number, and where each byte leads from them, found once and kept.
// Not masks (MaskCache.swift). Bounded: when full, it forgets everything and finds it again. Next: TrieWalk.swift.

/// Configurations that have come up, and the moves between them. Used by one thread at a time.
final class ConfigurationStore {
    /// The number of a configuration, as long as the store's generation is the same.
    typealias Number = Int32

    /// The number of every configuration from which no text can be completed.
    static let dead: Number = 0
    private static let unknown: Number = -1

    let automaton: Automaton
    let classes: ByteClasses
    /// Roughly how many bytes the store may take.
    let byteLimit: Int
    /// Counts how often the store has forgotten everything.
    private(set) var generation = 0
    private(set) var bytesTaken = 0

    /// The configuration before the first byte.
    let start: Configuration
    /// A node below which nothing is known; see `StackNode.End.ofKnownStack`.
    let unknownStack: StackNode

    private(set) var configurations: [Configuration] = []
    /// Of every configuration, which kinds of bytes lead back to it; nil until that has been asked for.
    private var kindsThatStay: [UInt64?] = []
    private var numbers: [Configuration.Content: Number] = [:]
    /// Where it goes on after returning to a node, by the node's serial.
    private var returns: [Int: Number] = [:]
    private var nodes: [[StackNode.Return]: StackNode] = [:]
    private var nextSerial = 2
    private var closure: Closure
    /// What a walk needs to know of a configuration at once.
    struct Traits {
        /// How many items were followed to it when it was first found.
        var effort: UInt32
        var leavesKnownStack: Bool
    }

    /// A row for each configuration: the number of the next one by class of byte. The innermost loop reads these two
    /// tables for every node of a trie; every number that it has lies within them.
    private(set) var moves: UnsafeMutablePointer<Number>
    private(set) var traits: UnsafeMutablePointer<Traits>
    private static let firstCapacity = 64
    private var rowCapacity = ConfigurationStore.firstCapacity

    init(_ automaton: Automaton, byteLimit: Int) {
        self.automaton = automaton
        classes = automaton.classes
        self.byteLimit = byteLimit
        func end(_ state: Int32, serial: Int) -> StackNode {
            StackNode(returns: [StackNode.Return(state: state, counter: .none, parent: nil)], serial: serial)
        }
        unknownStack = end(StackNode.End.ofKnownStack, serial: 1)
        moves = .allocate(capacity: rowCapacity * classes.count)
        traits = .allocate(capacity: rowCapacity)
        closure = Closure(automaton)
        var serial = nextSerial
        let root = automaton.rules[Int(automaton.root)]
        closure.add(state: root.start, counter: root.counter, node: end(StackNode.End.ofText, serial: 0))
        let content = closure.configuration { returns in
            serial += 1
            return StackNode(returns: returns, serial: serial)
        }
        nextSerial = serial + 1
        start = Configuration(content ?? Configuration.Content.dead)
        addDead()
    }

    deinit {
        moves.deallocate()
        traits.deallocate()
    }

    var isFull: Bool { bytesTaken > byteLimit }

    /// Forgets everything if the store is full; numbers from before are then void.
    ///
    /// - Returns: whether it was full.
    func forgetIfFull() -> Bool {
        guard isFull else { return false }
        generation += 1
        bytesTaken = 0
        configurations.removeAll()
        numbers.removeAll()
        nodes.removeAll()
        returns.removeAll()
        resize(to: Self.firstCapacity, keeping: 0)
        addDead()
        return true
    }

    private func addDead() {
        configurations = [Configuration(.dead)]
        kindsThatStay = [0]
        traits[0] = Traits(effort: 0, leavesKnownStack: false)
        numbers = [.dead: Self.dead]
        moves.initialize(repeating: Self.dead, count: classes.count)
    }

    /// The number of a configuration, which may come from an earlier generation.
    func number(of configuration: Configuration) -> Number {
        if let number = numbers[configuration.content] { return number }
        return add(configuration, effort: configuration.content.items.count)
    }

    private func add(_ configuration: Configuration, effort: Int) -> Number {
        let number = configurations.count
        if number == rowCapacity { resize(to: 2 * rowCapacity, keeping: number) }
        (moves + number * classes.count).initialize(repeating: Self.unknown, count: classes.count)
        configurations.append(configuration)
        kindsThatStay.append(nil)
        traits[number] = Traits(
            effort: UInt32(clamping: effort),
            leavesKnownStack: configuration.content.leavesKnownStack
        )
        numbers[configuration.content] = Number(number)
        let itemBytes = MemoryLayout<Configuration.Item>.stride
        bytesTaken +=
            160 + configuration.content.items.count * itemBytes
            + classes.count * MemoryLayout<Number>.stride
        return Number(number)
    }

    private func resize(to capacity: Int, keeping count: Int) {
        let newMoves = UnsafeMutablePointer<Number>.allocate(capacity: capacity * classes.count)
        newMoves.moveInitialize(from: moves, count: count * classes.count)
        moves.deallocate()
        moves = newMoves
        let newTraits = UnsafeMutablePointer<Traits>.allocate(capacity: capacity)
        newTraits.moveInitialize(from: traits, count: count)
        traits.deallocate()
        traits = newTraits
        rowCapacity = capacity
    }

    /// The kinds of bytes (`ByteKinds`) of which every byte leads from a configuration back to it.
    func kindsThatStay(_ number: Number) -> UInt64 {
        if let known = kindsThatStay[Int(number)] { return known }
        var kinds = UInt64.max
        for byte in UInt8.min...UInt8.max where next(number, byte: byte) != number {
            kinds &= ~ByteKinds.kind(of: byte)
        }
        kindsThatStay[Int(number)] = kinds
        return kinds
    }

    /// Where a byte leads; `dead` if it cannot come.
    @inline(__always)
    func next(_ number: Number, byte: UInt8) -> Number {
        next(number, class: Int(classes.classOfByte[Int(byte)]))
    }

    @inline(__always)
    func next(_ number: Number, class byteClass: Int) -> Number {
        let known = moves[Int(number) * classes.count + byteClass]
        return known == Self.unknown ? findNext(number, class: byteClass) : known
    }

    private func findNext(_ number: Number, class byteClass: Int) -> Number {
        let byte = classes.representatives[byteClass]
        let next = self.number { closure in
            for item in configurations[Int(number)].content.items {
                for edge in automaton.bytes[item.state] where edge.low <= byte && byte <= edge.high {
                    closure.add(state: edge.target, counter: item.counter, node: item.node)
                }
            }
        }
        moves[Int(number) * classes.count + byteClass] = next
        return next
    }

    /// The configuration after the rule that returns to `node` has ended.
    func number(afterReturning node: StackNode) -> Number {
        if let known = returns[node.serial] { return known }
        let number = number { $0.add(returnsOf: node) }
        returns[node.serial] = number
        return number
    }

    private func number(closing add: (inout Closure) -> Void) -> Number {
        // Taken out meanwhile, because making nodes needs the rest of the store.
        var closure = Closure(automaton)
        swap(&closure, &self.closure)
        defer { swap(&closure, &self.closure) }
        closure.reset()
        add(&closure)
        guard let content = closure.configuration(makingNodes: node) else { return Self.dead }
        if content.isDead { return Self.dead }
        return numbers[content] ?? self.add(Configuration(content), effort: closure.effort)
    }

    private func node(_ returns: [StackNode.Return]) -> StackNode {
        if let node = nodes[returns] { return node }
        let node = StackNode(returns: returns, serial: nextSerial)
        nextSerial += 1
        nodes[returns] = node
        bytesTaken += 160 + returns.count * MemoryLayout<StackNode.Return>.stride
        return node
    }
}

extension ConfigurationStore {
    /// The one byte that may follow, or nil where there is a choice or the text may end.
    func onlyByte(after number: Number) -> UInt8? {
        let content = configurations[Int(number)].content
        guard !content.isComplete else { return nil }
        var only: UInt8?
        for item in content.items {
            for edge in automaton.bytes[item.state] {
                guard edge.low == edge.high, only == nil || only == edge.low else { return nil }
                only = edge.low
            }
        }
        // An ambiguous constraint may have grown beyond its bound behind that byte.
        return only.flatMap { next(number, byte: $0) == Self.dead ? nil : $0 }
    }
}
