// What filters, tests, methods and functions take, and how arguments are matched with that.
// Not macros: Rendering/Macros.swift. Next: FilterCatalog.swift.

/// The arguments of one call, as values.
struct Arguments {
    var positional: [Value] = []
    var keywords: [Keyword] = []

    /// The keywords as what a dictionary is made of.
    var pairs: [(key: Value, value: Value)] { keywords.map { (.text($0.key), $0.value) } }
}

/// An argument that is given by name. The name keeps its origin: `**` may take it from a message.
struct Keyword {
    let key: TemplateText
    let value: Value

    var name: String { key.string }

    /// Whether this is the name, scalar by scalar.
    func isNamed(_ name: String) -> Bool { key.utf8.elementsEqual(name.utf8) }
}

/// The parameters of something built in.
struct Signature: Sendable {
    /// The names of the parameters, in order.
    var names: [String] = []
    /// How many of them have to be given.
    var required = 0
    /// Whether they may be given by name; most methods of Python's take positions only.
    var takesNames = true
    /// Whether any number of further values, and any further names, are taken.
    var takesMore = false

    /// Parameters, all optional unless `required` says so.
    static func of(_ names: String..., required: Int = 0) -> Signature {
        Signature(names: names, required: required)
    }

    /// Parameters that cannot be given by name.
    static func positions(_ names: String..., required: Int = 0) -> Signature {
        Signature(names: names, required: required, takesNames: false)
    }

    /// Any arguments at all.
    static let any = Signature(takesMore: true)
}

/// Arguments matched with a signature.
struct BoundArguments {
    fileprivate(set) var values: [Value?]
    /// What there is beyond the parameters, if the signature takes it.
    fileprivate(set) var rest = Arguments()

    /// The argument of a parameter, or nil if it was not given.
    subscript(index: Int) -> Value? { values[index] }

    /// The argument of a parameter, or nil if it was not given or is `none`.
    func unlessNull(_ index: Int) -> Value? {
        guard let value = values[index], !value.isNull else { return nil }
        return value
    }
}

extension Renderer {
    /// Matches arguments with parameters; `name` is what errors call the callee.
    func bind(_ arguments: Arguments, _ signature: Signature, _ name: String) throws(TemplateError) -> BoundArguments {
        for value in arguments.positional { try spend(reading: value) }
        for keyword in arguments.keywords { try spend(reading: keyword.value) }
        if signature.takesMore, signature.names.isEmpty { return BoundArguments(values: [], rest: arguments) }
        let count = signature.names.count
        var bound = BoundArguments(values: Array(arguments.positional.prefix(count)).map { $0 })
        if arguments.positional.count > count {
            guard signature.takesMore else {
                throw failure("'\(name)' takes at most \(count) arguments, not \(arguments.positional.count)")
            }
            bound.rest.positional = Array(arguments.positional.dropFirst(count))
        }
        bound.values += Array(repeating: nil, count: count - bound.values.count)
        for keyword in arguments.keywords {
            guard signature.takesNames, let index = signature.names.firstIndex(where: { keyword.isNamed($0) }) else {
                guard signature.takesMore else {
                    let known = signature.takesNames ? signature.names.map { "'\($0)'" } : []
                    let hint = known.isEmpty ? "none by name" : known.joined(separator: ", ")
                    throw failure("'\(name)' takes no argument '\(keyword.name)'; it takes \(hint)")
                }
                bound.rest.keywords.append(keyword)
                continue
            }
            guard bound.values[index] == nil else {
                throw failure("'\(name)' gets two values for its argument '\(keyword.name)'")
            }
            bound.values[index] = keyword.value
        }
        for index in 0..<signature.required where bound.values[index] == nil {
            throw failure("'\(name)' needs its argument '\(signature.names[index])'")
        }
        return bound
    }

    /// Takes the steps of looking through a text, which most functions do.
    private func spend(reading value: Value) throws(TemplateError) {
        if case .text(let text) = value { try spend(text.utf8.count / 32) }
    }

    // MARK: Arguments of one type

    func textArgument(_ value: Value, _ name: String) throws(TemplateError) -> TemplateText {
        guard case .text(let text) = value else { throw wrongType(value, name, wanted: "a string") }
        return text
    }

    func integerArgument(_ value: Value, _ name: String) throws(TemplateError) -> Int {
        guard let integer = value.index else { throw wrongType(value, name, wanted: "an integer") }
        return integer
    }

    /// The integer of an argument that may be missing, but not `none`.
    func integerArgument(_ value: Value?, _ name: String, otherwise: Int) throws(TemplateError) -> Int {
        try value.map { (value) throws(TemplateError) in try integerArgument(value, name) } ?? otherwise
    }

    func wrongType(_ value: Value, _ name: String, wanted: String) -> TemplateError {
        if case .undefined(let undefined) = value { return failure(undefined) }
        return failure("'\(name)' needs \(wanted), not a value of type \(value.typeName)")
    }
}

/// A filter: what stands behind `|`.
struct FilterDefinition: Sendable {
    typealias Body = @Sendable (Renderer, Value, BoundArguments) throws(TemplateError) -> Value

    let name: String
    let signature: Signature
    let body: Body
    /// Which argument names another filter or a test, if one does.
    var namedFunctionIndex: Int?
    /// Whether that is a filter.
    var namesFilter = false
}

/// A test: what stands behind `is`.
struct TestDefinition: Sendable {
    typealias Body = @Sendable (Renderer, Value, BoundArguments) throws(TemplateError) -> Bool

    let name: String
    let signature: Signature
    let body: Body
}

/// A method of a type.
struct MethodDefinition: Sendable {
    typealias Body = @Sendable (Renderer, Value, BoundArguments) throws(TemplateError) -> Value

    let name: String
    let signature: Signature
    let body: Body
}

/// A function that every template knows.
struct FunctionDefinition: Sendable {
    typealias Body = @Sendable (Renderer, BoundArguments) throws(TemplateError) -> Value

    let name: String
    let signature: Signature
    let body: Body
    /// The functions that are attributes of this one.
    var attributes: [String: MethodDefinition] = [:]
}

extension Renderer {
    func apply(_ filter: FilterDefinition, to value: Value, _ arguments: Arguments) throws(TemplateError) -> Value {
        let outer = place
        let bound = try bind(arguments, filter.signature, filter.name)
        try spend(reading: value)
        defer { place = outer }
        return try filter.body(self, value, bound)
    }

    func apply(_ test: TestDefinition, to value: Value, _ arguments: Arguments) throws(TemplateError) -> Bool {
        let bound = try bind(arguments, test.signature, test.name)
        try spend(reading: value)
        return try test.body(self, value, bound)
    }

    func call(_ function: Value, _ arguments: Arguments) throws(TemplateError) -> Value {
        let outer = place
        try enter()
        defer {
            leave()
            place = outer
        }
        switch function {
        case .callable(.function(let definition)):
            return try definition.body(self, try bind(arguments, definition.signature, definition.name))
        case .callable(.method(let definition, let receiver)):
            let bound = try bind(arguments, definition.signature, definition.name)
            try spend(reading: receiver)
            return try definition.body(self, receiver, bound)
        case .callable(.macro(let macro)): return try call(macro, arguments)
        case .callable(.joiner(let joiner)):
            _ = try bind(arguments, .positions(), "joiner")
            return joiner.next()
        case .loop(let state):
            guard state.loop.isRecursive, let scope = state.scope else {
                throw failure("'loop' can be called in a loop that is marked 'recursive' only")
            }
            let bound = try bind(arguments, .of("iterable", required: 1), "loop")
            let items = bound[0] ?? .null
            return .text(try textOfLoop(state.loop, over: items, scope, depth: state.depth + 1))
        case .undefined(let undefined): throw failure(undefined)
        default: throw failure("a value of type \(function.typeName) cannot be called")
        }
    }
}
