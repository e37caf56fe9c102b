// What expressions give. Not operators on numbers and texts: Arithmetic.swift. Not attributes: Attributes.swift.
// Expressions nest, so every kind that is more than a line has a function of its own: that keeps the stack small.

extension Renderer {
    func evaluate(_ expression: Expression, _ scope: Scope) throws(TemplateError) -> Value {
        try spend(1)
        switch expression.kind {
        case .constant(let constant): return constant.value
        case .name(let id): return lookUp(id, scope)
        default:
            try enter()
            defer { leave() }
            return try evaluateNested(expression, scope)
        }
    }

    /// The value of filters that begin with the text of the block that they stand at.
    func evaluate(_ filter: Expression, _ scope: Scope, blockText text: TemplateText) throws(TemplateError) -> Value {
        let outer = blockText
        blockText = text
        defer { blockText = outer }
        return try evaluate(filter, scope)
    }

    private func evaluateNested(_ expression: Expression, _ scope: Scope) throws(TemplateError) -> Value {
        switch expression.kind {
        case .constant(let constant): constant.value
        case .name(let id): lookUp(id, scope)
        case .list(let items): .list(try makeList(try evaluate(items, scope)))
        case .tuple(let items): .tuple(try makeList(try evaluate(items, scope)))
        case .dictionary(let pairs): try evaluateDictionary(pairs, scope)
        case .attribute(let base, let name): try evaluateAttribute(base, name, expression.offset, scope)
        case .element(let base, let key): try evaluateElement(base, key, expression.offset, scope)
        case .slice(let base, let start, let stop, let step):
            try evaluateSlice(base, [start, stop, step], expression.offset, scope)
        case .negation(let operand): try evaluateSign(operand, isNegative: true, expression.offset, scope)
        case .plus(let operand): try evaluateSign(operand, isNegative: false, expression.offset, scope)
        case .not(let operand): .boolean(try !isTrue(operand, scope))
        case .and(let left, let right): try evaluateLogic(left, right, stopsAt: false, scope)
        case .or(let left, let right): try evaluateLogic(left, right, stopsAt: true, scope)
        case .arithmetic(let symbol, let left, let right):
            try evaluateArithmetic(symbol, left, right, expression.offset, scope)
        case .concatenation(let parts): try evaluateConcatenation(parts, expression.offset, scope)
        case .comparison(let first, let comparisons): try evaluateComparison(first, comparisons, scope)
        case .conditional(let condition, let then, let otherwise):
            try evaluateConditional(condition, then, otherwise, scope)
        case .filter(let filter, let input, let arguments):
            try evaluateFilter(filter, input, arguments, expression.offset, scope)
        case .test(let test, let value, let arguments):
            try evaluateTest(test, value, arguments, expression.offset, scope)
        case .call(let callee, let arguments):
            try evaluateCall(callee, arguments, expression.offset, scope, caller: nil)
        }
    }

    /// Whether an expression gives something that Python takes for true.
    @inline(never) func isTrue(_ expression: Expression, _ scope: Scope) throws(TemplateError) -> Bool {
        try evaluate(expression, scope).isTrue
    }

    @inline(never)
    private func evaluate(_ expressions: [Expression], _ scope: Scope) throws(TemplateError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(expressions.count)
        for expression in expressions { values.append(try evaluate(expression, scope)) }
        return values
    }

    @inline(never)
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

    @inline(never)
    private func evaluateAttribute(
        _ base: Expression,
        _ name: String,
        _ offset: Int,
        _ scope: Scope
    ) throws(TemplateError) -> Value {
        let base = try evaluate(base, scope)
        place = offset
        return try attribute(name, of: base)
    }

    @inline(never)
    private func evaluateElement(
        _ base: Expression,
        _ key: Expression,
        _ offset: Int,
        _ scope: Scope
    ) throws(TemplateError) -> Value {
        let base = try evaluate(base, scope)
        let key = try evaluate(key, scope)
        place = offset
        return try element(key, of: base)
    }

    @inline(never)
    private func evaluateSlice(
        _ base: Expression,
        _ bounds: [Expression?],
        _ offset: Int,
        _ scope: Scope
    ) throws(TemplateError) -> Value {
        let base = try evaluate(base, scope)
        var values: [Value] = []
        for bound in bounds {
            if let bound { values.append(try evaluate(bound, scope)) } else { values.append(.null) }
        }
        place = offset
        return try slice(base, start: values[0], stop: values[1], step: values[2])
    }

    @inline(never)
    private func evaluateSign(
        _ operand: Expression,
        isNegative: Bool,
        _ offset: Int,
        _ scope: Scope
    ) throws(TemplateError) -> Value {
        let value = try evaluate(operand, scope)
        place = offset
        return try signed(value, isNegative: isNegative)
    }

    /// What `and` and `or` give: the left value if it decides, the right one otherwise.
    @inline(never)
    private func evaluateLogic(
        _ left: Expression,
        _ right: Expression,
        stopsAt decisive: Bool,
        _ scope: Scope
    ) throws(TemplateError) -> Value {
        let value = try evaluate(left, scope)
        return value.isTrue == decisive ? value : try evaluate(right, scope)
    }

    @inline(never)
    private func evaluateArithmetic(
        _ symbol: ArithmeticOperator,
        _ left: Expression,
        _ right: Expression,
        _ offset: Int,
        _ scope: Scope
    ) throws(TemplateError) -> Value {
        let left = try evaluate(left, scope)
        let right = try evaluate(right, scope)
        place = offset
        return try calculate(symbol, left, right)
    }

    @inline(never)
    private func evaluateConcatenation(
        _ parts: [Expression],
        _ offset: Int,
        _ scope: Scope
    ) throws(TemplateError) -> Value {
        var builder = makeBuilder()
        for value in try evaluate(parts, scope) {
            place = offset
            try write(value, to: &builder)
        }
        return .text(try finish(builder))
    }

    @inline(never)
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

    @inline(never)
    private func evaluateConditional(
        _ condition: Expression,
        _ then: Expression,
        _ otherwise: Expression?,
        _ scope: Scope
    ) throws(TemplateError) -> Value {
        if try isTrue(condition, scope) { return try evaluate(then, scope) }
        if let otherwise { return try evaluate(otherwise, scope) }
        return .undefined(.because("the condition behind 'if' is false, and there is no 'else'"))
    }

    @inline(never)
    private func evaluateFilter(
        _ filter: FilterDefinition,
        _ input: Expression?,
        _ arguments: ArgumentList,
        _ offset: Int,
        _ scope: Scope
    ) throws(TemplateError) -> Value {
        let value: Value
        if let input { value = try evaluate(input, scope) } else { value = .text(blockText) }
        let arguments = try evaluate(arguments, scope)
        place = offset
        return try apply(filter, to: value, arguments)
    }

    @inline(never)
    private func evaluateTest(
        _ test: TestDefinition,
        _ value: Expression,
        _ arguments: ArgumentList,
        _ offset: Int,
        _ scope: Scope
    ) throws(TemplateError) -> Value {
        let value = try evaluate(value, scope)
        let arguments = try evaluate(arguments, scope)
        place = offset
        return .boolean(try apply(test, to: value, arguments))
    }

    // MARK: Calls

    /// What a call gives; `caller` is the body of the call block that it stands at.
    @inline(never)
    func evaluateCall(
        _ callee: Expression,
        _ list: ArgumentList,
        _ offset: Int,
        _ scope: Scope,
        caller: Value?
    ) throws(TemplateError) -> Value {
        let function = try evaluate(callee, scope)
        var arguments = try evaluate(list, scope)
        place = offset
        if let caller {
            guard !arguments.keywords.contains(where: { $0.isNamed("caller") }) else {
                throw failure("the argument 'caller' is the call block's")
            }
            arguments.keywords.append(Keyword(key: TemplateText("caller"), value: caller))
        }
        return try call(function, arguments)
    }

    @inline(never)
    private func evaluate(_ list: ArgumentList, _ scope: Scope) throws(TemplateError) -> Arguments {
        var arguments = Arguments()
        arguments.positional = try evaluate(list.positional, scope)
        for keyword in list.keywords {
            let value = try evaluate(keyword.value, scope)
            arguments.keywords.append(Keyword(key: TemplateText(keyword.name), value: value))
        }
        if let spread = list.spread {
            let value = try evaluate(spread, scope)
            place = spread.offset
            arguments.positional += try elements(of: value)
        }
        if let spread = list.keywordSpread {
            let value = try evaluate(spread, scope)
            place = spread.offset
            try append(keywords: value, to: &arguments)
        }
        return arguments
    }

    private func append(keywords value: Value, to arguments: inout Arguments) throws(TemplateError) {
        guard case .dictionary(let dictionary) = value else {
            throw failure("'**' needs a dictionary, not a value of type \(value.typeName)")
        }
        try spend(dictionary.entries.count)
        for keyword in arguments.keywords where dictionary[.text(keyword.key.utf8)] != nil {
            throw failure("the argument '\(keyword.name)' is given twice")
        }
        for entry in dictionary.entries {
            guard case .text(let key) = entry.key else { throw failure("the names behind '**' have to be strings") }
            arguments.keywords.append(Keyword(key: key, value: entry.value))
        }
    }
}
