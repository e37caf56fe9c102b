// Filters of numbers, and to numbers. Not operators: Rendering/Arithmetic.swift. Next: SequenceFilters.swift.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension FilterCatalog {
    static let numbers: [FilterDefinition] = [
        FilterDefinition("abs") { (renderer, value) throws(TemplateError) in
            switch value {
            case .double(let number): return .double(number.magnitude)
            case .integer, .boolean:
                let number = value.index ?? 0
                return try number < 0 ? renderer.signed(.integer(number), isNegative: true) : .integer(number)
            case .largeInteger(let digits): return .largeInteger(String(digits.drop { $0 == "-" }))
            default: throw renderer.wrongType(value, "abs", wanted: "a number")
            }
        },
        FilterDefinition(
            name: "int",
            signature: .of("default", "base")
        ) { (renderer, value, arguments) throws(TemplateError) in
            let base = try renderer.integerArgument(arguments[1], "base", otherwise: 10)
            return try renderer.integer(value, base: base) ?? arguments[0] ?? .integer(0)
        },
        FilterDefinition(name: "float", signature: .of("default")) {
            (renderer, value, arguments) throws(TemplateError) in
            let otherwise = arguments[0] ?? .double(0)
            switch value {
            case .undefined(let undefined): throw renderer.failure(undefined)
            case .text(let text): return NumberText.double(text).map { .double($0) } ?? otherwise
            case .largeInteger(let digits): return .double(Double(digits) ?? .infinity)
            default: return value.double.map { .double($0) } ?? otherwise
            }
        },
        FilterDefinition(name: "round", signature: .of("precision", "method"), body: round),
    ]

    private static let round: FilterDefinition.Body = { (renderer, value, arguments) throws(TemplateError) in
        let precision = try renderer.integerArgument(arguments[0], "precision", otherwise: 0)
        let method =
            try arguments[1].map { (value) throws(TemplateError) in try renderer.text(of: value).string }
            ?? "common"
        guard ["common", "ceil", "floor"].contains(method) else {
            throw renderer.failure("the method of 'round' is 'common', 'ceil' or 'floor', not '\(method)'")
        }
        guard (-300...NumberText.precisionLimit).contains(precision) else {
            throw renderer.failure("'round' takes no precision of \(precision)")
        }
        if method == "common" {
            if let integer = value.index { return try renderer.rounded(integer, precision) }
            if case .largeInteger = value, precision >= 0 { return value }
            guard case .double(let number) = value else { throw renderer.wrongType(value, "round", wanted: "a number") }
            return .double(Renderer.rounded(number, precision))
        }
        guard !value.isUndefined, value.double != nil else {
            throw renderer.wrongType(value, "round", wanted: "a number")
        }
        let power = try renderer.calculate(.power, .integer(10), .integer(precision))
        let scaled = try renderer.calculate(.multiply, value, power)
        guard case .double(let number) = scaled else { return try renderer.calculate(.divide, scaled, power) }
        // Python's whole numbers have no negative zero.
        let whole = (method == "ceil" ? number.rounded(.up) : number.rounded(.down)) + 0
        guard whole.isFinite else { throw renderer.failure("'round' takes finite numbers") }
        return try renderer.calculate(.divide, .double(whole), power)
    }
}

extension Renderer {
    /// The integer that Python's int makes of a value, or nil where it makes none.
    fileprivate func integer(_ value: Value, base: Int) throws(TemplateError) -> Value? {
        switch value {
        case .undefined(let undefined): throw failure(undefined)
        case .integer, .boolean: return value.index.map { .integer($0) }
        case .largeInteger: return value
        case .double(let number): return try integer(number)
        case .text(let text):
            // A base that Python does not know is an error that the filter takes for a text that is no number.
            let isBase = base == 0 || (2...36).contains(base)
            switch isBase ? NumberText.integer(text, radix: base) : .notInteger {
            case .value(let integer): return .integer(integer)
            case .tooLarge: throw failure("an integer becomes too large; integers have 64 bits here")
            case .notInteger:
                return try NumberText.double(text).flatMap { (number) throws(TemplateError) in
                    try integer(number)
                }
            }
        default: return nil
        }
    }

    private func integer(_ number: Double) throws(TemplateError) -> Value? {
        guard number.isFinite else { return nil }
        guard let integer = Int(exactly: number.rounded(.towardZero)) else {
            throw failure("an integer becomes too large; integers have 64 bits here")
        }
        return .integer(integer)
    }

    /// An integer rounded to tens, hundreds and so on for a negative precision; halves go to the even neighbour.
    fileprivate func rounded(_ integer: Int, _ precision: Int) throws(TemplateError) -> Value {
        guard precision < 0 else { return .integer(integer) }
        guard precision > -19 else { return .integer(0) }
        var unit = 1
        for _ in 0..<(-precision) { unit *= 10 }
        let remainder = integer % unit
        let lower = integer - remainder
        let doubled = remainder.magnitude.multipliedReportingOverflow(by: 2)
        let isAbove = doubled.overflow || doubled.partialValue > unit.magnitude
        let isHalf = !doubled.overflow && doubled.partialValue == unit.magnitude
        guard isAbove || (isHalf && (lower / unit) % 2 != 0) else { return .integer(lower) }
        return try calculate(.add, .integer(lower), .integer(remainder < 0 ? -unit : unit))
    }

    /// A double rounded to a number of decimals as printed decimals are: exactly, halves to even.
    fileprivate static func rounded(_ number: Double, _ precision: Int) -> Double {
        guard number.isFinite, number != 0 else { return number }
        if precision >= 0 {
            // Beyond 17 significant digits nothing is left to round.
            if precision > 323 { return number }
            return Double(NumberText.printed(number, "f", precision: precision)) ?? number
        }
        let unit = pow(10.0, Double(-precision))
        let scaled = (number / unit).rounded(.toNearestOrEven) * unit
        return scaled == 0 ? Double(signOf: number, magnitudeOf: 0) : scaled
    }
}
