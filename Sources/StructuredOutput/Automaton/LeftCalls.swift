// Which rules may begin with which others: an order of them, or the cycle that makes one impossible.
// Not general recursion, which is welcome. Next: ../Masks/Closure.swift, which closes rules in this order.

extension AutomatonChecks {
    /// Gives each rule a rank above those of the rules that may begin with it.
    func setRanks(of automaton: inout Automaton.Parts, origins: [Grammar.Origin?]) throws(ConstraintError) {
        let callees = automaton.rules.map { Self.leftCalls(of: $0, in: automaton) }
        // Depth first without recursion: every rule after all those that it may begin with.
        var finished: [Int] = []
        var isOpen = Array(repeating: false, count: callees.count)
        var isFinished = isOpen
        for first in callees.indices where !isFinished[first] {
            var path: [(rule: Int, next: Int)] = [(first, 0)]
            isOpen[first] = true
            while let (rule, next) = path.last {
                if next == callees[rule].count {
                    path.removeLast()
                    isOpen[rule] = false
                    isFinished[rule] = true
                    finished.append(rule)
                    continue
                }
                path[path.count - 1].next += 1
                let callee = callees[rule][next]
                if isOpen[callee] { throw Self.leftRecursion(through: path.map(\.rule), to: callee, origins: origins) }
                if !isFinished[callee] {
                    isOpen[callee] = true
                    path.append((callee, 0))
                }
            }
        }
        for (rank, rule) in finished.reversed().enumerated() { automaton.rules[rule].rank = Int32(rank) }
    }

    /// The rules that may be called before the first byte of `rule`.
    private static func leftCalls(of rule: Automaton.Rule, in automaton: Automaton.Parts) -> [Int] {
        var reached: Set<Int32> = [rule.start]
        var open = [rule.start]
        var callees: Set<Int> = []
        func reach(_ state: Int32) {
            if reached.insert(state).inserted { open.append(state) }
        }
        while let state = open.popLast() {
            for target in automaton.emptyMoves[state] { reach(target) }
            if let loop = automaton.loops[state] {
                reach(loop.element)
                if rule.counter.needed == 0 { reach(loop.exit) }
            }
            for call in automaton.calls[state] {
                callees.insert(Int(call.rule))
                if automaton.rules[Int(call.rule)].isNullable { reach(call.target) }
            }
        }
        return callees.sorted()
    }

    private static func leftRecursion(
        through path: [Int],
        to rule: Int,
        origins: [Grammar.Origin?]
    ) -> ConstraintError {
        let cycle = path[(path.firstIndex(of: rule) ?? 0)...] + [rule]
        let named = cycle.compactMap { origins[$0] }
        guard let first = named.first else {
            return ConstraintError(.whole, "a part of the constraint begins with itself")
        }
        let names = named.map { "`\($0.name)`" }.joined(separator: ", then ")
        return ConstraintError(
            first.place,
            "left recursion: \(names); a rule must not begin with itself, write the repetition with * or at the end"
        )
    }
}
