// Expressions as the parser leaves them: filters, tests and keywords are known, names are numbers.
// Not values: Rendering/Evaluation.swift gives those. Next: Statement.swift.

/// An expression and where it starts.
struct Expression: Sendable {
    let kind: Kind
    let offset: Int
    /// How many expressions nest in this one, itself included.
    let depth: Int

    indirect enum Kind: Sendable {
        case constant(Constant)
        case name(NameID)
        case list([Expression])
        case tuple([Expression])
        case dictionary([(key: Expression, value: Expression)])
        case attribute(Expression, String)
        case element(Expression, Expression)
        case slice(Expression, start: Expression?, stop: Expression?, step: Expression?)
        case negation(Expression)
        case plus(Expression)
        case not(Expression)
        case and(Expression, Expression)
        case or(Expression, Expression)
        case arithmetic(ArithmeticOperator, Expression, Expression)
        case concatenation([Expression])
        case comparison(Expression, [(comparison: ComparisonOperator, right: Expression)])
        case conditional(condition: Expression, then: Expression, otherwise: Expression?)
        /// A filter; without an input it takes the text of the block that it stands at.
        case filter(FilterDefinition, Expression?, ArgumentList)
        case test(TestDefinition, Expression, ArgumentList)
        case call(Expression, ArgumentList)
    }
}

/// A number that stands for a name of a variable in one template.
typealias NameID = Int

/// A literal.
enum Constant: Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    case double(Double)
    case text(TemplateText)

    var value: Value {
        switch self {
        case .null: .null
        case .boolean(let value): .boolean(value)
        case .integer(let value): .integer(value)
        case .double(let value): .double(value)
        case .text(let value): .text(value)
        }
    }
}

/// The arguments of a call, a filter or a test, as written.
struct ArgumentList: Sendable {
    var positional: [Expression] = []
    var keywords: [(name: String, value: Expression)] = []
    /// What stands behind `*`.
    var spread: Expression?
    /// What stands behind `**`.
    var keywordSpread: Expression?

    var all: [Expression] { positional + keywords.map(\.value) + [spread, keywordSpread].compactMap { $0 } }
}

/// An operator of numbers, of which some also work on texts and lists.
enum ArithmeticOperator: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case floorDivide = "//"
    case modulo = "%"
    case power = "**"
}

/// An operator of a comparison; comparisons chain.
enum ComparisonOperator: String, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case isIn = "in"
    case isNotIn = "not in"
}
