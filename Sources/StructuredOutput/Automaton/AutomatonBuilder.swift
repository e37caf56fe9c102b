// From a grammar's expressions to states and edges, within bounds on their number.
// Not the checks of the result (AutomatonChecks.swift). Next: AutomatonBuilder+Expressions.swift.

/// Collects states and edges; `finish` makes the automaton.
struct AutomatonBuilder {
    struct Edge<Element: Sendable>: Sendable {
        var source: Int32
        var element: Element
    }

    struct RuleStates {
        var origin: Grammar.Origin?
        var start: Int32
        var end: Int32
        var counter: Automaton.Counter
    }

    let stateLimit: Int
    private(set) var stateCount: Int32 = 1
    var bytes: [Edge<Automaton.ByteEdge>] = []
    var emptyMoves: [Edge<Int32>] = []
    var calls: [Edge<Automaton.Call>] = []
    /// Entries come before any element; heads after one.
    var loops: [(entry: Int32, head: Int32, loop: Automaton.Loop, counter: Automaton.Counter)] = []
    var rules: [RuleStates] = []

    /// The automaton of a grammar whose whole text is the rule `root`.
    static func automaton(
        of grammar: Grammar,
        root: Int,
        stateLimit: Int
    ) throws(ConstraintError) -> Automaton {
        var builder = AutomatonBuilder(stateLimit: stateLimit)
        for rule in grammar.rules {
            let start = try builder.addState()
            let end = try builder.addState()
            builder.rules.append(RuleStates(origin: rule.origin, start: start, end: end, counter: .none))
        }
        for (index, rule) in grammar.rules.enumerated() {
            switch rule.body {
            case .expression(let expression):
                try builder.add(expression, from: builder.rules[index].start, to: builder.rules[index].end)
            case .counted(let counted): try builder.add(counted, rule: index)
            }
        }
        return try AutomatonChecks(builder, root: root).automaton()
    }

    mutating func addState() throws(ConstraintError) -> Int32 {
        guard stateCount < stateLimit else {
            throw ConstraintError(.whole, "the constraint takes more than \(stateLimit) states; make it smaller")
        }
        stateCount += 1
        return stateCount - 1
    }

    mutating func addRule(_ counted: Grammar.Counted) throws(ConstraintError) -> Int {
        let start = try addState()
        let end = try addState()
        rules.append(RuleStates(origin: nil, start: start, end: end, counter: .none))
        try add(counted, rule: rules.count - 1)
        return rules.count - 1
    }

    private mutating func add(_ counted: Grammar.Counted, rule: Int) throws(ConstraintError) {
        let entry = try addState()
        let head = try addState()
        let element = try addState()
        let exit = try addState()
        try add(counted.prefix, from: rules[rule].start, to: entry)
        try add(counted.element, from: element, to: head)
        try add(counted.suffix, from: exit, to: rules[rule].end)
        let counter = Automaton.Counter(
            needed: UInt32(clamping: counted.atLeast),
            allowed: counted.atMost.map { UInt32(clamping: $0) } ?? Automaton.Counter.unlimited
        )
        loops.append((entry, head, Automaton.Loop(element: element, exit: exit), counter))
        rules[rule].counter = counter
    }
}
