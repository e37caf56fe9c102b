// Numbers within limits as an automaton over their digits, exact for any decimal limits.
// Without exponents: 1e2 is refused where a number has limits. Next: SchemaCompiler+Scalars.swift.

/// The numbers that limits allow.
struct NumberLanguage {
    var isInteger: Bool
    var minima: [SchemaKeywords.Bound]
    var maxima: [SchemaKeywords.Bound]
    /// A number of which the value must be a multiple, as `divisor` units of the last of `decimals` places.
    var multiple: (divisor: Int, decimals: Int)?

    /// A limit of the size of a number, whose sign is known.
    private struct SizeLimit {
        let digits: Decimal
        let isExclusive: Bool
    }

    /// How what was read of a number compares with a limit.
    private enum Comparison: Hashable {
        case less, equal, greater

        func then(_ digit: UInt8, against other: UInt8) -> Comparison {
            self == .equal ? (digit < other ? .less : digit > other ? .greater : .equal) : self
        }
    }

    private struct State: Hashable {
        enum Phase: Hashable {
            case sign, whole, wholeIsZero, point, fraction
        }

        var phase: Phase
        var digits = 0
        var comparisons: [Comparison]
        var remainder = 0
    }

    /// The automaton of the numbers; nil if it has too many states.
    var automaton: CharacterAutomaton? {
        var result = CharacterAutomaton(edges: [[]], isAccepting: [false])
        // Numbers without and with a sign have different limits of size.
        for isNegative in [false, true] {
            guard let limits = limits(isNegative: isNegative) else { continue }
            guard add(limits, isNegative: isNegative, to: &result) else { return nil }
        }
        return result
    }

    /// The lower and upper limits of the size; nil if no number of the sign is allowed.
    private func limits(isNegative: Bool) -> (least: [SizeLimit], most: [SizeLimit])? {
        var least: [SizeLimit] = []
        var most: [SizeLimit] = []
        // A negative number is at least the minimum if its size is at most the minimum's.
        for bound in isNegative ? maxima : minima {
            let limits = isNegative == bound.value.isNegative || bound.value.isZero
            if limits { least.append(SizeLimit(digits: bound.value, isExclusive: bound.isExclusive)) }
        }
        for bound in isNegative ? minima : maxima {
            // No negative number, and no negative zero either, where only sizes from zero up are allowed.
            if bound.value.isNegative != isNegative, !(bound.value.isZero && !isNegative) { return nil }
            most.append(SizeLimit(digits: bound.value, isExclusive: bound.isExclusive))
        }
        return (least, most)
    }

    private func add(
        _ limits: (least: [SizeLimit], most: [SizeLimit]),
        isNegative: Bool,
        to result: inout CharacterAutomaton
    ) -> Bool {
        let all = limits.least + limits.most
        let start = State(phase: .sign, comparisons: Array(repeating: .equal, count: all.count))
        var numbers: [State: Int] = [:]
        var states: [State] = []
        func number(_ state: State) -> Int {
            if let number = numbers[state] { return number }
            result.edges.append([])
            result.isAccepting.append(accepts(state, limits))
            numbers[state] = result.edges.count - 1
            states.append(state)
            return result.edges.count - 1
        }
        let first = number(start)
        result.isAccepting[first] = false
        if isNegative {
            result.edges[0].append(.init(characters: ScalarSet("-"), target: first))
        }
        var next = 0
        while next < states.count {
            let state = states[next]
            next += 1
            let source = numbers[state] ?? 0
            var digits: [Int: [ClosedRange<UInt32>]] = [:]
            for digit in UInt8(0)...9 {
                guard let target = step(state, digit, all) else { continue }
                digits[number(target), default: []].append(UInt32(digit + 48)...UInt32(digit + 48))
            }
            var edges = digits.sorted { $0.key < $1.key }
                .map { CharacterAutomaton.Edge(characters: ScalarSet($0.value), target: $0.key) }
            if !isInteger, state.phase == .whole || state.phase == .wholeIsZero {
                edges.append(.init(characters: ScalarSet("."), target: number(afterPoint(state, all))))
            }
            result.edges[source] += edges
            if state == start, !isNegative { result.edges[0] += edges }
            if result.edges.count > CharacterAutomaton.stateLimit { return false }
        }
        return true
    }

    private func step(_ state: State, _ digit: UInt8, _ limits: [SizeLimit]) -> State? {
        var next = state
        switch state.phase {
        case .wholeIsZero: return nil
        case .sign, .whole:
            next.phase = digit == 0 && state.phase == .sign ? .wholeIsZero : .whole
            // Beyond the longest limit, more digits change nothing.
            let longest = limits.map(\.digits.whole.count).max() ?? 0
            if next.phase == .whole {
                for (index, limit) in limits.enumerated() where state.digits < limit.digits.whole.count {
                    next.comparisons[index] =
                        state.comparisons[index].then(digit, against: limit.digits.whole[state.digits])
                }
                next.digits = min(state.digits + 1, longest + 1)
            }
        case .point, .fraction:
            next.phase = .fraction
            if let multiple, state.digits >= multiple.decimals { return nil }
            for (index, limit) in limits.enumerated() {
                let other = state.digits < limit.digits.fraction.count ? limit.digits.fraction[state.digits] : 0
                next.comparisons[index] = state.comparisons[index].then(digit, against: other)
            }
            let longest = max(limits.map(\.digits.fraction.count).max() ?? 0, multiple?.decimals ?? 0)
            next.digits = min(state.digits + 1, longest)
        }
        if let multiple { next.remainder = (state.remainder * 10 + Int(digit)) % multiple.divisor }
        return next
    }

    /// Compares by the number of digits before the point, which is known now.
    private func wholeComparisons(_ state: State, _ limits: [SizeLimit]) -> [Comparison] {
        let digits = state.phase == .wholeIsZero ? 0 : state.digits
        return zip(state.comparisons, limits).map { comparison, limit in
            let count = limit.digits.whole.count
            return digits < count ? .less : digits > count ? .greater : comparison
        }
    }

    private func afterPoint(_ state: State, _ limits: [SizeLimit]) -> State {
        State(phase: .point, comparisons: wholeComparisons(state, limits), remainder: state.remainder)
    }

    private func accepts(_ state: State, _ limits: (least: [SizeLimit], most: [SizeLimit])) -> Bool {
        let all = limits.least + limits.most
        var comparisons = state.comparisons
        var fractionDigits = 0
        switch state.phase {
        case .sign, .point: return false
        case .whole, .wholeIsZero: comparisons = wholeComparisons(state, all)
        case .fraction: fractionDigits = state.digits
        }
        for (index, limit) in all.enumerated() {
            let hasMore = fractionDigits < limit.digits.fraction.count
            let comparison = comparisons[index] == .equal && hasMore ? .less : comparisons[index]
            let isLeast = index < limits.least.count
            if comparison == .equal, limit.isExclusive { return false }
            if comparison == (isLeast ? .less : .greater) { return false }
        }
        guard let multiple else { return true }
        var remainder = state.remainder
        for _ in fractionDigits..<max(multiple.decimals, fractionDigits) {
            remainder = remainder * 10 % multiple.divisor
        }
        return remainder == 0
    }
}
