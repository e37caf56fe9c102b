// The automaton that runs: states with edges for bytes, empty moves, calls of rules and counted loops, in flat arrays.
// Nondeterministic; sets of its states are found as they come up. Next: AutomatonBuilder.swift, Configuration.swift.

/// A pushdown automaton over bytes. State 0 leads nowhere.
final class Automaton: Sendable {
    struct ByteEdge: Sendable {
        var low: UInt8
        var high: UInt8
        var target: Int32
    }

    struct Call: Sendable {
        var rule: Int32
        var target: Int32
    }

    struct Rule: Sendable {
        var start: Int32
        /// A rule that another may begin with has a greater rank than that other.
        var rank: Int32
        /// Whether the empty text is one of the rule's.
        var isNullable: Bool
        var counter: Counter
    }

    /// What is to be counted in one run of a rule: the elements of a counted loop.
    struct Counter: Hashable, Sendable {
        static let unlimited = UInt32.max
        static let none = Counter(needed: 0, allowed: 0)

        /// How many more elements have to come.
        var needed: UInt32
        /// How many more may come.
        var allowed: UInt32

        /// The counter when one more element begins.
        var afterOne: Counter {
            Counter(
                needed: needed == 0 ? 0 : needed - 1,
                allowed: allowed == Self.unlimited ? allowed : allowed - 1
            )
        }

        /// A counter that the next `elements` elements cannot tell from this one.
        func clipped(to elements: UInt32) -> Counter {
            Counter(
                needed: min(needed, elements),
                allowed: allowed > elements ? Self.unlimited : allowed
            )
        }
    }

    /// A state at which one more element of a counted loop may begin, or the loop end.
    struct Loop: Sendable {
        var element: Int32
        var exit: Int32
    }

    struct Flags: OptionSet, Sendable {
        let rawValue: UInt8
        /// A rule may end here.
        static let isFinal = Flags(rawValue: 1)
        /// Nothing but the end of the rule can follow.
        static let onlyEnds = Flags(rawValue: 2)
        static let isLoop = Flags(rawValue: 4)
        static let hasBytes = Flags(rawValue: 8)
        /// Has empty moves or calls.
        static let hasMoves = Flags(rawValue: 16)
    }

    /// Lists of every state, one after the other; the list of state `s` lies from `starts[s]` to `starts[s + 1]`.
    struct Lists<Element: Sendable>: Sendable {
        var starts: [Int32]
        var elements: [Element]

        subscript(state: Int32) -> ArraySlice<Element> {
            elements[Int(starts[Int(state)])..<Int(starts[Int(state) + 1])]
        }
    }

    let flags: [Flags]
    let bytes: Lists<ByteEdge>
    let emptyMoves: Lists<Int32>
    let calls: Lists<Call>
    let loops: [Int32: Loop]
    let rules: [Rule]
    /// The rule that is the whole text.
    let root: Int32
    let classes: ByteClasses

    init(_ parts: Parts, root: Int32) {
        flags = parts.flags
        bytes = parts.bytes
        emptyMoves = parts.emptyMoves
        calls = parts.calls
        loops = parts.loops
        rules = parts.rules
        self.root = root
        classes = ByteClasses(parts.bytes.elements)
    }

    /// Roughly how much memory the automaton takes.
    var bytesTaken: Int { 16 * flags.count + 8 * (bytes.elements.count + calls.elements.count + rules.count) }

    /// An automaton while it is made.
    struct Parts {
        var flags: [Flags]
        var bytes: Lists<ByteEdge>
        var emptyMoves: Lists<Int32>
        var calls: Lists<Call>
        var loops: [Int32: Loop]
        var rules: [Rule]
    }
}

/// Bytes that no edge tells apart, as one class.
struct ByteClasses: Sendable {
    /// The class of every byte.
    let classOfByte: [UInt8]
    /// One byte of every class.
    let representatives: [UInt8]

    var count: Int { representatives.count }

    init(_ edges: some Sequence<Automaton.ByteEdge>) {
        var startsClass = Array(repeating: false, count: 257)
        startsClass[0] = true
        for edge in edges {
            startsClass[Int(edge.low)] = true
            startsClass[Int(edge.high) + 1] = true
        }
        var classOfByte: [UInt8] = []
        var representatives: [UInt8] = []
        for byte in UInt8.min...UInt8.max {
            if startsClass[Int(byte)] { representatives.append(byte) }
            classOfByte.append(UInt8(representatives.count - 1))
        }
        self.classOfByte = classOfByte
        self.representatives = representatives
    }
}
