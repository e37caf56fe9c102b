// A pattern as a small program for a set of cursors that move through the text together (Thompson's construction).
// Not what runs at speed: PatternAutomaton.swift is built from it. Next: PatternAutomaton.swift.

/// The instructions of a pattern. Where several cursors stand, earlier ones are preferred: that order is what makes
/// alternatives and greed behave as in a backtracking matcher, without backtracking.
struct PatternProgram: Sendable {
    enum Instruction: Sendable {
        /// Reads one scalar of the set with this index, then goes on.
        case scalar(set: Int)
        /// Goes on at both places, preferring the first.
        case split(preferred: Int, other: Int)
        /// Goes on elsewhere.
        case jump(to: Int)
        /// Goes on if the next scalar is in the set, or the text ends where that is allowed.
        case assertNext(set: Int, allowsEnd: Bool)
        /// The pattern has matched up to here.
        case match
    }

    private(set) var instructions: [Instruction] = []
    /// The distinct sets that instructions refer to.
    private(set) var sets: [ScalarSet] = []

    /// A pattern that needs more instructions is refused.
    private static let instructionLimit = 20_000

    /// Compiles a tree; nil if the program would be too long.
    init?(_ node: PatternNode) {
        guard emit(node) else { return nil }
        instructions.append(.match)
    }

    /// Appends the instructions of `node`; false if that is too many.
    private mutating func emit(_ node: PatternNode) -> Bool {
        guard instructions.count < Self.instructionLimit else { return false }
        switch node {
        case .set(let set):
            instructions.append(.scalar(set: index(of: set)))
            return true
        case .assertion(let assertion):
            instructions.append(.assertNext(set: index(of: assertion.scalars), allowsEnd: assertion.allowsEnd))
            return true
        case .sequence(let nodes):
            return nodes.allSatisfy { emit($0) }
        case .alternation(let branches):
            return emitAlternation(branches)
        case .repetition(let repeated, let minimum, let maximum, let isGreedy):
            guard (0..<minimum).allSatisfy({ _ in emit(repeated) }) else { return false }
            guard let maximum else { return emitLoop(repeated, isGreedy: isGreedy) }
            var skips: [Int] = []
            for _ in minimum..<maximum {
                skips.append(instructions.count)
                instructions.append(.jump(to: 0))
                guard emit(repeated) else { return false }
            }
            for skip in skips { instructions[skip] = split(skip + 1, instructions.count, isGreedy: isGreedy) }
            return true
        }
    }

    private mutating func emitAlternation(_ branches: [PatternNode]) -> Bool {
        var exits: [Int] = []
        for (place, branch) in branches.enumerated() {
            let isLast = place == branches.count - 1
            let fork = instructions.count
            if !isLast { instructions.append(.jump(to: 0)) }
            guard emit(branch) else { return false }
            if !isLast {
                exits.append(instructions.count)
                instructions.append(.jump(to: 0))
                instructions[fork] = .split(preferred: fork + 1, other: instructions.count)
            }
        }
        for exit in exits { instructions[exit] = .jump(to: instructions.count) }
        return true
    }

    private mutating func emitLoop(_ repeated: PatternNode, isGreedy: Bool) -> Bool {
        let fork = instructions.count
        instructions.append(.jump(to: 0))
        guard emit(repeated) else { return false }
        instructions.append(.jump(to: fork))
        instructions[fork] = split(fork + 1, instructions.count, isGreedy: isGreedy)
        return true
    }

    private func split(_ inside: Int, _ outside: Int, isGreedy: Bool) -> Instruction {
        isGreedy ? .split(preferred: inside, other: outside) : .split(preferred: outside, other: inside)
    }

    private mutating func index(of set: ScalarSet) -> Int {
        if let index = sets.firstIndex(of: set) { return index }
        sets.append(set)
        return sets.count - 1
    }
}
