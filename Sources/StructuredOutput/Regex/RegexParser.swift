// Parses the subset of regular expressions that are regular: the syntax that ECMAScript and Python share.
// What is refused is named with its place: lookaround, backreferences, flags, \b, \p. Next: RegexParser+Classes.swift.

/// Reads a pattern, front to back.
struct RegexParser {
    private static let depthLimit = 100

    var scalars: [Unicode.Scalar]
    var index = 0
    private var depth = 0

    /// The pattern that `text` writes.
    static func pattern(_ text: String) throws(ConstraintError) -> RegexPattern {
        var parser = RegexParser(scalars: Array(text.unicodeScalars))
        return try parser.pattern()
    }

    private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

    var next: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    func error(_ message: String, at offset: Int? = nil) -> ConstraintError {
        ConstraintError(.pattern(offset: offset ?? index), message)
    }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        index += 1
        return true
    }

    private mutating func take(text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard scalars[index...].starts(with: wanted) else { return false }
        index += wanted.count
        return true
    }

    private mutating func pattern() throws(ConstraintError) -> RegexPattern {
        var branches: [RegexPattern.Branch] = []
        repeat {
            var startsAnchored = false
            while take("^") { startsAnchored = true }
            let expression = try sequence()
            var endsAnchored = false
            while take("$") { endsAnchored = true }
            guard next == nil || next == "|" || next == ")" else {
                throw error("`$` must stand at the end of the pattern or of one of its alternatives", at: index - 1)
            }
            branches.append(.init(expression: expression, startsAnchored: startsAnchored, endsAnchored: endsAnchored))
        } while take("|")
        if next == ")" { throw error("`)` closes no group; write `\\)` for the character") }
        return RegexPattern(branches: branches)
    }

    /// Atoms with their quantifiers, up to `|`, `)`, `$` or the end.
    private mutating func sequence() throws(ConstraintError) -> Expression {
        var parts: [Expression] = []
        while let scalar = next, scalar != "|", scalar != ")", scalar != "$" {
            let start = index
            let atom = try atom()
            parts.append(try quantified(atom, from: start))
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func atom() throws(ConstraintError) -> Expression {
        let start = index
        guard let scalar = next else { throw error("expected a character") }
        index += 1
        switch scalar {
        case "(": return try group(from: start)
        case "[": return .characters(try characterClass(from: start))
        case "\\": return .characters(try escape(from: start))
        case ".": return .characters(Self.lineEnds.inverted)
        case "^": throw error("`^` must stand at the start of the pattern or of one of its alternatives", at: start)
        case "*", "+", "?":
            throw error("`\(scalar)` repeats nothing; write `\\\(scalar)` for the character", at: start)
        case "{" where looksLikeQuantifier:
            throw error("`{` repeats nothing; write `\\{` for the character", at: start)
        default: return .characters(ScalarSet(scalar))
        }
    }

    private mutating func group(from start: Int) throws(ConstraintError) -> Expression {
        if take("?") {
            if take("=") || take("!") { throw error("lookahead is not supported", at: start) }
            if take(text: "<=") || take(text: "<!") { throw error("lookbehind is not supported", at: start) }
            if take(text: "P=") { throw error("backreferences are not supported", at: start) }
            if take(">") { throw error("atomic groups are not supported", at: start) }
            if take(text: "P<") || take("<") {
                while let scalar = next, scalar != ">" {
                    guard scalar.properties.isXIDContinue else { throw error("expected the name of a group, then `>`") }
                    index += 1
                }
                guard take(">") else { throw error("expected `>` after the name of the group") }
            } else if !take(":") {
                throw error("`(?` must be followed by `:` or a name in `<>`; flags are not supported", at: start)
            }
        }
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else {
            throw error("groups are nested deeper than \(Self.depthLimit) levels", at: start)
        }
        var branches: [Expression] = []
        repeat {
            branches.append(try sequence())
            if next == "$" { throw error("`$` must stand at the end of the pattern, outside groups") }
        } while take("|")
        guard take(")") else { throw error("the group is not closed", at: start) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private var looksLikeQuantifier: Bool {
        let rest = scalars[index...].prefix { $0 != "}" }
        return index + rest.count < scalars.count && !rest.isEmpty
            && rest.allSatisfy { ("0"..."9").contains($0) || $0 == "," }
    }

    private mutating func quantified(_ atom: Expression, from start: Int) throws(ConstraintError) -> Expression {
        guard let range = try quantifier() else { return atom }
        // A lazy quantifier accepts the same texts; a possessive one does not.
        if take("+") { throw error("possessive quantifiers are not supported", at: index - 1) }
        _ = take("?")
        if try quantifier() != nil { throw error("two quantifiers follow one another; group the first", at: start) }
        return .repetition(atom, atLeast: range.atLeast, atMost: range.atMost)
    }

    private mutating func quantifier() throws(ConstraintError) -> (atLeast: Int, atMost: Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        let start = index
        guard take("{") else { return nil }
        guard looksLikeQuantifier else {
            index = start
            return nil
        }
        guard let atLeast = number() else { throw error("expected a number before the comma, such as {0,3}") }
        var atMost: Int? = atLeast
        if take(",") { atMost = next == "}" ? nil : number() }
        guard take("}") else { throw error("expected `}` after a number") }
        if let atMost, atMost < atLeast {
            throw error("the limits {\(atLeast),\(atMost)} are in the wrong order", at: start)
        }
        return (atLeast, atMost)
    }

    /// A number; numbers beyond a billion count as a billion, which no limit lets through.
    private mutating func number() -> Int? {
        var value: Int?
        while let scalar = next, ("0"..."9").contains(scalar) {
            value = min((value ?? 0) * 10 + Int(scalar.value - 48), 1_000_000_000)
            index += 1
        }
        return value
    }
}
