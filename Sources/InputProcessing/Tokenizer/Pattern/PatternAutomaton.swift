// A pattern as a deterministic automaton: one table lookup per scalar, no backtracking, nothing built while matching.
// Not a search: PatternScanner.swift looks for the next match with it. Next: PatternScanner.swift.

/// The determinised form of a `PatternProgram`.
///
/// A state is the ordered list of places where the program's cursors stand. Whether a cursor matches or an assertion
/// holds is decided when the next symbol is known, so a transition answers two questions: does the pattern match
/// *before* this symbol, and which state follows. Symbols are classes of scalars that no set of the pattern tells
/// apart, and one more for the end of the text.
struct PatternAutomaton: Sendable {
    /// The class of every scalar.
    let classes: ScalarTable<UInt8>
    /// The same for ASCII, where most text lies.
    let asciiClasses: [UInt8]
    /// For state * width + symbol: the next state shifted left by one, and in the low bit whether the pattern matches
    /// before the symbol. State 0 is dead.
    let transitions: [UInt16]
    /// Symbols per state.
    let width: Int
    /// The symbol of the end of the text; class indices are below it.
    var endSymbol: Int { width - 1 }
    /// For set * width + symbol: whether the set holds the symbol's scalars.
    let membership: [Bool]

    static let deadState = 0
    static let startState = 1

    private static let stateLimit = 8_192
    /// Building the automaton may take this many steps of the program, about a tenth of a second.
    private static let workLimit = 10_000_000

    /// Builds the automaton; throws what the pattern has too many of.
    init(_ program: PatternProgram) throws(PatternAutomatonError) {
        // A class is one combination of sets, kept as the bits of a word.
        guard program.sets.count <= UInt64.bitWidth else { throw .tooManySets }
        let runs = Self.partition(program.sets)
        var classOfMask: [UInt64: UInt8] = [0: 0]
        var masks: [UInt64] = [0]
        for run in runs where classOfMask[run.mask] == nil {
            guard masks.count < Int(UInt8.max) else { throw .tooManyClasses }
            classOfMask[run.mask] = UInt8(masks.count)
            masks.append(run.mask)
        }
        let classRuns = runs.map { (scalars: $0.scalars, element: classOfMask[$0.mask] ?? 0) }
        let classes = ScalarTable(runs: classRuns, fallback: UInt8(0))
        let width = masks.count + 1
        var membership: [Bool] = []
        for set in program.sets.indices {
            membership += masks.map { $0 >> UInt64(set) & 1 == 1 } + [false]
        }
        self.classes = classes
        self.asciiClasses = (0..<128).map { classes[$0] }
        self.width = width
        self.membership = membership
        self.transitions = try Self.transitions(of: program, membership: membership, width: width)
    }

    private static func transitions(
        of program: PatternProgram,
        membership: [Bool],
        width: Int
    ) throws(PatternAutomatonError) -> [UInt16] {
        var states: [[Int]] = [[], [0]]
        var known: [[Int]: Int] = [[]: deadState, [0]: startState]
        var transitions: [UInt16] = []
        var walk = PatternWalk(program: program, membership: membership, width: width)
        var state = 0
        while state < states.count {
            for symbol in 0..<width {
                let step = walk.step(from: states[state], symbol: symbol)
                guard walk.work < workLimit else { throw .tooMuchWork }
                let target: Int
                if let index = known[step.cursors] {
                    target = index
                } else {
                    guard states.count < stateLimit else { throw .tooManyStates }
                    target = states.count
                    known[step.cursors] = target
                    states.append(step.cursors)
                }
                transitions.append(UInt16(target << 1 | (step.matches ? 1 : 0)))
            }
            state += 1
        }
        return transitions
    }

    /// The stretches of scalars that lie in the same sets, which the bits of `mask` name.
    private static func partition(_ sets: [ScalarSet]) -> [(scalars: ClosedRange<UInt32>, mask: UInt64)] {
        var edges: [(scalar: UInt32, bit: UInt64)] = []
        for (index, set) in sets.enumerated() {
            for range in set.ranges {
                edges.append((range.lowerBound, 1 << UInt64(index)))
                edges.append((range.upperBound + 1, 1 << UInt64(index)))
            }
        }
        edges.sort { $0.scalar < $1.scalar }
        var runs: [(scalars: ClosedRange<UInt32>, mask: UInt64)] = []
        var mask: UInt64 = 0
        var start: UInt32 = 0
        for edge in edges {
            if edge.scalar > start {
                runs.append((start...(edge.scalar - 1), mask))
                start = edge.scalar
            }
            mask ^= edge.bit
        }
        if start <= 0x10FFFF { runs.append((start...0x10FFFF, mask)) }
        return runs
    }
}

/// What a pattern has too many of to become an automaton.
enum PatternAutomatonError: Error {
    case tooManySets, tooManyClasses, tooManyStates, tooMuchWork

    var reason: String {
        switch self {
        case .tooManySets: "the pattern has more than 64 different character sets"
        case .tooManyClasses: "the pattern tells more than 254 classes of characters apart"
        case .tooManyStates: "the pattern needs an automaton of more than 8192 states"
        case .tooMuchWork: "the pattern is too complex for an automaton"
        }
    }
}

/// One step of all cursors of a program over a symbol, in order of preference.
struct PatternWalk {
    private let program: PatternProgram
    private let membership: [Bool]
    private let width: Int
    private var visited: [Int]
    private var round = 0
    private var stack: [Int] = []
    /// How many places cursors have been at.
    private(set) var work = 0

    init(program: PatternProgram, membership: [Bool], width: Int) {
        self.program = program
        self.membership = membership
        self.width = width
        visited = Array(repeating: 0, count: program.instructions.count)
    }

    /// Starts a step: no place counts as visited.
    mutating func beginStep() { round += 1 }

    /// Moves one cursor over `symbol`. Calls `advance` with every place it reaches behind the symbol, most preferred
    /// first, and returns true if the pattern matches before the symbol; less preferred cursors are then void.
    mutating func move(from place: Int, symbol: Int, advance: (Int) -> Void) -> Bool {
        stack.append(place)
        while let place = stack.popLast() {
            work += 1
            guard visited[place] != round else { continue }
            visited[place] = round
            switch program.instructions[place] {
            case .scalar(let set):
                if membership[set * width + symbol] { advance(place + 1) }
            case .split(let preferred, let other):
                stack.append(other)
                stack.append(preferred)
            case .jump(let target):
                stack.append(target)
            case .assertNext(let set, let allowsEnd):
                if symbol == width - 1 ? allowsEnd : membership[set * width + symbol] { stack.append(place + 1) }
            case .match:
                stack.removeAll(keepingCapacity: true)
                return true
            }
        }
        return false
    }

    /// Moves the cursors of a state.
    mutating func step(from cursors: [Int], symbol: Int) -> (cursors: [Int], matches: Bool) {
        beginStep()
        var next: [Int] = []
        for cursor in cursors where move(from: cursor, symbol: symbol, advance: { next.append($0) }) {
            return (Self.withoutRepeats(next), true)
        }
        return (Self.withoutRepeats(next), false)
    }

    /// Each place once, where it comes first: a later cursor at the same place can do nothing an earlier one cannot.
    private static func withoutRepeats(_ places: [Int]) -> [Int] {
        var seen: Set<Int> = []
        return places.filter { seen.insert($0).inserted }
    }
}
