// Operators on numbers, texts and lists, as Python defines them, with 64-bit integers.
// Not comparisons: Comparison.swift.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Renderer {
    func signed(_ value: Value, isNegative: Bool) throws(TemplateError) -> Value {
        switch value {
        case .double(let number): return .double(isNegative ? -number : number)
        case .integer, .boolean:
            let number = value.index ?? 0
            return isNegative ? try calculate(.subtract, .integer(0), .integer(number)) : .integer(number)
        case .undefined(let undefined): throw failure(undefined)
        default: throw failure("a value of type \(value.typeName) has no sign")
        }
    }

    func calculate(_ symbol: ArithmeticOperator, _ left: Value, _ right: Value) throws(TemplateError) -> Value {
        if case .undefined(let undefined) = left { throw failure(undefined) }
        if case .text(let text) = left, symbol == .modulo { return try value(try formatted(text, right)) }
        if case .undefined(let undefined) = right { throw failure(undefined) }
        if let left = left.index, let right = right.index { return try calculate(symbol, left, right) }
        if let left = left.double, let right = right.double { return .double(try calculate(symbol, left, right)) }
        switch (symbol, left, right) {
        case (.add, .text(let left), .text(let right)): return .text(try joined(left, right))
        case (.add, .list(let left), .list(let right)): return try list(left.items + right.items)
        case (.add, .tuple(let left), .tuple(let right)): return try tuple(left.items + right.items)
        case (.multiply, _, _):
            if let count = right.index, let repeated = try repeated(left, count) { return repeated }
            if let count = left.index, let repeated = try repeated(right, count) { return repeated }
        default: break
        }
        if case .largeInteger = left { throw tooLarge }
        if case .largeInteger = right { throw tooLarge }
        throw failure("'\(symbol.rawValue)' does not work on values of types \(left.typeName) and \(right.typeName)")
    }

    private var tooLarge: TemplateError { failure("an integer becomes too large; integers have 64 bits here") }

    /// What `+` gives; markup escapes what is added to it.
    private func joined(_ left: TemplateText, _ right: TemplateText) throws(TemplateError) -> TemplateText {
        let isMarkup = left.isMarkup || right.isMarkup
        var builder = makeBuilder()
        builder.append(isMarkup && !left.isMarkup ? try escaped(left) : left)
        builder.append(isMarkup && !right.isMarkup ? try escaped(right) : right)
        return try finish(builder, isMarkup: isMarkup)
    }

    private func repeated(_ value: Value, _ count: Int) throws(TemplateError) -> Value? {
        switch value {
        case .text(let text):
            var builder = makeBuilder()
            builder.append(text, times: count)
            return .text(try finish(builder, isMarkup: text.isMarkup))
        case .list(let list): return try self.list(try repeated(list.items, count))
        case .tuple(let list): return try tuple(try repeated(list.items, count))
        default: return nil
        }
    }

    private func repeated(_ items: [Value], _ count: Int) throws(TemplateError) -> [Value] {
        let (total, overflows) = items.count.multipliedReportingOverflow(by: max(0, count))
        try spend(overflows ? .max : total)
        return Array(repeatElement(items, count: items.isEmpty ? 0 : max(0, count)).joined())
    }

    // MARK: Numbers

    private func calculate(_ symbol: ArithmeticOperator, _ left: Int, _ right: Int) throws(TemplateError) -> Value {
        let result: (partialValue: Int, overflow: Bool)
        switch symbol {
        case .add: result = left.addingReportingOverflow(right)
        case .subtract: result = left.subtractingReportingOverflow(right)
        case .multiply: result = left.multipliedReportingOverflow(by: right)
        case .divide:
            guard right != 0 else { throw failure("division by zero") }
            return .double(Double(left) / Double(right))
        case .floorDivide, .modulo:
            guard right != 0 else { throw failure("division by zero") }
            let quotient = left.dividedReportingOverflow(by: right)
            let remainder = left.remainderReportingOverflow(dividingBy: right).partialValue
            let isBelow = remainder != 0 && (remainder < 0) != (right < 0)
            if symbol == .modulo { return .integer(isBelow ? remainder + right : remainder) }
            result = (quotient.partialValue - (isBelow ? 1 : 0), quotient.overflow)
        case .power:
            guard right >= 0 else { return .double(try calculate(.power, Double(left), Double(right))) }
            result = Self.power(left, right)
        }
        guard !result.overflow else { throw tooLarge }
        return .integer(result.partialValue)
    }

    private static func power(_ base: Int, _ exponent: Int) -> (partialValue: Int, overflow: Bool) {
        var result = 1
        var square = base
        var remaining = exponent
        var squareOverflows = false
        while remaining > 0 {
            if remaining & 1 == 1 {
                let (product, overflows) = result.multipliedReportingOverflow(by: square)
                if overflows || squareOverflows { return (0, true) }
                result = product
            }
            remaining >>= 1
            let (next, overflows) = square.multipliedReportingOverflow(by: square)
            squareOverflows = squareOverflows || overflows
            square = next
        }
        return (result, false)
    }

    private func calculate(_ symbol: ArithmeticOperator, _ left: Double, _ right: Double) throws(TemplateError)
        -> Double
    {
        switch symbol {
        case .add: return left + right
        case .subtract: return left - right
        case .multiply: return left * right
        case .divide, .floorDivide, .modulo:
            guard right != 0 else { throw failure("division by zero") }
            if symbol == .divide { return left / right }
            var remainder = left.truncatingRemainder(dividingBy: right)
            if remainder == 0 {
                remainder = Double(signOf: right, magnitudeOf: 0)
            } else if (remainder < 0) != (right < 0) {
                remainder += right
            }
            if symbol == .modulo { return remainder }
            let quotient = (left - left.truncatingRemainder(dividingBy: right)) / right
            let isBelow = remainder != left.truncatingRemainder(dividingBy: right) && remainder != 0
            let floored = isBelow ? quotient - 1 : quotient
            return floored == 0 ? Double(signOf: left / right, magnitudeOf: 0) : floored.rounded()
        case .power:
            if left == 0, right < 0 { throw failure("division by zero") }
            if left < 0, right.isFinite, right != right.rounded() {
                throw failure("a negative number to a broken power is no real number")
            }
            let result = pow(left, right)
            guard result.isFinite || !left.isFinite || !right.isFinite else {
                throw failure("a number becomes too large")
            }
            return result
        }
    }
}

extension Value {
    /// The value as a double, if it is a number that one can hold.
    var double: Double? {
        if case .double(let value) = self { return value }
        return index.map(Double.init)
    }
}
