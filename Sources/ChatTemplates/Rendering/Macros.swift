// Calls macros and the bodies of call blocks. Not functions and methods: Calls.swift.

extension Renderer {
    /// The text that a macro gives for arguments.
    func call(_ macro: Macro, _ arguments: Arguments) throws(TemplateError) -> Value {
        let scope = try bind(arguments, macro.declaration, macro.scope)
        return .text(
            try capture { () throws(TemplateError) in _ = try execute(macro.declaration.body.statements, scope) }
        )
    }

    /// The scope in which a macro runs with arguments; `outer` is the one that it was declared in.
    ///
    /// *Source* jinja2@3.1.6:runtime.py:Macro.
    func bind(
        _ arguments: Arguments,
        _ declaration: MacroDeclaration,
        _ outer: Scope
    ) throws(TemplateError) -> Scope {
        let name = declaration.name.map { "the macro '\($0)'" } ?? "the body of a call block"
        let scope = makeScope(declaration.body.scope, parent: outer)
        var keywords = arguments.keywords
        func take(_ name: String) -> Value? {
            keywords.firstIndex { $0.isNamed(name) }.map { keywords.remove(at: $0).value }
        }

        var missing: [MacroDeclaration.Parameter] = []
        for (index, parameter) in declaration.parameters.enumerated() {
            let value = index < arguments.positional.count ? arguments.positional[index] : take(parameter.name)
            // A parameter without a value hides variables outside; so a default can only use those before it.
            scope.set(parameter.id, value)
            if value == nil { missing.append(parameter) }
        }
        if let caller = declaration.caller {
            scope.set(caller, take("caller") ?? .undefined(.because("this macro was called without a call block")))
        }
        if let id = declaration.keywords {
            scope.set(id, .dictionary(try makeDictionary(Arguments(keywords: keywords).pairs)))
        } else if let keyword = keywords.first {
            throw failure("\(name) takes no argument '\(keyword.name)'")
        }
        let rest = arguments.positional.dropFirst(declaration.parameters.count)
        if let id = declaration.rest {
            scope.set(id, try tuple(Array(rest)))
        } else if !rest.isEmpty {
            throw failure(
                "\(name) takes at most \(declaration.parameters.count) values, not \(arguments.positional.count)"
            )
        }
        for parameter in missing {
            let value = try parameter.defaultValue.map { (value) throws(TemplateError) in try evaluate(value, scope) }
            scope.set(
                parameter.id,
                value ?? .undefined(.because("the parameter '\(parameter.name)' was not given"))
            )
        }
        return scope
    }
}
