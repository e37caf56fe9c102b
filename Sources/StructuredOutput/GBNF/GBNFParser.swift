// Parses grammars in GBNF (llama.cpp) and in the EBNF that vLLM's users write: `rule ::= body`, the text is `root`.
// A rule ends where the next one begins, on any line. Next: GBNFParser+Terminals.swift.

/// Reads a grammar, front to back, and adds its rules to another.
struct GBNFParser {
    private static let depthLimit = 100

    let bytes: [UInt8]
    var index = 0
    private var depth = 0
    private var rules: [String: Int] = [:]
    private var defined: Set<String> = []
    private var firstUses: [(name: String, offset: Int)] = []

    /// Adds the rules of `text` to `grammar`.
    ///
    /// - Returns: the rule `root`.
    static func addRules(of text: String, to grammar: inout Grammar) throws(ConstraintError) -> Int {
        var parser = GBNFParser(bytes: Array(text.utf8))
        return try parser.addRules(to: &grammar)
    }

    /// The offset at which each line starts, ascending.
    private let lineStarts: [Int]

    private init(bytes: [UInt8]) {
        self.bytes = bytes
        lineStarts = [0] + bytes.indices.filter { bytes[$0] == UInt8(ascii: "\n") }.map { $0 + 1 }
    }

    var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    func place(of offset: Int) -> ConstraintError.Place {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return .grammar(line: low + 1, column: offset - lineStarts[low] + 1)
    }

    func error(_ message: String, at offset: Int? = nil) -> ConstraintError {
        ConstraintError(place(of: offset ?? index), message)
    }

    mutating func take(_ text: StaticString) -> Bool {
        let isNext = text.withUTF8Buffer { bytes[index...].starts(with: $0) }
        if isNext { index += text.utf8CodeUnitCount }
        return isNext
    }

    private mutating func addRules(to grammar: inout Grammar) throws(ConstraintError) -> Int {
        skipSpace()
        while next != nil {
            let start = index
            guard let name = takeName() else {
                throw error("expected the name of a rule (letters, digits, `-`, `_`), then `::=`")
            }
            skipSpace()
            guard take("::=") else { throw error("expected `::=` after the name `\(name)`") }
            guard defined.insert(name).inserted else { throw error("the rule `\(name)` is there twice", at: start) }
            let rule = rule(named: name, usedAt: nil, in: &grammar)
            grammar.rules[rule].origin = Grammar.Origin(name: name, place: place(of: start))
            skipSpace()
            let body = try alternatives(in: &grammar)
            grammar.define(rule, .expression(body))
        }
        for use in firstUses where !defined.contains(use.name) {
            throw error("there is no rule `\(use.name)`", at: use.offset)
        }
        guard defined.contains("root"), let root = rules["root"] else {
            throw error("there is no rule `root`, which is the whole text", at: 0)
        }
        return root
    }

    private mutating func rule(named name: String, usedAt offset: Int?, in grammar: inout Grammar) -> Int {
        if let offset { firstUses.append((name, offset)) }
        if let rule = rules[name] { return rule }
        let rule = grammar.reserveRule()
        rules[name] = rule
        return rule
    }

    private mutating func alternatives(in grammar: inout Grammar) throws(ConstraintError) -> Expression {
        var parts = [try sequence(in: &grammar)]
        while take("|") {
            skipSpace()
            parts.append(try sequence(in: &grammar))
        }
        return parts.count == 1 ? parts[0] : .choice(parts)
    }

    /// Items up to `|`, `)`, the next rule or the end.
    private mutating func sequence(in grammar: inout Grammar) throws(ConstraintError) -> Expression {
        var parts: [Expression] = []
        while let byte = next, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")"), !startsRule {
            var part = try item(in: &grammar)
            skipSpace()
            while let range = try quantifier() {
                part = .repetition(part, atLeast: range.atLeast, atMost: range.atMost)
                skipSpace()
            }
            parts.append(part)
        }
        if next == UInt8(ascii: ")"), depth == 0 { throw error("`)` closes no group") }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func item(in grammar: inout Grammar) throws(ConstraintError) -> Expression {
        let start = index
        if take("\"") { return .bytes(try string(from: start)) }
        if take("[") { return .characters(try characterClass(from: start)) }
        if take(".") { return .characters(.all) }
        if take("(") {
            depth += 1
            defer { depth -= 1 }
            guard depth <= Self.depthLimit else {
                throw error("groups are nested deeper than \(Self.depthLimit) levels", at: start)
            }
            if next == UInt8(ascii: "=") || next == UInt8(ascii: "!") {
                throw error("lookahead is not supported", at: start)
            }
            skipSpace()
            let inner = try alternatives(in: &grammar)
            guard take(")") else { throw error("the group is not closed", at: start) }
            return inner
        }
        if let name = takeName() { return .rule(rule(named: name, usedAt: start, in: &grammar)) }
        throw error("expected a string in double quotes, a class in [], a group, `.` or the name of a rule")
    }

    private mutating func quantifier() throws(ConstraintError) -> (atLeast: Int, atMost: Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        let start = index
        guard take("{") else { return nil }
        skipSpace()
        let first = takeNumber()
        skipSpace()
        var atMost = first
        if take(",") {
            skipSpace()
            atMost = takeNumber()
            skipSpace()
        }
        guard take("}"), first != nil || atMost != nil else {
            throw error("expected limits such as {2}, {2,} or {2,5}", at: start)
        }
        let atLeast = first ?? 0
        if let atMost, atMost < atLeast { throw error("the limits are in the wrong order", at: start) }
        return (atLeast, atMost)
    }

    private mutating func takeNumber() -> Int? {
        var value: Int?
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            value = min((value ?? 0) * 10 + Int(byte - 48), 1_000_000_000)
            index += 1
        }
        return value
    }

    private mutating func takeName() -> String? {
        let name = bytes[index...].prefix(while: Self.isNameByte)
        guard let first = name.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return nil }
        index += name.count
        return String(decoding: name, as: UTF8.self)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Whether a name and `::=` come next.
    private var startsRule: Bool {
        var copy = self
        guard copy.takeName() != nil else { return false }
        copy.skipSpace()
        return copy.take("::=")
    }

    /// Skips white space, line ends and comments.
    private mutating func skipSpace() {
        while let byte = next {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            case UInt8(ascii: "#"): index += bytes[index...].prefix { $0 != 0x0A }.count
            default: return
            }
        }
    }
}
