// What a constraint is made of before it becomes an automaton: texts, characters, sequences, choices, calls of rules.
// Not the public constraint (../Constraint.swift). Next: Grammar.swift, ../Automaton/AutomatonBuilder.swift.

/// A language, by its parts.
indirect enum Expression: Hashable, Sendable {
    /// Exactly these bytes.
    case bytes([UInt8])
    /// One of many byte strings, kept together so that common beginnings are shared.
    case words([[UInt8]])
    /// One character of a set, in UTF-8.
    case characters(ScalarSet)
    /// One part after the other.
    case sequence([Expression])
    /// One of the parts.
    case choice([Expression])
    /// A part again and again; no upper limit if `atMost` is nil.
    case repetition(Expression, atLeast: Int, atMost: Int?)
    /// The parts in order; the text may stop after any part from the `stopsAfter`th on (0: before the first).
    case chain([Expression], stopsAfter: Int)
    /// Members of an object in order.
    case members(Members)
    /// A text of characters that an automaton of characters accepts.
    case text(CharacterAutomaton, TextEncoding)
    /// A text of bytes that an automaton of bytes accepts.
    case automaton(ByteAutomaton)
    /// A rule of the grammar.
    case rule(Int)

    /// The text, in UTF-8.
    static func text(_ text: String) -> Expression { .bytes(Array(text.utf8)) }

    static let empty = Expression.sequence([])

    /// The members of an object, at least one, which come in order with a separator between them.
    struct Members: Hashable, Sendable {
        /// Every member, and whether it may be left out.
        var members: [Member]
        /// What may follow the members any number of times.
        var additional: Expression?
        var separator: Expression

        struct Member: Hashable, Sendable {
            var expression: Expression
            var isRequired: Bool
        }
    }
}

/// How characters are spelt in bytes.
enum TextEncoding: Hashable, Sendable {
    /// UTF-8.
    case utf8
    /// The inside of a JSON string: UTF-8, but quotes, backslashes and control characters as escapes.
    case jsonString
}

/// A deterministic automaton of bytes.
struct ByteAutomaton: Hashable, Sendable {
    struct Edge: Hashable, Sendable {
        let bytes: ClosedRange<UInt8>
        let target: Int
    }

    /// Of every state; the first is where a text starts.
    var edges: [[Edge]] = [[]]
    var isAccepting: [Bool] = [false]
    /// States in which a rule has to follow, whose end leads on to a state.
    var calls: [[Call]] = [[]]

    struct Call: Hashable, Sendable {
        let expression: Expression
        let target: Int
    }

    /// Adds a state and returns it.
    mutating func addState(isAccepting: Bool) -> Int {
        edges.append([])
        calls.append([])
        self.isAccepting.append(isAccepting)
        return edges.count - 1
    }
}
