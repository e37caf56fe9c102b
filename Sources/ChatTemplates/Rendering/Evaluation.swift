// What expressions give. Not operators on numbers and texts: Arithmetic.swift. Not attributes: Attributes.swift.

extension Renderer {
    /// The value of an expression. `blockText` is what a filter without an input takes.
    func evaluate(
        _ expression: Expression,
        _ scope: Scope,
        blockText: TemplateText? = nil
    ) throws(TemplateError) -> Value {
        try spend(1)
        switch expression.kind {
        case .constant(let constant): return constant.value
        case .name(let id): return lookUp(id, scope)
        default:
            return try nested { () throws(TemplateError) in
                try evaluateNested(expression, scope, blockText)
            }
        }
    }

    private func evaluateNested(
        _ expression: Expression,
        _ scope: Scope,
        _ blockText: TemplateText?
    ) throws(TemplateError) -> Value {
        switch expression.kind {
        case .constant(let constant): return constant.value
        case .name(let id): return lookUp(id, scope)
        case .list(let items): return .list(try makeList(try evaluate(items, scope)))
        case .tuple(let items): return .tuple(try makeList(try evaluate(items, scope)))
        case .dictionary(let pairs): return try evaluateDictionary(pairs, scope)
        case .attribute(let base, let name):
            let base = try evaluate(base, scope)
            place = expression.offset
            return try attribute(name, of: base)
        case .element(let base, let key):
            let base = try evaluate(base, scope)
            let key = try evaluate(key, scope)
            place = expression.offset
            return try element(key, of: base)
        case .slice(let base, let start, let stop, let step):
            let base = try evaluate(base, scope)
            let bounds = try [start, stop, step].map { (bound) throws(TemplateError) in
                try bound.map { (bound) throws(TemplateError) in try evaluate(bound, scope) } ?? .null
            }
            place = expression.offset
            return try slice(base, start: bounds[0], stop: bounds[1], step: bounds[2])
        case .negation(let operand), .plus(let operand):
            let value = try evaluate(operand, scope)
            place = expression.offset
            if case .plus = expression.kind { return try signed(value, isNegative: false) }
            return try signed(value, isNegative: true)
        case .not(let operand): return .boolean(try !evaluate(operand, scope).isTrue)
        case .and(let left, let right):
            let value = try evaluate(left, scope)
            return value.isTrue ? try evaluate(right, scope) : value
        case .or(let left, let right):
            let value = try evaluate(left, scope)
            return value.isTrue ? value : try evaluate(right, scope)
        case .arithmetic(let symbol, let left, let right):
            let left = try evaluate(left, scope)
            let right = try evaluate(right, scope)
            place = expression.offset
            return try calculate(symbol, left, right)
        case .concatenation(let parts):
            var builder = makeBuilder()
            for value in try evaluate(parts, scope) {
                place = expression.offset
                try write(value, to: &builder)
            }
            return .text(try finish(builder))
        case .comparison(let first, let comparisons): return try evaluateComparison(first, comparisons, scope)
        case .conditional(let condition, let then, let otherwise):
            if try evaluate(condition, scope).isTrue { return try evaluate(then, scope) }
            if let otherwise { return try evaluate(otherwise, scope) }
            return .undefined(.because("the condition behind 'if' is false, and there is no 'else'"))
        case .filter(let filter, let input, let arguments):
            let value = try input.map { (input) throws(TemplateError) in
                try evaluate(input, scope, blockText: blockText)
            }
            let arguments = try evaluate(arguments, scope)
            place = expression.offset
            return try apply(filter, to: value ?? .text(blockText ?? .empty), arguments)
        case .test(let test, let value, let arguments):
            let value = try evaluate(value, scope)
            let arguments = try evaluate(arguments, scope)
            place = expression.offset
            return .boolean(try apply(test, to: value, arguments))
        case .call: return try evaluateCall(expression, scope, caller: nil)
        }
    }

    private func evaluate(_ expressions: [Expression], _ scope: Scope) throws(TemplateError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(expressions.count)
        for expression in expressions { values.append(try evaluate(expression, scope)) }
        return values
    }

    private func evaluateDictionary(
        _ pairs: [(key: Expression, value: Expression)],
        _ scope: Scope
    ) throws(TemplateError) -> Value {
        var entries: [(ValueKey, ValueDictionary.Entry)] = []
        for pair in pairs {
            let key = try evaluate(pair.key, scope)
            let value = try evaluate(pair.value, scope)
            place = pair.key.offset
            entries.append((try self.key(key), ValueDictionary.Entry(key: key, value: value)))
        }
        return .dictionary(try makeDictionary(entries))
    }

    private func evaluateComparison(
        _ first: Expression,
        _ comparisons: [(comparison: ComparisonOperator, right: Expression)],
        _ scope: Scope
    ) throws(TemplateError) -> Value {
        var left = try evaluate(first, scope)
        for comparison in comparisons {
            let right = try evaluate(comparison.right, scope)
            place = comparison.right.offset
            guard try compare(left, comparison.comparison, right) else { return .boolean(false) }
            left = right
        }
        return .boolean(true)
    }

    // MARK: Calls

    func evaluateCall(_ expression: Expression, _ scope: Scope, caller: Value?) throws(TemplateError) -> Value {
        guard case .call(let callee, let list) = expression.kind else { return try evaluate(expression, scope) }
        let function = try evaluate(callee, scope)
        var arguments = try evaluate(list, scope)
        if let caller {
            place = expression.offset
            guard !arguments.keywords.contains(where: { $0.name == "caller" }) else {
                throw failure("the argument 'caller' is the call block's")
            }
            arguments.keywords.append(("caller", caller))
        }
        place = expression.offset
        return try call(function, arguments)
    }

    func evaluate(_ list: ArgumentList, _ scope: Scope) throws(TemplateError) -> Arguments {
        var arguments = Arguments()
        arguments.positional = try evaluate(list.positional, scope)
        for keyword in list.keywords { arguments.keywords.append((keyword.name, try evaluate(keyword.value, scope))) }
        if let spread = list.spread {
            let value = try evaluate(spread, scope)
            place = spread.offset
            arguments.positional += try elements(of: value)
        }
        if let spread = list.keywordSpread {
            let value = try evaluate(spread, scope)
            place = spread.offset
            guard case .dictionary(let dictionary) = value else {
                throw failure("'**' needs a dictionary, not a value of type \(value.typeName)")
            }
            for entry in dictionary.entries {
                guard case .text(let name) = entry.key else { throw failure("the names behind '**' have to be strings") }
                guard !arguments.keywords.contains(where: { $0.name == name.string }) else {
                    throw failure("the argument '\(name.string)' is given twice")
                }
                arguments.keywords.append((name.string, entry.value))
            }
            try spend(arguments.keywords.count)
        }
        return arguments
    }
}
