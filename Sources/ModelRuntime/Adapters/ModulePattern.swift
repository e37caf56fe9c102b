// The regular expressions with which an adapter's configuration names modules, matched in bounded time.
// Not all of Python's `re`: ModulePatternParser.swift says what is read. What patterns decide: AdapterConfiguration.swift.

/// A regular expression over the path of a module, such as `(.*\.)?(q_proj)$`.
///
/// It is an automaton whose states are followed side by side: no pattern takes longer than its states times the length of
/// the path, but for what looks ahead, which `budget` bounds.
struct ModulePattern: Sendable {
    /// A set of characters.
    struct Characters: Sendable {
        var singles: Set<Unicode.Scalar> = []
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        /// Sets by name, such as all digits, each as it is or all that is not in it.
        var kinds: [(kind: Kind, isNegated: Bool)] = []
        var isNegated = false

        enum Kind { case digit, word, space, anyButNewline }

        func contains(_ scalar: Unicode.Scalar) -> Bool {
            let isListed =
                singles.contains(scalar) || ranges.contains { $0.contains(scalar) }
                || kinds.contains { $0.kind.contains(scalar) != $0.isNegated }
            return isListed != isNegated
        }
    }

    /// What must hold between two characters.
    enum Assertion: Sendable {
        case start
        case end
        case wordBoundary(Bool)
        /// What follows matches, or does not match, the automaton from a state on.
        case ahead(state: Int, isMatch: Bool)
    }

    /// A state of the automaton.
    enum State: Sendable {
        case consume(Characters, next: Int)
        case split(Int, Int)
        case check(Assertion, next: Int)
        case accept
    }

    /// A syntax tree, as the parser makes it.
    indirect enum Node {
        case characters(Characters)
        case sequence([Node])
        case choice([Node])
        case repeated(Node, atLeast: Int, atMost: Int?)
        case assertion(Assertion)
        case ahead(Node, isMatch: Bool)
    }

    private var states: [State] = [.accept]
    private var start = 0

    /// The most states of a pattern, and copies of counted parts are states.
    static let mostStates = 4096

    /// A pattern that a whole path must match, as `re.fullmatch` does.
    init(whole text: String) throws(ModulePatternError) {
        let node = try ModulePatternParser.parse(text)
        start = try compile(.sequence([node, .assertion(.end)]), next: 0, text)
    }

    /// A pattern that the last parts of a path must match: `re.match` with `(.*\.)?(text)$`.
    init(lastPartsOf text: String) throws(ModulePatternError) {
        let any = Node.characters(Characters(kinds: [(.anyButNewline, false)]))
        let dot = Node.characters(Characters(singles: ["."]))
        let prefix = Node.sequence([.repeated(any, atLeast: 0, atMost: nil), dot])
        let node = try ModulePatternParser.parse(text)
        let all = Node.sequence([.repeated(prefix, atLeast: 0, atMost: 1), node, .assertion(.end)])
        start = try compile(all, next: 0, text)
    }

    // MARK: Compiling

    /// Appends the states of `node`, which lead to `next`, and gives the first of them.
    private mutating func compile(_ node: Node, next: Int, _ text: String) throws(ModulePatternError) -> Int {
        switch node {
        case .characters(let characters): return try append(.consume(characters, next: next), text)
        case .assertion(let assertion): return try append(.check(assertion, next: next), text)
        case .sequence(let nodes):
            var next = next
            for node in nodes.reversed() { next = try compile(node, next: next, text) }
            return next
        case .choice(let nodes):
            var first = try compile(nodes[nodes.count - 1], next: next, text)
            for node in nodes.dropLast().reversed() {
                let other = try compile(node, next: next, text)
                first = try append(.split(other, first), text)
            }
            return first
        case .ahead(let inner, let isMatch):
            let state = try compile(inner, next: 0, text)
            return try append(.check(.ahead(state: state, isMatch: isMatch), next: next), text)
        case .repeated(let inner, let least, let most):
            var first = next
            if let most {
                for _ in least..<most {
                    let once = try compile(inner, next: first, text)
                    first = try append(.split(once, next), text)
                }
            } else {
                first = try append(.split(next, next), text)
                states[first] = .split(try compile(inner, next: first, text), next)
            }
            for _ in 0..<least { first = try compile(inner, next: first, text) }
            return first
        }
    }

    private mutating func append(_ state: State, _ text: String) throws(ModulePatternError) -> Int {
        guard states.count < Self.mostStates else {
            throw ModulePatternError(pattern: text, problem: "is too long: it has more than \(Self.mostStates) states")
        }
        states.append(state)
        return states.count - 1
    }

    // MARK: Matching

    /// The steps that all patterns of a configuration may take together.
    struct Budget {
        var steps = 100_000_000
    }

    /// Whether a path matches; nil if the budget ran out.
    func matches(_ path: String, _ budget: inout Budget) -> Bool? {
        var run = Run(states: states, text: Array(path.unicodeScalars), steps: budget.steps)
        let result = run.reachesAccept(from: start, at: 0)
        budget.steps = run.steps
        return run.steps > 0 ? result : nil
    }

    private struct Run {
        let states: [State]
        let text: [Unicode.Scalar]
        var steps: Int
        private var aheads: [Ahead: Bool] = [:]

        private struct Ahead: Hashable {
            let state: Int
            let place: Int
        }

        init(states: [State], text: [Unicode.Scalar], steps: Int) {
            self.states = states
            self.text = text
            self.steps = steps
        }

        /// Whether the automaton accepts some of the text from `place` on. It recurses as deep as patterns look ahead while
        /// they look ahead, which the parser bounds.
        mutating func reachesAccept(from start: Int, at place: Int) -> Bool {
            var active = [start]
            for place in place...text.count {
                // What a new set of states costs, however few of them are reached.
                steps -= states.count / 64
                var next: [Int] = []
                var seen = [Bool](repeating: false, count: states.count)
                while let index = active.popLast() {
                    guard !seen[index] else { continue }
                    seen[index] = true
                    steps -= 1
                    guard steps > 0 else { return false }
                    switch states[index] {
                    case .accept: return true
                    case .split(let one, let other): active += [one, other]
                    case .check(let assertion, let following):
                        if holds(assertion, at: place) { active.append(following) }
                    case .consume(let characters, let following):
                        if place < text.count, characters.contains(text[place]) { next.append(following) }
                    }
                }
                guard !next.isEmpty else { return false }
                active = next
            }
            return false
        }

        private mutating func holds(_ assertion: Assertion, at place: Int) -> Bool {
            switch assertion {
            case .start: return place == 0
            case .end: return place == text.count
            case .wordBoundary(let isWanted):
                let before = place > 0 && Characters.Kind.word.contains(text[place - 1])
                let after = place < text.count && Characters.Kind.word.contains(text[place])
                return (before != after) == isWanted
            case .ahead(let state, let isMatch):
                let key = Ahead(state: state, place: place)
                if let known = aheads[key] { return known == isMatch }
                let found = reachesAccept(from: state, at: place)
                aheads[key] = found
                return found == isMatch
            }
        }
    }
}

extension ModulePattern.Characters.Kind {
    func contains(_ scalar: Unicode.Scalar) -> Bool {
        switch self {
        case .digit: return scalar.properties.numericType == .decimal
        case .word: return scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
        case .space: return scalar.properties.isWhitespace
        case .anyButNewline: return scalar != "\n"
        }
    }
}

/// A pattern that cannot be read.
struct ModulePatternError: Error, Sendable, Hashable {
    /// The pattern.
    let pattern: String
    /// What is wrong, as the end of a sentence.
    let problem: String
}
