// A nondeterministic automaton over characters: where the texts of strings are combined before they become bytes.
// Not the automaton that runs (../Automaton/Automaton.swift). Next: CharacterAutomatonBuilder.swift.

/// A language of character strings.
struct CharacterAutomaton: Hashable, Sendable {
    struct Edge: Hashable, Sendable {
        let characters: ScalarSet
        let target: Int
    }

    /// Of every state; a text starts in the first.
    var edges: [[Edge]]
    var isAccepting: [Bool]

    /// More states or edges than this are refused.
    static let stateLimit = 20_000
    static let edgeLimit = 200_000
    /// Intersections that compare more pairs of edges than this are refused.
    private static let workLimit = 2_000_000

    /// Every text.
    static let anyText = CharacterAutomaton(edges: [[Edge(characters: .all, target: 0)]], isAccepting: [true])

    /// Every text of `atLeast` to `atMost` characters.
    static func length(atLeast: Int, atMost: Int?) -> CharacterAutomaton? {
        let last = atMost ?? atLeast
        guard last < stateLimit else { return nil }
        var automaton = CharacterAutomaton(edges: [], isAccepting: [])
        for count in 0...last {
            let target = count < last ? count + 1 : (atMost == nil ? count : nil)
            automaton.edges.append(target.map { [Edge(characters: .all, target: $0)] } ?? [])
            automaton.isAccepting.append(count >= atLeast)
        }
        return automaton
    }

    /// Every text but `texts`.
    static func allBut(_ texts: [String]) -> CharacterAutomaton {
        var children: [[UInt32: Int]] = [[:]]
        var isListed = [false]
        for text in texts {
            var state = 0
            for scalar in text.unicodeScalars {
                if let next = children[state][scalar.value] {
                    state = next
                } else {
                    children.append([:])
                    isListed.append(false)
                    children[state][scalar.value] = children.count - 1
                    state = children.count - 1
                }
            }
            isListed[state] = true
        }
        let anything = children.count
        var automaton = CharacterAutomaton(edges: [], isAccepting: isListed.map { !$0 } + [true])
        for listed in children {
            var edges = listed.sorted { $0.key < $1.key }
                .map { Edge(characters: ScalarSet([$0.key...$0.key]), target: $0.value) }
            let others = ScalarSet(listed.keys.map { $0...$0 }).inverted
            edges.append(Edge(characters: others, target: anything))
            automaton.edges.append(edges)
        }
        automaton.edges.append([Edge(characters: .all, target: anything)])
        return automaton
    }

    /// The texts that both accept, or nil if the automaton would have too many states.
    func intersection(_ other: CharacterAutomaton) -> CharacterAutomaton? {
        struct Pair: Hashable {
            let left: Int
            let right: Int
        }
        var numbers = [Pair(left: 0, right: 0): 0]
        var pairs = [Pair(left: 0, right: 0)]
        var result = CharacterAutomaton(edges: [], isAccepting: [])
        var next = 0
        var edgeCount = 0
        var work = 0
        while next < pairs.count {
            let pair = pairs[next]
            next += 1
            work += 1 + self.edges[pair.left].count * other.edges[pair.right].count
            guard work < Self.workLimit else { return nil }
            var edges: [Edge] = []
            for left in self.edges[pair.left] {
                for right in other.edges[pair.right] {
                    let common = left.characters.intersection(right.characters)
                    guard !common.isEmpty else { continue }
                    let target = Pair(left: left.target, right: right.target)
                    if numbers[target] == nil {
                        guard pairs.count < Self.stateLimit else { return nil }
                        numbers[target] = pairs.count
                        pairs.append(target)
                    }
                    edges.append(Edge(characters: common, target: numbers[target] ?? 0))
                }
            }
            edgeCount += edges.count
            guard edgeCount < Self.edgeLimit else { return nil }
            result.edges.append(edges)
            result.isAccepting.append(isAccepting[pair.left] && other.isAccepting[pair.right])
        }
        return result.withoutDeadEnds()
    }

    /// Whether `text` is in the language.
    func accepts(_ text: String) -> Bool {
        var states: Set<Int> = [0]
        for scalar in text.unicodeScalars {
            states = Set(
                states.flatMap { edges[$0] }.filter { $0.characters.contains(scalar.value) }.map(\.target)
            )
        }
        return states.contains { isAccepting[$0] }
    }

    /// Whether no text at all is in the language.
    var isEmpty: Bool {
        let live = withoutDeadEnds()
        return live.edges[0].isEmpty && !live.isAccepting[0]
    }

    /// The same language without edges to states from which no text can end.
    private func withoutDeadEnds() -> CharacterAutomaton {
        var sources = Array(repeating: [Int](), count: edges.count)
        for (state, list) in edges.enumerated() {
            for edge in list { sources[edge.target].append(state) }
        }
        var isLive = isAccepting
        var open = edges.indices.filter { isAccepting[$0] }
        while let state = open.popLast() {
            for source in sources[state] where !isLive[source] {
                isLive[source] = true
                open.append(source)
            }
        }
        var result = self
        result.edges = edges.map { $0.filter { isLive[$0.target] } }
        return result
    }
}
