// Reads tokens as statements: text, output and the tags.
// Not expressions: ExpressionParser.swift. Not the bodies of loops and macros: BlockParser.swift.

/// *Source* jinja2@3.1.6:parser.py, with the extensions of transformers@5.23.0: loop controls and `generation`.
///
/// *Differs from source*: what templates cannot use without files (`include`, `import`, `extends`), `block` and
/// `autoescape` are errors; so are the filters of jinja2 that are not supported here, even where they would never run.
/// Filters and tests that jinja2 does not know either are errors as there: at once, but behind a condition when they
/// run.
struct Parser {
    static let tags = [
        "break", "call", "continue", "filter", "for", "generation", "if", "macro", "print", "raw", "set", "with",
    ]

    let tokens: [Token]
    let places: TemplatePlaces
    var position = 0
    var scopes = ScopeBuilder()
    /// How deep expressions nest where the parser stands.
    var expressionDepth = 0
    var statementDepth = 0
    /// How many loops a `break` could leave.
    var loopDepth = 0
    /// Filters and tests that nobody knows, each with the scope that it stands in; those that stand behind a condition
    /// are forgotten, because a template may ask whether they exist.
    var unknownNames: [(scope: ScopeID, error: TemplateError)] = []
    /// Which of the special names the bodies of macros around mention.
    var specialNames: [SpecialNames] = []

    /// What one macro's body says of `caller`, `kwargs` and `varargs`.
    struct SpecialNames {
        static let all: Set = ["caller", "kwargs", "varargs"]
        var used: Set<String> = []
        var assigned: Set<String> = []
    }

    init(tokens: [Token], places: TemplatePlaces) {
        self.tokens = tokens
        self.places = places
    }

    var current: Token { tokens[position] }
    var next: Token { tokens[min(position + 1, tokens.count - 1)] }

    mutating func advance() { position = min(position + 1, tokens.count - 1) }

    func isName(_ name: String) -> Bool { current.kind == .name(name) }

    func isSymbol(_ symbol: String) -> Bool { current.kind == .symbol(symbol) }

    mutating func skip(symbol: String) -> Bool {
        guard isSymbol(symbol) else { return false }
        advance()
        return true
    }

    mutating func skip(name: String) -> Bool {
        guard isName(name) else { return false }
        advance()
        return true
    }

    mutating func expect(_ kind: Token.Kind, _ description: String) throws(TemplateError) {
        guard current.kind == kind else { throw unexpected(expected: description) }
        advance()
    }

    mutating func expect(symbol: String) throws(TemplateError) { try expect(.symbol(symbol), "'\(symbol)'") }

    mutating func expectName() throws(TemplateError) -> String {
        guard case .name(let name) = current.kind else { throw unexpected(expected: "a name") }
        advance()
        return name
    }

    func unexpected(expected: String) -> TemplateError {
        places.error(.syntax, at: current.offset, "found \(current.description), expected \(expected)")
    }

    func error(at offset: Int, _ message: String) -> TemplateError { places.error(.syntax, at: offset, message) }

    mutating func parseTemplate() throws(TemplateError) -> [Statement] {
        let statements = try parseStatements(until: [], of: "")
        guard current.kind == .end else { throw unexpected(expected: "the end of the template") }
        if let unknown = unknownNames.first { throw unknown.error }
        return statements
    }

    /// Reads up to a tag that begins with one of `ends`, and stops at that name; without ends, up to the end.
    mutating func parseStatements(until ends: [String], of tag: String) throws(TemplateError) -> [Statement] {
        statementDepth += 1
        defer { statementDepth -= 1 }
        guard statementDepth <= SyntaxLimits.statementDepth else {
            throw error(at: current.offset, "tags nest deeper than \(SyntaxLimits.statementDepth) levels")
        }
        var statements: [Statement] = []
        while true {
            switch current.kind {
            case .data(let bytes):
                statements.append(.text(TemplateText(bytes)))
                advance()
            case .outputBegin:
                advance()
                statements.append(.output(try parseTuple()))
                try expect(.outputEnd, "'}}'")
            case .blockBegin:
                advance()
                if case .name(let name) = current.kind, Self.isEnd(name) {
                    if ends.contains(name) { return statements }
                    guard !ends.isEmpty else {
                        throw error(at: current.offset, "found '\(name)', which belongs to no open tag")
                    }
                    throw unexpected(expected: Self.list(ends) + ", which ends '{% \(tag) %}'")
                }
                statements += try parseStatement()
                try expect(.blockEnd, "'%}'")
            case .end where ends.isEmpty: return statements
            default:
                throw error(at: current.offset, "'{% \(tag) %}' has no end; expected \(Self.list(ends))")
            }
        }
    }

    private static func list(_ ends: [String]) -> String {
        ends.map { "'{% \($0) %}'" }.joined(separator: " or ")
    }

    /// Whether a tag of this name ends another one, or a part of it.
    private static func isEnd(_ name: String) -> Bool {
        name == "else" || name == "elif" || name.hasPrefix("end")
    }

    /// Reads the end of a tag, then statements, then the name that ends them.
    mutating func parseBody(of tag: String, until ends: [String]) throws(TemplateError) -> (
        statements: [Statement], end: String
    ) {
        _ = skip(symbol: ":")
        try expect(.blockEnd, "'%}'")
        let statements = try parseStatements(until: ends, of: tag)
        return (statements, try expectName())
    }

    /// Like `parseBody`, in a scope that is open already and that this closes.
    mutating func parseScopedBody(
        of tag: String,
        until ends: [String],
        scope: ScopeID
    ) throws(TemplateError) -> (body: ScopedBody, end: String) {
        let (statements, end) = try parseBody(of: tag, until: ends)
        scopes.close()
        return (ScopedBody(statements: statements, scope: scope), end)
    }

    private mutating func parseStatement() throws(TemplateError) -> [Statement] {
        let offset = current.offset
        guard case .name(let tag) = current.kind else { throw unexpected(expected: "the name of a tag") }
        advance()
        switch tag {
        case "if": return [try parseIf()]
        case "for": return [try parseFor(at: offset)]
        case "set": return [try parseSet()]
        case "macro": return [try parseMacro(at: offset)]
        case "call": return [try parseCallBlock(at: offset)]
        case "filter": return [try parseFilterBlock()]
        case "with": return [try parseWith()]
        case "generation":
            let scope = scopes.open()
            return [.generation(try parseMacroBody(tag, name: nil, at: offset, [], scope: scope))]
        case "print": return try parsePrint()
        case "break", "continue":
            guard loopDepth > 0 else { throw error(at: offset, "'\(tag)' stands outside a loop") }
            return [tag == "break" ? .breakLoop : .continueLoop]
        default:
            let tags = Self.tags.joined(separator: ", ")
            throw error(at: offset, "the tag '\(tag)' is not supported in chat templates; supported are \(tags)")
        }
    }

    private mutating func parsePrint() throws(TemplateError) -> [Statement] {
        var statements: [Statement] = []
        while current.kind != .blockEnd {
            if !statements.isEmpty { try expect(symbol: ",") }
            statements.append(.output(try parseExpression()))
        }
        return statements
    }

    private mutating func parseIf() throws(TemplateError) -> Statement {
        let known = unknownNames.count
        defer { forgetUnknownNames(since: known) }
        var branches: [(condition: Expression, body: [Statement])] = []
        var otherwise: [Statement] = []
        while true {
            let condition = try parseTuple(allowsConditional: false)
            scopes.enterBranch()
            let (body, end) = try parseBody(of: "if", until: ["elif", "else", "endif"])
            scopes.leaveBranch()
            branches.append((condition, body))
            if end == "elif" { continue }
            if end == "else" {
                scopes.enterBranch()
                otherwise = try parseBody(of: "if", until: ["endif"]).statements
                scopes.leaveBranch()
            }
            return .condition(branches, otherwise: otherwise)
        }
    }

    /// Lets the unknown names pass that were found in this scope since there were `count` of them.
    mutating func forgetUnknownNames(since count: Int) {
        let scope = scopes.current
        unknownNames = unknownNames[..<count] + unknownNames[count...].filter { $0.scope != scope }
    }

    private mutating func parseSet() throws(TemplateError) -> Statement {
        let target = try parseTarget(allowsAttributes: true)
        if skip(symbol: "=") {
            let value = try parseTuple()
            assign(target)
            return .set(target, value)
        }
        assign(target)
        let filter = try parseFilters(nil)
        let scope = scopes.open()
        return .setBlock(target, filter: filter, try parseScopedBody(of: "set", until: ["endset"], scope: scope).body)
    }

    private mutating func parseFilterBlock() throws(TemplateError) -> Statement {
        guard let filter = try parseFilters(nil, startsInline: true) else { throw unexpected(expected: "a filter") }
        let scope = scopes.open()
        return .filterBlock(filter, try parseScopedBody(of: "filter", until: ["endfilter"], scope: scope).body)
    }

    private mutating func parseWith() throws(TemplateError) -> Statement {
        var pairs: [(target: AssignmentTarget, value: Expression)] = []
        while current.kind != .blockEnd {
            if !pairs.isEmpty { try expect(symbol: ",") }
            let target = try parseTarget()
            try expect(symbol: "=")
            pairs.append((target, try parseExpression()))
        }
        let scope = scopes.open()
        for pair in pairs { declare(pair.target) }
        return .with(pairs, try parseScopedBody(of: "with", until: ["endwith"], scope: scope).body)
    }
}
