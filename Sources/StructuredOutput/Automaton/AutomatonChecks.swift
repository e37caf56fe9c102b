// From collected edges to an automaton in which every state can reach the end of its rule and no rule begins with itself.
// What users wrote themselves must be so from the start. Next: LeftCalls.swift, ../Masks/ConfigurationStore.swift.

/// Finds the states from which a rule can end, drops the others, and lays out the rest.
struct AutomatonChecks {
    private let builder: AutomatonBuilder
    private let root: Int
    /// Whether the rule of a state can end from there.
    private var isLive: [Bool]
    /// Whether it can end there without another byte.
    private var endsEmpty: [Bool]

    init(_ builder: AutomatonBuilder, root: Int) {
        self.builder = builder
        self.root = root
        isLive = []
        endsEmpty = []
        isLive = states(movingBackOver: true)
        endsEmpty = states(movingBackOver: false)
    }

    /// The automaton, if the whole text can end and no rule begins with itself.
    func automaton() throws(ConstraintError) -> Automaton {
        for rule in builder.rules where !isLive[Int(rule.start)] {
            if let origin = rule.origin {
                throw ConstraintError(origin.place, "no text ever completes the rule `\(origin.name)`")
            }
        }
        guard isLive[Int(builder.rules[root].start)] else {
            throw ConstraintError(.whole, "no text at all satisfies the constraint")
        }
        let calls = builder.calls.filter {
            isLive[Int($0.element.target)] && isLive[Int(builder.rules[Int($0.element.rule)].start)]
        }
        let bytes = builder.bytes.filter { isLive[Int($0.element.target)] }
        let moves = builder.emptyMoves.filter { isLive[Int($0.element)] }
        var loops: [Int32: Automaton.Loop] = [:]
        for loop in builder.loops where isLive[Int(loop.head)] || isLive[Int(loop.entry)] {
            let element = isLive[Int(loop.loop.element)] ? loop.loop.element : 0
            loops[loop.head] = Automaton.Loop(element: element, exit: loop.loop.exit)
            loops[loop.entry] = loops[loop.head]
        }
        var parts = Automaton.Parts(
            flags: Array(repeating: [], count: Int(builder.stateCount)),
            bytes: lists(of: bytes),
            emptyMoves: lists(of: moves),
            calls: lists(of: calls),
            loops: loops,
            rules: []
        )
        parts.rules = builder.rules.map { rule in
            Automaton.Rule(start: rule.start, rank: 0, isNullable: endsEmpty[Int(rule.start)], counter: rule.counter)
        }
        setFlags(of: &parts)
        try setRanks(of: &parts, origins: builder.rules.map(\.origin))
        return Automaton(parts, root: Int32(root))
    }

    /// The states from which the end of their rule is reached, moving over everything or over nothing but empty texts.
    private func states(movingBackOver movesOverBytes: Bool) -> [Bool] {
        var backward: [AutomatonBuilder.Edge<Int32>] = []
        if movesOverBytes { backward += builder.bytes.map { .init(source: $0.element.target, element: $0.source) } }
        backward += builder.emptyMoves.map { .init(source: $0.element, element: $0.source) }
        for loop in builder.loops {
            // An element can be followed by the end; before the first one, that depends on the counter.
            if movesOverBytes || loop.counter.needed == 0 {
                backward.append(.init(source: loop.loop.exit, element: loop.head))
            }
            if loop.counter.needed == 0 {
                backward.append(.init(source: loop.loop.exit, element: loop.entry))
            } else if movesOverBytes {
                backward.append(.init(source: loop.loop.element, element: loop.entry))
            }
        }
        let sources = lists(of: backward)
        let callsByTarget = lists(of: builder.calls.map { .init(source: $0.element.target, element: $0) })
        let callsByRule = lists(
            of: builder.calls.map { .init(source: $0.element.rule, element: $0) },
            count: builder.rules.count
        )
        var ruleOfStart: [Int32: Int32] = [:]
        for (index, rule) in builder.rules.enumerated() { ruleOfStart[rule.start] = Int32(index) }

        var reached = Array(repeating: false, count: Int(builder.stateCount))
        var open: [Int32] = []
        func reach(_ state: Int32) {
            guard !reached[Int(state)] else { return }
            reached[Int(state)] = true
            open.append(state)
        }
        for rule in builder.rules { reach(rule.end) }
        while let state = open.popLast() {
            for source in sources[state] { reach(source) }
            for call in callsByTarget[state]
            where reached[Int(builder.rules[Int(call.element.rule)].start)] { reach(call.source) }
            if let rule = ruleOfStart[state] {
                for call in callsByRule[rule] where reached[Int(call.element.target)] { reach(call.source) }
            }
        }
        return reached
    }

    private func lists<Element: Sendable>(
        of edges: [AutomatonBuilder.Edge<Element>],
        count: Int? = nil
    ) -> Automaton.Lists<Element> {
        let count = count ?? Int(builder.stateCount)
        var starts = Array(repeating: Int32(0), count: count + 1)
        for edge in edges { starts[Int(edge.source) + 1] += 1 }
        for index in 1..<starts.count { starts[index] += starts[index - 1] }
        var next = starts
        var order = Array(repeating: 0, count: edges.count)
        for (index, edge) in edges.enumerated() {
            order[Int(next[Int(edge.source)])] = index
            next[Int(edge.source)] += 1
        }
        return Automaton.Lists(starts: starts, elements: order.map { edges[$0].element })
    }

    private func setFlags(of automaton: inout Automaton.Parts) {
        for rule in builder.rules { automaton.flags[Int(rule.end)] = [.isFinal, .onlyEnds] }
        for state in 0..<builder.stateCount where !automaton.bytes[state].isEmpty {
            automaton.flags[Int(state)].insert(.hasBytes)
        }
        for state in 0..<builder.stateCount
        where !automaton.emptyMoves[state].isEmpty || !automaton.calls[state].isEmpty {
            automaton.flags[Int(state)].insert(.hasMoves)
        }
        for state in automaton.loops.keys { automaton.flags[Int(state)].insert(.isLoop) }
        // From the ends backward: a state whose only way on is an empty move to a state that only ends.
        var sources: [Int32: [Int32]] = [:]
        for state in 0..<builder.stateCount {
            let moves = automaton.emptyMoves[state]
            if moves.count == 1, let target = moves.first, automaton.calls[state].isEmpty,
                automaton.flags[Int(state)] == .hasMoves
            {
                sources[target, default: []].append(state)
            }
        }
        var open = builder.rules.map(\.end)
        while let state = open.popLast() {
            for source in sources[state] ?? [] {
                automaton.flags[Int(source)].insert(.onlyEnds)
                open.append(source)
            }
        }
    }
}
