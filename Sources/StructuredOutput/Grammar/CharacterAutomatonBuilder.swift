// From an expression of characters to an automaton of characters without empty moves.
// Not for rules or members of objects, which are no languages of characters. Next: ../Automaton/AutomatonBuilder.swift.

/// Builds a `CharacterAutomaton` with empty moves, then removes them.
struct CharacterAutomatonBuilder {
    private var edges: [[CharacterAutomaton.Edge]] = []
    private var emptyMoves: [[Int]] = []

    /// The automaton of an expression of characters; nil if it has too many states.
    static func automaton(of expression: Expression) -> CharacterAutomaton? {
        var builder = CharacterAutomatonBuilder()
        let start = builder.addState()
        let end = builder.addState()
        guard builder.add(expression, from: start, to: end) else { return nil }
        return builder.withoutEmptyMoves(end: end)
    }

    private mutating func addState() -> Int {
        edges.append([])
        emptyMoves.append([])
        return edges.count - 1
    }

    /// Leads `expression` from one state to another; false if that takes too many states.
    private mutating func add(_ expression: Expression, from start: Int, to end: Int) -> Bool {
        guard edges.count < CharacterAutomaton.stateLimit else { return false }
        switch expression {
        case .characters(let characters):
            edges[start].append(CharacterAutomaton.Edge(characters: characters, target: end))
            return true
        case .sequence(let parts):
            return add(parts, stopsAfter: parts.count, from: start, to: end)
        case .chain(let parts, let stopsAfter):
            return add(parts, stopsAfter: stopsAfter, from: start, to: end)
        case .choice(let parts):
            for part in parts where !add(part, from: start, to: end) { return false }
            return true
        case .repetition(let part, let atLeast, let atMost):
            if let atMost {
                guard atMost < CharacterAutomaton.stateLimit else { return false }
                return add(Array(repeating: part, count: atMost), stopsAfter: atLeast, from: start, to: end)
            }
            let loop = addState()
            guard atLeast < CharacterAutomaton.stateLimit,
                add(Array(repeating: part, count: atLeast), stopsAfter: atLeast, from: start, to: loop)
            else { return false }
            emptyMoves[loop].append(end)
            return add(part, from: loop, to: loop)
        case .bytes, .words, .members, .text, .automaton, .rule:
            preconditionFailure("no expression of characters")
        }
    }

    private mutating func add(_ parts: [Expression], stopsAfter: Int, from start: Int, to end: Int) -> Bool {
        var state = start
        for (index, part) in parts.enumerated() {
            if index >= stopsAfter { emptyMoves[state].append(end) }
            let next = index == parts.count - 1 ? end : addState()
            guard add(part, from: state, to: next) else { return false }
            state = next
        }
        if parts.isEmpty { emptyMoves[start].append(end) }
        return true
    }

    private func withoutEmptyMoves(end: Int) -> CharacterAutomaton? {
        // Only states that an edge leads to, and the start, remain.
        var numbers: [Int: Int] = [0: 0]
        var order = [0]
        var result = CharacterAutomaton(edges: [], isAccepting: [])
        var next = 0
        var edgeCount = 0
        while next < order.count {
            var reached: Set<Int> = [order[next]]
            var open = [order[next]]
            next += 1
            var targets: [CharacterAutomaton.Edge] = []
            while let state = open.popLast() {
                for target in emptyMoves[state] where reached.insert(target).inserted { open.append(target) }
                for edge in edges[state] where !edge.characters.isEmpty {
                    if numbers[edge.target] == nil {
                        numbers[edge.target] = order.count
                        order.append(edge.target)
                    }
                    let target = numbers[edge.target] ?? 0
                    targets.append(CharacterAutomaton.Edge(characters: edge.characters, target: target))
                }
            }
            edgeCount += targets.count
            guard edgeCount < CharacterAutomaton.edgeLimit else { return nil }
            result.edges.append(targets)
            result.isAccepting.append(reached.contains(end))
        }
        return result
    }
}
