// Runs statements. Not loops and macros: Loops.swift, Macros.swift. Not expressions: Evaluation.swift.
// Statements nest, so every kind that is more than a line has a function of its own: that keeps the stack small.

/// Where to go on behind a statement.
enum Flow {
    case onward, breakLoop, continueLoop
}

extension Renderer {
    func execute(_ statements: [Statement], _ scope: Scope) throws(TemplateError) -> Flow {
        try enter()
        defer { leave() }
        for statement in statements {
            try spend(1)
            let flow = try execute(statement, scope)
            if flow != .onward { return flow }
        }
        return .onward
    }

    private func execute(_ statement: Statement, _ scope: Scope) throws(TemplateError) -> Flow {
        switch statement {
        case .text(let text): try write(text)
        case .output(let expression): try executeOutput(expression, scope)
        case .condition(let branches, let otherwise): return try executeCondition(branches, otherwise, scope)
        case .loop(let loop): return try execute(loop, scope)
        case .set(let target, let expression): try executeSet(target, expression, scope)
        case .setBlock(let target, let filter, let body): return try executeSetBlock(target, filter, body, scope)
        case .macro(let name, let declaration): declare(name, declaration, scope)
        case .callBlock(let declaration, let call): try executeCallBlock(declaration, call, scope)
        case .filterBlock(let filter, let body): return try executeFilterBlock(filter, body, scope)
        case .with(let pairs, let body): return try executeWith(pairs, body, scope)
        case .generation(let declaration): try executeGeneration(declaration, scope)
        case .breakLoop: return .breakLoop
        case .continueLoop: return .continueLoop
        }
        return .onward
    }

    @inline(never)
    private func executeOutput(_ expression: Expression, _ scope: Scope) throws(TemplateError) {
        let value = try evaluate(expression, scope)
        place = expression.offset
        if case .text(let text) = value { try write(text) } else { try write(try text(of: value)) }
    }

    @inline(never)
    private func executeCondition(
        _ branches: [(condition: Expression, body: [Statement])],
        _ otherwise: [Statement],
        _ scope: Scope
    ) throws(TemplateError) -> Flow {
        for branch in branches where try isTrue(branch.condition, scope) { return try execute(branch.body, scope) }
        return try execute(otherwise, scope)
    }

    @inline(never)
    private func executeSet(
        _ target: AssignmentTarget,
        _ expression: Expression,
        _ scope: Scope
    ) throws(TemplateError) {
        let value = try evaluate(expression, scope)
        place = expression.offset
        try assign(value, to: target, scope)
    }

    @inline(never)
    private func executeSetBlock(
        _ target: AssignmentTarget,
        _ filter: Expression?,
        _ body: ScopedBody,
        _ scope: Scope
    ) throws(TemplateError) -> Flow {
        let inner = makeScope(body.scope, parent: scope)
        var flow = Flow.onward
        let text = try capture { () throws(TemplateError) in flow = try execute(body.statements, inner) }
        // A `break` of the loop around leaves the block too, and nothing is assigned.
        if flow != .onward { return flow }
        if let filter {
            try assign(try evaluate(filter, inner, blockText: text), to: target, scope)
        } else {
            try assign(.text(text), to: target, scope)
        }
        return .onward
    }

    @inline(never)
    private func declare(_ name: NameID, _ declaration: MacroDeclaration, _ scope: Scope) {
        scope.set(name, .callable(.macro(makeMacro(declaration, scope))))
    }

    @inline(never)
    private func executeCallBlock(
        _ declaration: MacroDeclaration,
        _ call: Expression,
        _ scope: Scope
    ) throws(TemplateError) {
        guard case .call(let callee, let arguments) = call.kind else { return }
        let caller = Value.callable(.macro(makeMacro(declaration, scope)))
        let value = try evaluateCall(callee, arguments, call.offset, scope, caller: caller)
        place = call.offset
        try write(try text(of: value))
    }

    @inline(never)
    private func executeFilterBlock(
        _ filter: Expression,
        _ body: ScopedBody,
        _ scope: Scope
    ) throws(TemplateError) -> Flow {
        let inner = makeScope(body.scope, parent: scope)
        var flow = Flow.onward
        let text = try capture { () throws(TemplateError) in flow = try execute(body.statements, inner) }
        if flow != .onward { return flow }
        let value = try evaluate(filter, inner, blockText: text)
        place = filter.offset
        try write(try self.text(of: value))
        return .onward
    }

    @inline(never)
    private func executeWith(
        _ pairs: [(target: AssignmentTarget, value: Expression)],
        _ body: ScopedBody,
        _ scope: Scope
    ) throws(TemplateError) -> Flow {
        let inner = makeScope(body.scope, parent: scope)
        for pair in pairs { try assign(try evaluate(pair.value, scope), to: pair.target, inner) }
        return try execute(body.statements, inner)
    }

    @inline(never)
    private func executeGeneration(_ declaration: MacroDeclaration, _ scope: Scope) throws(TemplateError) {
        let start = output.count
        _ = try execute(declaration.body.statements, try bind(Arguments(), declaration, scope))
        output.overlay(.generation, from: start)
    }

    private func write(_ text: TemplateText) throws(TemplateError) {
        try spend(text.utf8.count / 16)
        output.append(text)
        guard !output.isOverfull else {
            throw limitFailure("the template makes a text of more than \(limits.textBytes) bytes")
        }
    }

    /// The text that `body` writes.
    func capture(_ body: () throws(TemplateError) -> Void) throws(TemplateError) -> TemplateText {
        let outer = output
        output = makeBuilder()
        defer { output = outer }
        try body()
        return try finish(output)
    }

    // MARK: Assignment

    func assign(_ value: Value, to target: AssignmentTarget, _ scope: Scope) throws(TemplateError) {
        switch target {
        case .name(let id): scope.set(id, value)
        case .attribute(let id, let name, let offset):
            place = offset
            guard case .namespace(let namespace) = lookUp(id, scope) else {
                let type = lookUp(id, scope).typeName
                throw failure("only attributes of a namespace(...) can be set, not of a value of type \(type)")
            }
            try set(TemplateText(name), value, of: namespace)
        case .tuple(let targets, let offset):
            let items = try elements(of: value)
            place = offset
            guard items.count == targets.count else {
                throw failure("there are \(items.count) values for \(targets.count) names")
            }
            for (target, item) in zip(targets, items) { try assign(item, to: target, scope) }
        }
    }

    /// Sets an attribute of a namespace.
    func set(_ name: TemplateText, _ value: Value, of namespace: Namespace) throws(TemplateError) {
        guard name.utf8.first != UInt8(ascii: "_") else {
            throw failure("attributes of a namespace may not start with an underscore, as '\(name.string)' does")
        }
        namespace.set(name, value)
    }
}
