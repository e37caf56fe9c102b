// From constraints to grammar rules, part by part.
// Not schemas, patterns and grammars themselves (their folders). Next: ConstraintCompiler.swift.

/// Adds constraints to a grammar.
struct ConstraintLowering {
    private static let depthLimit = 64

    let limits: ConstraintLimits
    var grammar = Grammar()

    /// The expression of `constraint`, whose rules are added to the grammar.
    mutating func expression(of constraint: Constraint, depth: Int = 0) throws(ConstraintError) -> Expression {
        guard depth < Self.depthLimit else {
            throw ConstraintError(.whole, "constraints are nested deeper than \(Self.depthLimit) levels")
        }
        switch constraint {
        case .jsonObject(let style): return JSONGrammar(style: style).anyObject(in: &grammar)
        case .jsonSchema(let schema):
            try check(schema.text, "schema")
            return try SchemaCompiler.expression(of: schema, in: &grammar)
        case .regex(let pattern):
            try check(pattern, "pattern")
            return try RegexParser.pattern(pattern).wholeMatch
        case .choice(let texts):
            guard !texts.isEmpty else { throw ConstraintError(.whole, "a choice needs at least one text") }
            return .words(texts.map { Array($0.utf8) })
        case .grammar(let text):
            try check(text, "grammar")
            return .rule(try GBNFParser.addRules(of: text, to: &grammar))
        case .literal(let text): return .text(text)
        case .sequence(let parts): return .sequence(try expressions(of: parts, depth: depth))
        case .anyOf(let parts):
            guard !parts.isEmpty else { throw ConstraintError(.whole, "a choice needs at least one part") }
            return .choice(try expressions(of: parts, depth: depth))
        case .repeated(let part, let atLeast, let atMost):
            guard atLeast >= 0, atLeast <= atMost ?? .max else {
                throw ConstraintError(.whole, "the limits of a repetition are negative or in the wrong order")
            }
            let inner = try expression(of: part, depth: depth + 1)
            let rule = Expression.rule(grammar.addRule(.expression(inner)))
            return .repetition(rule, atLeast: atLeast, atMost: atMost)
        case .freeText(let texts): return .automaton(FreeText.automaton(excluding: try excluded(texts)))
        case .taggedText(let text): return try expression(of: text, depth: depth)
        case .named(let name, let part):
            do {
                return try expression(of: part, depth: depth + 1)
            } catch {
                throw error.within(name)
            }
        }
    }

    private mutating func expressions(
        of parts: [Constraint],
        depth: Int
    ) throws(ConstraintError) -> [Expression] {
        var expressions: [Expression] = []
        for part in parts { expressions.append(try expression(of: part, depth: depth + 1)) }
        return expressions
    }

    private func check(_ text: String, _ kind: String) throws(ConstraintError) {
        guard text.utf8.count <= limits.textBytes else {
            throw ConstraintError(.whole, "the \(kind) has more than \(limits.textBytes) bytes")
        }
    }

    private func excluded(_ texts: [String]) throws(ConstraintError) -> [[UInt8]] {
        guard texts.allSatisfy({ !$0.isEmpty }) else {
            throw ConstraintError(.whole, "a text that free text must not hold is empty")
        }
        guard texts.reduce(0, { $0 + $1.utf8.count }) <= FreeText.byteLimit else {
            throw ConstraintError(
                .whole,
                "texts that free text must not hold have more than \(FreeText.byteLimit) bytes"
            )
        }
        return texts.map { Array($0.utf8) }
    }

    /// Free text up to a trigger, the rest of a tag, and so on; then free text without triggers.
    private mutating func expression(of text: TaggedText, depth: Int) throws(ConstraintError) -> Expression {
        guard text.atLeast >= 0, text.atLeast <= text.atMost ?? .max else {
            throw ConstraintError(.whole, "the limits on the number of tags are negative or in the wrong order")
        }
        let triggers = try excluded(text.triggers)
        var rests = Array(repeating: [Expression](), count: triggers.count)
        for (index, tag) in text.tags.enumerated() {
            let begin = Array(tag.begin.utf8)
            let content: Expression
            do {
                content = try expression(of: tag.content, depth: depth + 1)
            } catch {
                throw error.within("tag \(index)")
            }
            let inside = Expression.rule(grammar.addRule(.expression(.sequence([content, .text(tag.end)]))))
            var isTriggered = false
            for (trigger, bytes) in triggers.enumerated() where begin.starts(with: bytes) {
                isTriggered = true
                rests[trigger].append(.sequence([.bytes(Array(begin.dropFirst(bytes.count))), inside]))
            }
            guard isTriggered else {
                throw ConstraintError(
                    .whole,
                    "\(tag.begin.debugDescription) begins with no trigger",
                    part: "tag \(index)"
                )
            }
        }
        if let idle = rests.firstIndex(where: \.isEmpty) {
            throw ConstraintError(.whole, "no tag begins with the trigger \(text.triggers[idle].debugDescription)")
        }
        guard !triggers.isEmpty else {
            guard text.atLeast == 0 else {
                throw ConstraintError(.whole, "there are no tags, but one at least is required")
            }
            return .automaton(FreeText.automaton(excluding: []))
        }
        let restRules = rests.map { Expression.rule(grammar.addRule(.expression(.choice($0)))) }
        let toTag = FreeText.automaton(excluding: triggers) { restRules[$0] }
        let tagged = Expression.rule(grammar.addRule(.expression(.automaton(toTag))))
        let plain = Expression.automaton(FreeText.automaton(excluding: triggers))
        let repetition = Expression.repetition(tagged, atLeast: text.atLeast, atMost: text.atMost)
        guard let atMost = text.atMost else { return .sequence([repetition, plain]) }
        // The text ends with the last tag that is allowed; with fewer, it goes on freely.
        let all = Expression.repetition(tagged, atLeast: atMost, atMost: atMost)
        guard atMost > text.atLeast else { return atMost == 0 ? plain : all }
        let fewer = Expression.repetition(tagged, atLeast: text.atLeast, atMost: atMost - 1)
        return .choice([all, .sequence([fewer, plain])])
    }
}
