// Operators, from the weakest to the strongest; the precedence is jinja2's, which is not quite Python's.
// Not literals, calls, filters and tests: PrimaryParser.swift.

extension Parser {
    func checkDepth() throws(TemplateError) {
        guard expressionDepth <= SyntaxLimits.expressionDepth else { throw tooDeep(at: current.offset) }
    }

    private func tooDeep(at offset: Int) -> TemplateError {
        error(at: offset, "this expression nests deeper than \(SyntaxLimits.expressionDepth) levels")
    }

    /// Makes an expression of parts that nest one level less.
    func make(_ kind: Expression.Kind, at offset: Int, _ parts: [Expression] = []) throws(TemplateError) -> Expression {
        let depth = 1 + (parts.lazy.map(\.depth).max() ?? 0)
        guard depth <= SyntaxLimits.expressionDepth else { throw tooDeep(at: offset) }
        return Expression(kind: kind, offset: offset, depth: depth)
    }

    /// Whether no expression can follow, as behind the last comma of a tuple.
    var isTupleEnd: Bool { [.outputEnd, .blockEnd, .symbol(")")].contains(current.kind) }

    /// Reads an expression, or several separated by commas, which are a tuple.
    mutating func parseTuple(
        allowsConditional: Bool = true,
        isParenthesised: Bool = false
    ) throws(TemplateError) -> Expression {
        let offset = current.offset
        var items: [Expression] = []
        var isTuple = false
        while !isTupleEnd {
            items.append(try parseExpression(allowsConditional: allowsConditional))
            guard skip(symbol: ",") else { break }
            isTuple = true
        }
        if !isTuple {
            if let item = items.first { return item }
            guard isParenthesised else { throw unexpected(expected: "an expression") }
        }
        return try make(.tuple(items), at: offset, items)
    }

    mutating func parseExpression(allowsConditional: Bool = true) throws(TemplateError) -> Expression {
        expressionDepth += 1
        defer { expressionDepth -= 1 }
        try checkDepth()
        return allowsConditional ? try parseConditional() : try parseOr()
    }

    private mutating func parseConditional() throws(TemplateError) -> Expression {
        let offset = current.offset
        let known = unknownNames.count
        var expression = try parseOr()
        while skip(name: "if") {
            defer { forgetUnknownNames(since: known) }
            let condition = try parseOr()
            let otherwise = skip(name: "else") ? try parseExpression() : nil
            expression = try make(
                .conditional(condition: condition, then: expression, otherwise: otherwise),
                at: offset,
                [expression, condition] + (otherwise.map { [$0] } ?? [])
            )
        }
        return expression
    }

    private mutating func parseOr() throws(TemplateError) -> Expression {
        var left = try parseAnd()
        while skip(name: "or") {
            let right = try parseAnd()
            left = try make(.or(left, right), at: left.offset, [left, right])
        }
        return left
    }

    private mutating func parseAnd() throws(TemplateError) -> Expression {
        var left = try parseNot()
        while skip(name: "and") {
            let right = try parseNot()
            left = try make(.and(left, right), at: left.offset, [left, right])
        }
        return left
    }

    private mutating func parseNot() throws(TemplateError) -> Expression {
        let offset = current.offset
        guard skip(name: "not") else { return try parseComparison() }
        expressionDepth += 1
        defer { expressionDepth -= 1 }
        try checkDepth()
        let operand = try parseNot()
        return try make(.not(operand), at: offset, [operand])
    }

    private mutating func parseComparison() throws(TemplateError) -> Expression {
        let first = try parseSum()
        var comparisons: [(comparison: ComparisonOperator, right: Expression)] = []
        while let comparison = skipComparison() { comparisons.append((comparison, try parseSum())) }
        if comparisons.isEmpty { return first }
        return try make(.comparison(first, comparisons), at: first.offset, [first] + comparisons.map(\.right))
    }

    private mutating func skipComparison() -> ComparisonOperator? {
        switch current.kind {
        case .symbol(let symbol):
            guard let comparison = ComparisonOperator(rawValue: symbol) else { return nil }
            advance()
            return comparison
        case .name("in"):
            advance()
            return .isIn
        case .name("not") where next.kind == .name("in"):
            advance()
            advance()
            return .isNotIn
        default: return nil
        }
    }

    private mutating func parseSum() throws(TemplateError) -> Expression {
        var left = try parseConcatenation()
        while let symbol = skipArithmetic([.add, .subtract]) {
            let right = try parseConcatenation()
            left = try make(.arithmetic(symbol, left, right), at: left.offset, [left, right])
        }
        return left
    }

    private mutating func parseConcatenation() throws(TemplateError) -> Expression {
        var parts = [try parseProduct()]
        while skip(symbol: "~") { parts.append(try parseProduct()) }
        return parts.count == 1 ? parts[0] : try make(.concatenation(parts), at: parts[0].offset, parts)
    }

    private mutating func parseProduct() throws(TemplateError) -> Expression {
        var left = try parsePower()
        while let symbol = skipArithmetic([.multiply, .divide, .floorDivide, .modulo]) {
            let right = try parsePower()
            left = try make(.arithmetic(symbol, left, right), at: left.offset, [left, right])
        }
        return left
    }

    private mutating func parsePower() throws(TemplateError) -> Expression {
        var left = try parseUnary()
        while skipArithmetic([.power]) != nil {
            let right = try parseUnary()
            left = try make(.arithmetic(.power, left, right), at: left.offset, [left, right])
        }
        return left
    }

    private mutating func skipArithmetic(_ operators: [ArithmeticOperator]) -> ArithmeticOperator? {
        guard case .symbol(let symbol) = current.kind, let found = ArithmeticOperator(rawValue: symbol),
            operators.contains(found)
        else { return nil }
        advance()
        return found
    }

    /// A sign binds stronger than a filter: `-1|abs` is 1.
    private mutating func parseUnary(allowsFilters: Bool = true) throws(TemplateError) -> Expression {
        let offset = current.offset
        var expression: Expression
        if isSymbol("-") || isSymbol("+") {
            let isNegation = isSymbol("-")
            advance()
            expressionDepth += 1
            defer { expressionDepth -= 1 }
            try checkDepth()
            let operand = try parseUnary(allowsFilters: false)
            expression = try make(isNegation ? .negation(operand) : .plus(operand), at: offset, [operand])
        } else {
            expression = try parsePrimary()
        }
        expression = try parsePostfix(expression)
        return allowsFilters ? try parseFiltersAndTests(expression) : expression
    }
}
