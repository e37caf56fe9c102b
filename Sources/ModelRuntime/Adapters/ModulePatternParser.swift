// Reads the regular expressions of an adapter's configuration: the part of Python's `re` that module names need.
// Groups only group, lazy and greedy repetition are the same: whether a path matches is all that is asked.

/// A reader of regular expressions: characters, `.`, classes, `\d \w \s \b` and their opposites, groups, `|`, `* + ? {m,n}`,
/// `^ $`, `(?=...)` and `(?!...)`. Everything else is refused by name.
struct ModulePatternParser {
    private typealias Node = ModulePattern.Node
    private typealias Characters = ModulePattern.Characters

    private let pattern: String
    private let scalars: [Unicode.Scalar]
    private var place = 0
    private var depth = 0

    /// The longest pattern, in characters.
    static let mostCharacters = 4096
    /// How deep groups may lie in groups.
    static let mostDepth = 32
    /// The most times that a counted part may repeat.
    static let mostRepetitions = 1000

    /// The syntax tree of a pattern.
    static func parse(_ pattern: String) throws(ModulePatternError) -> ModulePattern.Node {
        var parser = ModulePatternParser(pattern)
        guard parser.scalars.count <= mostCharacters else {
            throw ModulePatternError(
                pattern: String(pattern.prefix(40)) + "…",
                problem: "is longer than \(mostCharacters)"
            )
        }
        let node = try parser.choice()
        guard parser.peek == nil else { throw parser.failure("has a `)` that closes nothing") }
        return node
    }

    private init(_ pattern: String) {
        self.pattern = pattern
        scalars = Array(pattern.unicodeScalars)
    }

    private var peek: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        place += 1
        return true
    }

    private func failure(_ problem: String) -> ModulePatternError {
        ModulePatternError(pattern: pattern, problem: problem)
    }

    private mutating func choice() throws(ModulePatternError) -> Node {
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(ModulePatternError) -> Node {
        var nodes: [Node] = []
        while let scalar = peek, scalar != "|", scalar != ")" {
            nodes.append(try repetition(of: try atom()))
        }
        return .sequence(nodes)
    }

    private mutating func repetition(of atom: Node) throws(ModulePatternError) -> Node {
        var least = 0
        var most: Int?
        switch peek {
        case "*": place += 1
        case "+":
            place += 1
            least = 1
        case "?":
            place += 1
            most = 1
        case "{":
            guard let counts = try counts() else { return atom }
            (least, most) = counts
        default: return atom
        }
        if take("+") { throw failure("has a possessive repetition, which is not read") }
        _ = take("?")
        if let next = peek, ["*", "+", "?"].contains(next) { throw failure("repeats a repetition") }
        return .repeated(atom, atLeast: least, atMost: most)
    }

    /// What `{m}`, `{m,}`, `{,n}` or `{m,n}` says; nil for a brace that is a character.
    private mutating func counts() throws(ModulePatternError) -> (Int, Int?)? {
        let first = place
        place += 1
        let least = number()
        var most = least
        let hasComma = take(",")
        if hasComma { most = number() }
        guard take("}"), least != nil || most != nil else {
            place = first
            return nil
        }
        guard (least ?? 0) <= (most ?? .max), max(least ?? 0, most ?? 0) <= Self.mostRepetitions else {
            throw failure("repeats a part in an impossible way; 0 to \(Self.mostRepetitions) times are right")
        }
        return (least ?? 0, most)
    }

    private mutating func number() -> Int? {
        let first = place
        while let scalar = peek, ("0"..."9").contains(scalar) { place += 1 }
        return Int(String(String.UnicodeScalarView(scalars[first..<place])))
    }

    private mutating func atom() throws(ModulePatternError) -> Node {
        guard let scalar = peek else { return .sequence([]) }
        place += 1
        switch scalar {
        case ".": return .characters(Characters(kinds: [(.anyButNewline, false)]))
        case "^": return .assertion(.start)
        case "$": return .assertion(.end)
        case "[": return .characters(try characterClass())
        case "(": return try group()
        case "\\": return try escape()
        case "*", "+", "?": throw failure("begins with a repetition of nothing")
        default:
            if scalar == "{", let next = peek, ("0"..."9").contains(next) || next == "," {
                place -= 1
                if try counts() != nil { throw failure("begins with a repetition of nothing") }
                place += 1
            }
            return .characters(Characters(singles: [scalar]))
        }
    }

    private mutating func group() throws(ModulePatternError) -> Node {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.mostDepth else { throw failure("has groups in more than \(Self.mostDepth) groups") }
        var lookahead: Bool?
        if take("?") {
            if take("=") {
                lookahead = true
            } else if take("!") {
                lookahead = false
            } else if take("P") {
                guard take("<") else { throw failure("refers to a group by name, which is not read") }
                while let scalar = peek, scalar != ">" { place += 1 }
                guard take(">") else { throw failure("has a name of a group that does not end") }
            } else if !take(":") {
                throw failure("has a group that begins with `(?\(peek.map(String.init) ?? "")`, which is not read")
            }
        }
        let inner = try choice()
        guard take(")") else { throw failure("has a `(` that is not closed") }
        return lookahead.map { .ahead(inner, isMatch: $0) } ?? inner
    }

    private mutating func escape() throws(ModulePatternError) -> Node {
        guard let scalar = peek else { throw failure("ends with a backslash") }
        switch scalar {
        case "b", "B":
            place += 1
            return .assertion(.wordBoundary(scalar == "b"))
        case "A":
            place += 1
            return .assertion(.start)
        case "Z":
            place += 1
            return .assertion(.end)
        default: return .characters(try escapedCharacters())
        }
    }

    /// What a backslash and the next character stand for, inside or outside a class.
    private mutating func escapedCharacters() throws(ModulePatternError) -> Characters {
        guard let scalar = peek else { throw failure("ends with a backslash") }
        place += 1
        switch scalar {
        case "d", "D": return Characters(kinds: [(.digit, scalar == "D")])
        case "w", "W": return Characters(kinds: [(.word, scalar == "W")])
        case "s", "S": return Characters(kinds: [(.space, scalar == "S")])
        case "n": return Characters(singles: ["\n"])
        case "t": return Characters(singles: ["\t"])
        case "r": return Characters(singles: ["\r"])
        case "0"..."9", "a"..."z", "A"..."Z": throw failure("has `\\\(scalar)`, which is not read")
        default: return Characters(singles: [scalar])
        }
    }

    private mutating func characterClass() throws(ModulePatternError) -> Characters {
        var all = Characters(isNegated: take("^"))
        var isFirst = true
        while let scalar = peek, scalar != "]" || isFirst {
            isFirst = false
            place += 1
            let one = scalar == "\\" ? try escapedCharacters() : Characters(singles: [scalar])
            let isRange = peek == "-" && place + 1 < scalars.count && scalars[place + 1] != "]"
            guard isRange else {
                all.singles.formUnion(one.singles)
                all.kinds += one.kinds
                continue
            }
            place += 1
            let upper: Unicode.Scalar?
            if take("\\") {
                let end = try escapedCharacters()
                upper = end.kinds.isEmpty ? end.singles.first : nil
            } else {
                upper = peek
                place += 1
            }
            guard let from = one.singles.first, one.kinds.isEmpty, let upper, from <= upper else {
                throw failure("has a class with an impossible range")
            }
            all.ranges.append(from...upper)
        }
        guard take("]") else { throw failure("has a `[` that is not closed") }
        return all
    }
}
