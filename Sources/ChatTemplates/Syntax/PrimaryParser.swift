// Literals and names, and what may stand behind a value: subscripts, calls, filters and tests.
// Not operators: ExpressionParser.swift.

extension Parser {
    mutating func parsePrimary() throws(TemplateError) -> Expression {
        let offset = current.offset
        switch current.kind {
        case .name(let name):
            advance()
            switch name {
            case "true", "True": return try make(.constant(.boolean(true)), at: offset)
            case "false", "False": return try make(.constant(.boolean(false)), at: offset)
            case "none", "None": return try make(.constant(.null), at: offset)
            default:
                let id = scopes.id(name)
                scopes.read(id)
                noteSpecial(id) { $0.used.insert($1) }
                return try make(.name(id), at: offset)
            }
        case .string:
            var bytes: [UInt8] = []
            while case .string(let part) = current.kind {
                bytes += part
                advance()
            }
            return try make(.constant(.text(TemplateText(bytes))), at: offset)
        case .integer(let value):
            advance()
            return try make(.constant(.integer(value)), at: offset)
        case .double(let value):
            advance()
            return try make(.constant(.double(value)), at: offset)
        case .symbol("("):
            advance()
            let expression = try parseTuple(isParenthesised: true)
            try expect(symbol: ")")
            return expression
        case .symbol("["): return try parseList()
        case .symbol("{"): return try parseDictionary()
        default: throw unexpected(expected: "an expression")
        }
    }

    private mutating func parseList() throws(TemplateError) -> Expression {
        let offset = current.offset
        var items: [Expression] = []
        advance()
        while !isSymbol("]") {
            items.append(try parseExpression())
            guard skip(symbol: ",") else { break }
        }
        try expect(symbol: "]")
        return try make(.list(items), at: offset, items)
    }

    private mutating func parseDictionary() throws(TemplateError) -> Expression {
        let offset = current.offset
        var pairs: [(key: Expression, value: Expression)] = []
        advance()
        while !isSymbol("}") {
            let key = try parseExpression()
            try expect(symbol: ":")
            pairs.append((key, try parseExpression()))
            guard skip(symbol: ",") else { break }
        }
        try expect(symbol: "}")
        return try make(.dictionary(pairs), at: offset, pairs.flatMap { [$0.key, $0.value] })
    }

    mutating func parsePostfix(_ start: Expression) throws(TemplateError) -> Expression {
        var expression = start
        while true {
            switch current.kind {
            case .symbol("."): expression = try parseAttribute(expression)
            case .symbol("["): expression = try parseSubscript(expression)
            case .symbol("("): expression = try parseCall(expression)
            default: return expression
            }
        }
    }

    mutating func parseFiltersAndTests(_ start: Expression) throws(TemplateError) -> Expression {
        var expression = start
        while true {
            switch current.kind {
            case .symbol("|"): expression = try parseFilters(expression) ?? expression
            case .symbol("("): expression = try parseCall(expression)
            case .name("is"): expression = try parseTest(expression)
            default: return expression
            }
        }
    }

    private mutating func parseAttribute(_ base: Expression) throws(TemplateError) -> Expression {
        let offset = current.offset
        advance()
        switch current.kind {
        case .name(let name):
            advance()
            return try make(.attribute(base, name), at: offset, [base])
        case .integer(let index):
            let key = try make(.constant(.integer(index)), at: current.offset)
            advance()
            return try make(.element(base, key), at: offset, [base])
        default: throw unexpected(expected: "a name or an index behind '.'")
        }
    }

    private mutating func parseSubscript(_ base: Expression) throws(TemplateError) -> Expression {
        let offset = current.offset
        advance()
        if isSymbol(":") { return try parseSlice(of: base, start: nil, at: offset) }
        var keys: [Expression] = []
        // Several keys are one tuple, and so are none.
        while keys.isEmpty ? !isSymbol("]") : skip(symbol: ",") {
            keys.append(try parseExpression())
            if keys.count == 1, isSymbol(":") { return try parseSlice(of: base, start: keys[0], at: offset) }
        }
        try expect(symbol: "]")
        let key = keys.count == 1 ? keys[0] : try make(.tuple(keys), at: offset, keys)
        return try make(.element(base, key), at: offset, [base, key])
    }

    /// Reads what stands behind the start of a slice, from its first colon on.
    private mutating func parseSlice(
        of base: Expression,
        start: Expression?,
        at offset: Int
    ) throws(TemplateError) -> Expression {
        try expect(symbol: ":")
        let stop = isSymbol(":") || isSymbol("]") ? nil : try parseExpression()
        var step: Expression?
        if skip(symbol: ":"), !isSymbol("]") { step = try parseExpression() }
        try expect(symbol: "]")
        return try make(
            .slice(base, start: start, stop: stop, step: step),
            at: offset,
            [base] + [start, stop, step].compactMap { $0 }
        )
    }

    private mutating func parseCall(_ callee: Expression) throws(TemplateError) -> Expression {
        let offset = current.offset
        switch callee.kind {
        case .attribute(_, let name) where UnsupportedNames.methods.contains(name):
            throw error(at: callee.offset, "the method '\(name)' is not supported in chat templates")
        case .name(let id) where UnsupportedNames.functions.contains(scopes.names[id]):
            throw error(at: callee.offset, "the function '\(scopes.names[id])' is not supported in chat templates")
        default: break
        }
        let arguments = try parseArguments()
        return try make(.call(callee, arguments), at: offset, [callee] + arguments.all)
    }

    mutating func parseArguments() throws(TemplateError) -> ArgumentList {
        var arguments = ArgumentList()
        try expect(symbol: "(")
        while !isSymbol(")") {
            let offset = current.offset
            let isBehindSpread = arguments.keywordSpread != nil
            if skip(symbol: "*") {
                guard arguments.spread == nil, !isBehindSpread else { throw misplaced("'*'", at: offset) }
                arguments.spread = try parseExpression()
            } else if skip(symbol: "**") {
                guard !isBehindSpread else { throw misplaced("'**'", at: offset) }
                arguments.keywordSpread = try parseExpression()
            } else if case .name(let name) = current.kind, next.kind == .symbol("=") {
                guard !isBehindSpread else { throw misplaced("'\(name)'", at: offset) }
                if arguments.keywords.contains(where: { $0.name == name }) {
                    throw error(at: offset, "the argument '\(name)' is given twice")
                }
                advance()
                advance()
                arguments.keywords.append((name, try parseExpression()))
            } else {
                guard !isBehindSpread, arguments.spread == nil, arguments.keywords.isEmpty else {
                    throw misplaced("this argument", at: offset)
                }
                arguments.positional.append(try parseExpression())
            }
            guard skip(symbol: ",") else { break }
        }
        try expect(symbol: ")")
        return arguments
    }

    private func misplaced(_ what: String, at offset: Int) -> TemplateError {
        error(at: offset, "\(what) stands too late; the order is values, names with values, '*', '**'")
    }

    /// Reads `|name(...)` as often as it stands here; with `startsInline`, the first one without its `|`.
    mutating func parseFilters(_ input: Expression?, startsInline: Bool = false) throws(TemplateError) -> Expression? {
        var expression = input
        var isFirst = startsInline
        while isFirst || skip(symbol: "|") {
            isFirst = false
            let offset = current.offset
            let name = try parseDottedName()
            let filter: FilterDefinition
            if let known = FilterCatalog.standard[name] {
                filter = known
            } else {
                filter = try unknownFilter(name, at: offset)
            }
            let arguments = isSymbol("(") ? try parseArguments() : ArgumentList()
            noteNamedFunction(of: filter, arguments, at: offset)
            expression = try make(
                .filter(filter, expression, arguments),
                at: offset,
                (expression.map { [$0] } ?? []) + arguments.all
            )
        }
        return expression
    }

    private mutating func parseDottedName() throws(TemplateError) -> String {
        var name = try expectName()
        while skip(symbol: ".") { name += "." + (try expectName()) }
        return name
    }

    /// Filters such as `map` and `select` take the name of a filter or test, which has to exist.
    private mutating func noteNamedFunction(of filter: FilterDefinition, _ arguments: ArgumentList, at offset: Int) {
        guard let index = filter.namedFunctionIndex, index < arguments.positional.count,
            case .constant(.text(let text)) = arguments.positional[index].kind
        else { return }
        if filter.namesFilter {
            guard FilterCatalog.standard[text.string] == nil else { return }
            let error = unknown("filter", text.string, known: FilterCatalog.standard.keys, at: offset)
            unknownNames.append((scopes.current, error))
        } else {
            guard TestCatalog.standard[text.string] == nil else { return }
            let error = unknown("test", text.string, known: TestCatalog.standard.keys, at: offset)
            unknownNames.append((scopes.current, error))
        }
    }

    /// A filter that fails when it runs, noted as unknown.
    private mutating func unknownFilter(_ name: String, at offset: Int) throws(TemplateError) -> FilterDefinition {
        let error = unknown("filter", name, known: FilterCatalog.standard.keys, at: offset)
        if UnsupportedNames.filters.contains(name) { throw error }
        unknownNames.append((scopes.current, error))
        return FilterDefinition(name: name, signature: .any) { (renderer, _, _) throws(TemplateError) in
            throw renderer.failure("there is no filter '\(name)'")
        }
    }

    /// A test that fails when it runs, noted as unknown.
    private mutating func unknownTest(_ name: String, at offset: Int) -> TestDefinition {
        unknownNames.append((scopes.current, unknown("test", name, known: TestCatalog.standard.keys, at: offset)))
        return TestDefinition(name: name, signature: .any) { (renderer, _, _) throws(TemplateError) in
            throw renderer.failure("there is no test '\(name)'")
        }
    }

    private func unknown(
        _ kind: String,
        _ name: String,
        known: some Collection<String>,
        at offset: Int
    ) -> TemplateError {
        let what =
            UnsupportedNames.filters.contains(name) && kind == "filter"
            ? "the filter '\(name)' is not supported in chat templates" : "there is no \(kind) '\(name)'"
        let hint = NearestName.of(name, among: known).map { "; did you mean '\($0)'?" } ?? ";"
        return error(at: offset, "\(what)\(hint) supported are \(known.sorted().joined(separator: ", "))")
    }

    private mutating func parseTest(_ value: Expression) throws(TemplateError) -> Expression {
        advance()
        let isNegated = skip(name: "not")
        let offset = current.offset
        let name = try parseDottedName()
        let test = TestCatalog.standard[name] ?? unknownTest(name, at: offset)
        var arguments = ArgumentList()
        switch current.kind {
        case .symbol("("): arguments = try parseArguments()
        case .name("else"), .name("or"), .name("and"): break
        case .name("is"): throw error(at: current.offset, "tests cannot be chained; write 'x is a and x is b'")
        case .name, .string, .integer, .double, .symbol("["), .symbol("{"):
            arguments.positional = [try parsePostfix(try parsePrimary())]
        default: break
        }
        let result = try make(.test(test, value, arguments), at: offset, [value] + arguments.all)
        return isNegated ? try make(.not(result), at: offset, [result]) : result
    }
}
