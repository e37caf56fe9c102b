// Loops, macros, call blocks, and what may be assigned to.
// Not the other tags: Parser.swift. Next: ExpressionParser.swift.

extension Parser {
    mutating func parseFor(at offset: Int) throws(TemplateError) -> Statement {
        loopDepth += 1
        let target = try parseTarget()
        loopDepth -= 1
        try expect(.name("in"), "'in'")
        let iterable = try parseTuple(allowsConditional: false)
        let filterScope = scopes.open()
        declare(target)
        let filter = skip(name: "if") ? try parseExpression() : nil
        scopes.close()
        let isRecursive = skip(name: "recursive")

        let loopName = scopes.id("loop")
        let bodyScope = scopes.open()
        declare(target)
        scopes.declare(loopName)
        loopDepth += 1
        let (body, end) = try parseScopedBody(of: "for", until: ["else", "endfor"], scope: bodyScope)
        loopDepth -= 1
        var otherwise: ScopedBody?
        if end == "else" {
            let outer = loopDepth
            // The text of a recursive loop is a function's, which `break` cannot leave.
            if isRecursive { loopDepth = 0 }
            otherwise = try parseScopedBody(of: "for", until: ["endfor"], scope: scopes.open()).body
            loopDepth = outer
        }
        return .loop(
            ForLoop(
                offset: offset,
                target: target,
                iterable: iterable,
                filter: filter,
                filterScope: filterScope,
                isRecursive: isRecursive,
                body: body,
                otherwise: otherwise,
                loopName: loopName
            )
        )
    }

    mutating func parseMacro(at offset: Int) throws(TemplateError) -> Statement {
        let name = try expectName()
        let id = scopes.id(name)
        assign(.name(id))
        let scope = scopes.open()
        let parameters = try parseSignature()
        let declaration = try parseMacroBody("macro", name: name, at: offset, parameters, scope: scope)
        return .macro(name: id, declaration)
    }

    mutating func parseCallBlock(at offset: Int) throws(TemplateError) -> Statement {
        let scope = scopes.open()
        let parameters = isSymbol("(") ? try parseSignature() : []
        scopes.close()
        let call = try parseExpression()
        guard case .call = call.kind else {
            throw error(at: call.offset, "'{% call %}' needs the call of a macro, as in '{% call card(title) %}'")
        }
        scopes.reopen(scope)
        return .callBlock(
            try parseMacroBody("call", name: nil, at: offset, parameters, scope: scope),
            call: call
        )
    }

    mutating func parseMacroBody(
        _ tag: String,
        name: String?,
        at offset: Int,
        _ parameters: [MacroDeclaration.Parameter],
        scope: ScopeID
    ) throws(TemplateError) -> MacroDeclaration {
        specialNames.append(SpecialNames())
        // A `break` cannot leave the loops around.
        let outer = loopDepth
        loopDepth = 0
        let body = try parseScopedBody(of: tag, until: ["end" + tag], scope: scope).body
        loopDepth = outer
        var used = (specialNames.popLast() ?? SpecialNames()).used
        for parameter in parameters where used.remove(parameter.name) != nil {
            if parameter.name == "caller", parameter.defaultValue == nil {
                throw error(at: offset, "the parameter 'caller' needs a default value")
            }
        }
        return MacroDeclaration(
            name: name,
            offset: offset,
            parameters: parameters,
            body: body,
            caller: used.contains("caller") ? scopes.id("caller") : nil,
            keywords: used.contains("kwargs") ? scopes.id("kwargs") : nil,
            rest: used.contains("varargs") ? scopes.id("varargs") : nil
        )
    }

    private mutating func parseSignature() throws(TemplateError) -> [MacroDeclaration.Parameter] {
        var parameters: [MacroDeclaration.Parameter] = []
        try expect(symbol: "(")
        while !isSymbol(")") {
            if !parameters.isEmpty { try expect(symbol: ",") }
            let offset = current.offset
            let name = try expectName()
            if parameters.contains(where: { $0.name == name }) {
                throw error(at: offset, "there are two parameters '\(name)'")
            }
            let id = try assignable(name, at: offset)
            scopes.declare(id)
            var defaultValue: Expression?
            if skip(symbol: "=") {
                defaultValue = try parseExpression()
            } else if parameters.last?.defaultValue != nil {
                throw error(at: offset, "the parameter '\(name)' needs a default value, as the one before it has one")
            }
            parameters.append(MacroDeclaration.Parameter(name: name, id: id, defaultValue: defaultValue))
        }
        try expect(symbol: ")")
        return parameters
    }

    // MARK: What may be assigned to

    /// Reads a name, an attribute of one, or several of them separated by commas.
    mutating func parseTarget(allowsAttributes: Bool = false) throws(TemplateError) -> AssignmentTarget {
        let offset = current.offset
        var targets: [AssignmentTarget] = []
        var isTuple = false
        while true {
            if isTuple, isTupleEnd { break }
            targets.append(try parseSingleTarget(allowsAttributes: allowsAttributes))
            guard skip(symbol: ",") else { break }
            isTuple = true
        }
        return isTuple ? .tuple(targets, offset: offset) : targets[0]
    }

    private mutating func parseSingleTarget(allowsAttributes: Bool) throws(TemplateError) -> AssignmentTarget {
        let offset = current.offset
        if skip(symbol: "(") {
            expressionDepth += 1
            defer { expressionDepth -= 1 }
            try checkDepth()
            let target = try parseTarget()
            try expect(symbol: ")")
            return target
        }
        guard case .name(let name) = current.kind else { throw unexpected(expected: "a name to assign to") }
        advance()
        let id = try assignable(name, at: offset)
        guard allowsAttributes, skip(symbol: ".") else { return .name(id) }
        let attribute = try expectName()
        scopes.read(id)
        return .attribute(of: id, attribute, offset: offset)
    }

    private mutating func assignable(_ name: String, at offset: Int) throws(TemplateError) -> NameID {
        if ["true", "false", "none", "True", "False", "None"].contains(name) {
            throw error(at: offset, "'\(name)' is a constant and cannot be assigned to")
        }
        if name == "loop", loopDepth > 0 { throw error(at: offset, "'loop' cannot be assigned to inside a loop") }
        return scopes.id(name)
    }

    /// Says that the target's names are assigned here.
    mutating func assign(_ target: AssignmentTarget) {
        for name in names(of: target) {
            scopes.assign(name)
            noteSpecial(name) { $0.assigned.insert($1) }
        }
    }

    /// Says that the target's names have values from the start of the current scope.
    mutating func declare(_ target: AssignmentTarget) {
        for name in names(of: target) { scopes.declare(name) }
    }

    /// Notes a use of `caller`, `kwargs` or `varargs` for all macros around.
    mutating func noteSpecial(_ name: NameID, _ note: (inout SpecialNames, String) -> Void) {
        guard !specialNames.isEmpty, SpecialNames.all.contains(scopes.names[name]) else { return }
        for index in specialNames.indices where !specialNames[index].assigned.contains(scopes.names[name]) {
            note(&specialNames[index], scopes.names[name])
        }
    }

    private func names(of target: AssignmentTarget) -> [NameID] {
        switch target {
        case .name(let id): [id]
        case .attribute: []
        case .tuple(let targets, _): targets.flatMap { names(of: $0) }
        }
    }
}
