// How each kind of expression becomes states and edges between two given states.
// Not rules and counted loops (AutomatonBuilder.swift). Next: AutomatonChecks.swift.

extension AutomatonBuilder {
    /// Repetitions of more states than this are counted where they can be.
    private static let writtenOutLimit = 256

    /// Leads `expression` from one state to another.
    mutating func add(_ expression: Expression, from start: Int32, to end: Int32) throws(ConstraintError) {
        switch expression {
        case .bytes(let text): try add(text[...], from: start, to: end)
        case .words(let words): try add(words: words, from: start, to: end)
        case .characters(let characters):
            var shared: [[ClosedRange<UInt8>]: Int32] = [:]
            try add(UTF8Sequences.of(characters), from: start, to: end, sharing: &shared)
        case .sequence(let parts): try add(chain: parts, stopsAfter: parts.count, from: start, to: end)
        case .chain(let parts, let stopsAfter): try add(chain: parts, stopsAfter: stopsAfter, from: start, to: end)
        case .choice(let parts):
            for part in parts { try add(part, from: start, to: end) }
        case .repetition(let part, let atLeast, let atMost):
            try add(repeating: part, atLeast: atLeast, atMost: atMost, from: start, to: end)
        case .members(let members): try add(members, from: start, to: end)
        case .text(let automaton, let encoding): try add(automaton, encoding, from: start, to: end)
        case .automaton(let automaton): try add(automaton, from: start, to: end)
        case .rule(let rule): addCall(rule, from: start, to: end)
        }
    }

    private mutating func addCall(_ rule: Int, from start: Int32, to end: Int32) {
        calls.append(Edge(source: start, element: Automaton.Call(rule: Int32(rule), target: end)))
    }

    private mutating func addEmptyMove(from start: Int32, to end: Int32) {
        emptyMoves.append(Edge(source: start, element: end))
    }

    private mutating func add(_ range: ClosedRange<UInt8>, from start: Int32, to end: Int32) {
        let edge = Automaton.ByteEdge(low: range.lowerBound, high: range.upperBound, target: end)
        bytes.append(Edge(source: start, element: edge))
    }

    private mutating func add(_ text: ArraySlice<UInt8>, from start: Int32, to end: Int32) throws(ConstraintError) {
        guard let last = text.last else { return addEmptyMove(from: start, to: end) }
        var state = start
        for byte in text.dropLast() {
            let next = try addState()
            add(byte...byte, from: state, to: next)
            state = next
        }
        add(last...last, from: state, to: end)
    }

    /// A trie, so that words with a common beginning take one state for it.
    private mutating func add(words: [[UInt8]], from start: Int32, to end: Int32) throws(ConstraintError) {
        let sorted = words.sorted { $0.lexicographicallyPrecedes($1) }
        var path = [start]
        var previous: ArraySlice<UInt8> = []
        for (index, word) in sorted.enumerated() where index == 0 || word != sorted[index - 1] {
            let shared = min(zip(previous, word).prefix { $0 == $1 }.count, path.count - 1)
            path.removeSubrange((shared + 1)...)
            for byte in word.dropFirst(shared) {
                let next = try addState()
                add(byte...byte, from: path[path.count - 1], to: next)
                path.append(next)
            }
            addEmptyMove(from: path[path.count - 1], to: end)
            previous = word[...]
        }
    }

    /// Sequences of byte ranges; those with the same rest share its states.
    private mutating func add(
        _ sequences: [[ClosedRange<UInt8>]],
        from start: Int32,
        to end: Int32,
        sharing shared: inout [[ClosedRange<UInt8>]: Int32]
    ) throws(ConstraintError) {
        for sequence in sequences {
            var rest: [ClosedRange<UInt8>] = []
            var target = end
            for range in sequence.dropFirst().reversed() {
                rest.insert(range, at: 0)
                if let state = shared[rest] {
                    target = state
                } else {
                    let state = try addState()
                    add(range, from: state, to: target)
                    shared[rest] = state
                    target = state
                }
            }
            if let first = sequence.first { add(first, from: start, to: target) }
        }
    }

    private mutating func add(
        chain parts: [Expression],
        stopsAfter: Int,
        from start: Int32,
        to end: Int32
    ) throws(ConstraintError) {
        var state = start
        for (index, part) in parts.enumerated() {
            if index >= stopsAfter { addEmptyMove(from: state, to: end) }
            let next = index == parts.count - 1 ? end : try addState()
            try add(part, from: state, to: next)
            state = next
        }
        if parts.isEmpty { addEmptyMove(from: start, to: end) }
    }

    private mutating func add(
        repeating part: Expression,
        atLeast: Int,
        atMost: Int?,
        from start: Int32,
        to end: Int32
    ) throws(ConstraintError) {
        let copies = atMost ?? atLeast
        if case .characters(let characters) = part, copies * characters.ranges.count > Self.writtenOutLimit {
            let empty = Expression.empty
            let rule = try addRule(
                Grammar.Counted(prefix: empty, element: part, suffix: empty, atLeast: atLeast, atMost: atMost)
            )
            return addCall(rule, from: start, to: end)
        }
        guard copies < stateLimit else {
            throw ConstraintError(.whole, "a part is to be repeated \(copies) times; the limit is \(stateLimit)")
        }
        if atMost != nil {
            return try add(
                chain: Array(repeating: part, count: copies),
                stopsAfter: atLeast,
                from: start,
                to: end
            )
        }
        let loop = try addState()
        try add(chain: Array(repeating: part, count: atLeast), stopsAfter: atLeast, from: start, to: loop)
        try add(part, from: loop, to: loop)
        addEmptyMove(from: loop, to: end)
    }

    /// Two states for each place: no member so far, or one at least, after which a separator comes first.
    private mutating func add(_ members: Expression.Members, from start: Int32, to end: Int32) throws(ConstraintError) {
        var none = start
        var some = try addState()
        for member in members.members {
            let here = try addState()
            addEmptyMove(from: none, to: here)
            try add(members.separator, from: some, to: here)
            let nextNone = try addState()
            let nextSome = try addState()
            try add(member.expression, from: here, to: nextSome)
            if !member.isRequired {
                addEmptyMove(from: none, to: nextNone)
                addEmptyMove(from: some, to: nextSome)
            }
            none = nextNone
            some = nextSome
        }
        if let additional = members.additional {
            let here = try addState()
            addEmptyMove(from: none, to: here)
            try add(members.separator, from: some, to: here)
            try add(additional, from: here, to: some)
        }
        addEmptyMove(from: some, to: end)
    }

    private mutating func add(
        _ automaton: CharacterAutomaton,
        _ encoding: TextEncoding,
        from start: Int32,
        to end: Int32
    ) throws(ConstraintError) {
        var states: [Int32] = []
        for _ in automaton.edges { states.append(try addState()) }
        addEmptyMove(from: start, to: states[0])
        // Characters that lead to the same state may share the states between their bytes.
        var shared = Array(repeating: [[ClosedRange<UInt8>]: Int32](), count: states.count)
        for (state, edges) in automaton.edges.enumerated() {
            if automaton.isAccepting[state] { addEmptyMove(from: states[state], to: end) }
            for edge in edges {
                let sequences =
                    switch encoding {
                    case .utf8: UTF8Sequences.of(edge.characters)
                    case .jsonString: JSONStringCharacters.sequences(of: edge.characters)
                    }
                try add(sequences, from: states[state], to: states[edge.target], sharing: &shared[edge.target])
            }
        }
    }

    private mutating func add(_ automaton: ByteAutomaton, from start: Int32, to end: Int32) throws(ConstraintError) {
        var states: [Int32] = []
        for _ in automaton.edges { states.append(try addState()) }
        addEmptyMove(from: start, to: states[0])
        for (state, edges) in automaton.edges.enumerated() {
            if automaton.isAccepting[state] { addEmptyMove(from: states[state], to: end) }
            for edge in edges { add(edge.bytes, from: states[state], to: states[edge.target]) }
            for call in automaton.calls[state] {
                try add(call.expression, from: states[state], to: states[call.target])
            }
        }
    }
}
