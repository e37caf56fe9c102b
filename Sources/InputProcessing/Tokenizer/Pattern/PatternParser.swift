// Parses a split pattern into PatternNode; what it does not know is an error with its place, never a guess.
// Not the character classes, which PatternClassParser.swift reads. Next: PatternProgram.swift.

/// A recursive-descent parser of the subset of Oniguruma's syntax described at `PatternScanner`.
struct PatternParser {
    let text: String
    let scalars: [Unicode.Scalar]
    var index = 0
    private var depth = 0

    /// Nesting of groups and classes beyond this is refused.
    private static let depthLimit = 64
    /// Longer patterns are refused.
    private static let lengthLimit = 8_192
    /// The largest bound of a quantifier.
    private static let repetitionLimit = 1_000

    static func parse(_ pattern: String) throws(PatternError) -> PatternNode {
        var parser = PatternParser(text: pattern, scalars: Array(pattern.unicodeScalars))
        guard parser.scalars.count <= lengthLimit else {
            throw PatternError(
                pattern: String(pattern.prefix(40)) + "...",
                offset: lengthLimit,
                reason: "a pattern of more than \(lengthLimit) characters is not supported"
            )
        }
        let node = try parser.alternation(ignoresCase: false)
        guard parser.index == parser.scalars.count else { throw parser.error("unmatched ')'") }
        return node
    }

    private init(text: String, scalars: [Unicode.Scalar]) {
        self.text = text
        self.scalars = scalars
    }

    /// The scalar that comes next, unread, or nil at the end.
    var next: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    /// Reads past `scalar` if it comes next.
    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        index += 1
        return true
    }

    /// Reads past `text` if it comes next.
    mutating func take(_ text: String) -> Bool {
        guard scalars[index...].starts(with: text.unicodeScalars) else { return false }
        index += text.unicodeScalars.count
        return true
    }

    func error(_ reason: String, at offset: Int? = nil) -> PatternError {
        PatternError(pattern: text, offset: offset ?? index, reason: reason)
    }

    /// Runs `body` one level deeper.
    mutating func nested<Value>(
        _ body: (inout PatternParser) throws(PatternError) -> Value
    ) throws(PatternError) -> Value {
        guard depth < Self.depthLimit else { throw error("groups nested deeper than \(Self.depthLimit) levels") }
        depth += 1
        defer { depth -= 1 }
        return try body(&self)
    }

    private mutating func alternation(ignoresCase: Bool) throws(PatternError) -> PatternNode {
        var branches: [PatternNode] = []
        repeat {
            branches.append(try sequence(ignoresCase: ignoresCase))
        } while take("|")
        return branches.count == 1 ? branches[0] : .alternation(branches)
    }

    private mutating func sequence(ignoresCase: Bool) throws(PatternError) -> PatternNode {
        var nodes: [PatternNode] = []
        var previousLetter: Unicode.Scalar?
        while let scalar = next, scalar != "|", scalar != ")" {
            let start = index
            // As in Oniguruma, what follows is a group of its own, alternatives included: a(?i)b|c is a(?i:b|c).
            if let option = caseOption() {
                nodes.append(try nested { parser throws(PatternError) in try parser.alternation(ignoresCase: option) })
                break
            }
            let atom = try self.atom(ignoresCase: ignoresCase)
            // Oniguruma lets pairs such as "ss" stand for one scalar (ß) when case is ignored.
            let letter = ignoresCase && index == start + 1 ? scalar : nil
            let pair = String(String.UnicodeScalarView([previousLetter, letter].compactMap(\.self))).lowercased()
            if ["ss", "st", "ff", "fi", "fl"].contains(pair) {
                throw error("the letters \"\(pair)\" where case is ignored are not supported", at: start)
            }
            let quantified = try quantifiers(of: atom, from: start)
            previousLetter = quantified == atom ? letter : nil
            nodes.append(quantified)
        }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    /// Reads `(?i)` or `(?-i)`, which hold to the end of the group; nil if neither comes next.
    private mutating func caseOption() -> Bool? {
        if take("(?i)") { return true }
        if take("(?-i)") { return false }
        return nil
    }

    private mutating func atom(ignoresCase: Bool) throws(PatternError) -> PatternNode {
        guard let scalar = next else { throw error("expected more of the pattern") }
        switch scalar {
        case "(": return try group(ignoresCase: ignoresCase)
        case "[":
            return .set(
                try nested { parser throws(PatternError) in try parser.characterClass(ignoresCase: ignoresCase) }
            )
        case ".":
            index += 1
            return .set(ScalarSet("\n").inverse)
        case "$":
            index += 1
            return .assertion(NextScalarAssertion(scalars: ScalarSet("\n"), allowsEnd: true))
        case "\\":
            if take("\\z") { return .assertion(NextScalarAssertion(scalars: .empty, allowsEnd: true)) }
            return .set(try escape(ignoresCase: ignoresCase).set)
        case "*", "+", "?": throw error("'\(scalar)' has nothing to repeat")
        case "^": throw error("'^' outside a character class is not supported")
        default:
            index += 1
            return .set(try folded(ScalarSet(scalar), ignoresCase: ignoresCase, at: index - 1))
        }
    }

    private mutating func group(ignoresCase: Bool) throws(PatternError) -> PatternNode {
        let start = index
        var ignoresCase = ignoresCase
        if take("(?=") { return .assertion(try lookahead(isNegative: false, ignoresCase: ignoresCase, from: start)) }
        if take("(?!") { return .assertion(try lookahead(isNegative: true, ignoresCase: ignoresCase, from: start)) }
        if take("(?i:") {
            ignoresCase = true
        } else if take("(?-i:") {
            ignoresCase = false
        } else if !take("(?:") {
            index += 1
            if next == "?" {
                throw error(
                    "this kind of group is not supported; supported are (...), (?:...), (?i:...), (?=.), (?!.)",
                    at: start
                )
            }
        }
        let content = try nested { parser throws(PatternError) in try parser.alternation(ignoresCase: ignoresCase) }
        guard take(")") else { throw error("the group is not closed", at: start) }
        return content
    }

    private mutating func lookahead(
        isNegative: Bool,
        ignoresCase: Bool,
        from start: Int
    ) throws(PatternError) -> NextScalarAssertion {
        let content = try nested { parser throws(PatternError) in try parser.alternation(ignoresCase: ignoresCase) }
        guard take(")") else { throw error("the group is not closed", at: start) }
        guard let set = content.singleScalars else {
            throw error("a lookahead of anything but one character is not supported", at: start)
        }
        return isNegative
            ? NextScalarAssertion(scalars: set.inverse, allowsEnd: true)
            : NextScalarAssertion(scalars: set, allowsEnd: false)
    }

    // MARK: Quantifiers

    private mutating func quantifiers(of atom: PatternNode, from start: Int) throws(PatternError) -> PatternNode {
        var node = atom
        while let bounds = try quantifier() {
            // How often an empty repetition counts differs between matchers; no tokenizer needs one.
            if node.canBeEmpty, bounds.minimum != 0 || bounds.maximum != 1 {
                throw error("a repetition of something that can be empty is not supported", at: start)
            }
            if bounds.isInterval {
                // After {m,n} a '+' repeats once more (it is not possessive) and a '?' makes it lazy.
                let isLazy = bounds.minimum != bounds.maximum && take("?")
                if bounds.minimum == bounds.maximum, next == "?" { throw error("'?' after {n} is not supported") }
                node = .repetition(node, minimum: bounds.minimum, maximum: bounds.maximum, isGreedy: !isLazy)
            } else if take("+") {
                node = try possessive(node, minimum: bounds.minimum, maximum: bounds.maximum, from: start)
            } else {
                let isLazy = take("?")
                node = .repetition(node, minimum: bounds.minimum, maximum: bounds.maximum, isGreedy: !isLazy)
            }
        }
        return node
    }

    private mutating func quantifier() throws(PatternError) -> (minimum: Int, maximum: Int?, isInterval: Bool)? {
        if take("*") { return (0, nil, false) }
        if take("+") { return (1, nil, false) }
        if take("?") { return (0, 1, false) }
        guard next == "{" else { return nil }
        // Braces that hold no bounds stand for themselves.
        let start = index
        index += 1
        let minimum = try bound()
        let hasComma = take(",")
        let maximum = hasComma ? try bound() : minimum
        guard take("}"), minimum != nil || maximum != nil else {
            index = start
            return nil
        }
        if let minimum, let maximum, minimum > maximum { throw error("the bounds are in the wrong order", at: start) }
        return (minimum ?? 0, maximum, true)
    }

    private mutating func bound() throws(PatternError) -> Int? {
        let start = index
        var value = 0
        while let digit = next?.value, (0x30...0x39).contains(digit) {
            value = value * 10 + Int(digit - 0x30)
            index += 1
            guard value <= Self.repetitionLimit else {
                throw error("a repetition of more than \(Self.repetitionLimit) times is not supported", at: start)
            }
        }
        return index > start ? value : nil
    }

    /// A possessive repetition of one scalar: it takes as many as it can and never gives one back, which is the same as
    /// stopping only where no more of the set follows.
    private func possessive(
        _ node: PatternNode,
        minimum: Int,
        maximum: Int?,
        from start: Int
    ) throws(PatternError) -> PatternNode {
        guard let set = node.singleScalars else {
            throw error("a possessive repetition of anything but one character is not supported", at: start)
        }
        let noMore = PatternNode.assertion(NextScalarAssertion(scalars: set.inverse, allowsEnd: true))
        guard maximum == nil else { return .alternation([node, noMore]) }
        return .sequence([.repetition(node, minimum: minimum, maximum: nil, isGreedy: true), noMore])
    }
}

extension PatternNode {
    /// Whether the node can match nothing.
    var canBeEmpty: Bool {
        switch self {
        case .set: false
        case .assertion: true
        case .sequence(let nodes): nodes.allSatisfy(\.canBeEmpty)
        case .alternation(let branches): branches.contains(where: \.canBeEmpty)
        case .repetition(let node, let minimum, _, _): minimum == 0 || node.canBeEmpty
        }
    }

    /// The scalars this node matches if it always matches exactly one, or nil.
    var singleScalars: ScalarSet? {
        switch self {
        case .set(let set): return set
        case .alternation(let branches):
            var union = ScalarSet.empty
            for branch in branches {
                guard let set = branch.singleScalars else { return nil }
                union = union.union(set)
            }
            return union
        case .sequence, .repetition, .assertion: return nil
        }
    }
}
