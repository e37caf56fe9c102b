// Runs statements. Not loops and macros: Loops.swift, Macros.swift. Not expressions: Evaluation.swift.

/// Where to go on behind a statement.
enum Flow {
    case onward, breakLoop, continueLoop
}

extension Renderer {
    func execute(_ statements: [Statement], _ scope: Scope) throws(TemplateError) -> Flow {
        try nested { () throws(TemplateError) in
            for statement in statements {
                try spend(1)
                let flow = try execute(statement, scope)
                if flow != .onward { return flow }
            }
            return .onward
        }
    }

    private func execute(_ statement: Statement, _ scope: Scope) throws(TemplateError) -> Flow {
        switch statement {
        case .text(let text): try write(text)
        case .output(let expression):
            let value = try evaluate(expression, scope)
            place = expression.offset
            if case .text(let text) = value { try write(text) } else { try write(try self.text(of: value)) }
        case .condition(let branches, let otherwise):
            for branch in branches where try evaluate(branch.condition, scope).isTrue {
                return try execute(branch.body, scope)
            }
            return try execute(otherwise, scope)
        case .loop(let loop): return try execute(loop, scope)
        case .set(let target, let expression):
            let value = try evaluate(expression, scope)
            place = expression.offset
            try assign(value, to: target, scope)
        case .setBlock(let target, let filter, let body):
            let inner = makeScope(body.scope, parent: scope)
            var flow = Flow.onward
            let text = try capture { () throws(TemplateError) in flow = try execute(body.statements, inner) }
            // A `break` of the loop around leaves the block too.
            if flow != .onward { return flow }
            try assign(try filter.map { (filter) throws(TemplateError) in
                try evaluate(filter, inner, blockText: text)
            } ?? .text(text), to: target, scope)
        case .macro(let name, let declaration):
            scope.set(name, .callable(.macro(makeMacro(declaration, scope))))
        case .callBlock(let declaration, let call):
            let caller = makeMacro(declaration, scope)
            let value = try evaluateCall(call, scope, caller: .callable(.macro(caller)))
            place = call.offset
            try write(try text(of: value))
        case .filterBlock(let filter, let body):
            let inner = makeScope(body.scope, parent: scope)
            var flow = Flow.onward
            let text = try capture { () throws(TemplateError) in flow = try execute(body.statements, inner) }
            if flow != .onward { return flow }
            let value = try evaluate(filter, inner, blockText: text)
            place = filter.offset
            try write(try self.text(of: value))
        case .with(let pairs, let body):
            let inner = makeScope(body.scope, parent: scope)
            for pair in pairs { try assign(try evaluate(pair.value, scope), to: pair.target, inner) }
            return try execute(body.statements, inner)
        case .generation(let body):
            let start = output.count
            _ = try execute(body.statements, makeScope(body.scope, parent: scope))
            output.overlay(.generation, from: start)
        case .breakLoop: return .breakLoop
        case .continueLoop: return .continueLoop
        }
        return .onward
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
                throw failure("only attributes of a namespace(...) can be set, not of a value of type "
                    + lookUp(id, scope).typeName)
            }
            guard !name.hasPrefix("_") else {
                throw failure("attributes of a namespace may not start with an underscore, as '\(name)' does")
            }
            namespace.set(name, value)
        case .tuple(let targets, let offset):
            let items = try elements(of: value)
            place = offset
            guard items.count == targets.count else {
                throw failure("there are \(items.count) values for \(targets.count) names")
            }
            for (target, item) in zip(targets, items) { try assign(item, to: target, scope) }
        }
    }
}
