// One rendering: its output, its budget, and the places of its errors.
// Not what expressions mean: Evaluation.swift. Not statements: Execution.swift.

/// Runs one template once.
final class Renderer {
    let template: ParsedTemplate
    let limits: RenderingLimits
    let clock: TemplateClock
    /// The variables of the caller and the functions of all templates, by the names that the template uses.
    private let variables: [Value?]
    var output: TextBuilder
    /// What a filter without an input takes: the text of the block that it stands at.
    var blockText = TemplateText.empty
    /// Where the expression stands that runs; errors name it.
    var place = 0
    private(set) var steps = 0
    private var depth = 0
    /// Whatever may hold itself: emptied in the end, so that nothing outlives the rendering.
    private(set) var namespaces: [Namespace] = []
    private(set) var scopes: [Scope] = []

    init(
        _ template: ParsedTemplate,
        variables: [String: TemplateValue],
        limits: RenderingLimits,
        clock: TemplateClock
    ) throws(TemplateError) {
        self.template = template
        self.limits = limits
        self.clock = clock
        output = TextBuilder(limit: limits.textBytes)
        var values: [Value?] = []
        for name in template.names {
            if let variable = variables[name] {
                values.append(try Self.value(of: variable, depthLimit: limits.valueDepth, template))
            } else {
                values.append(GlobalFunctions.all[name].map { .callable(.function($0)) })
            }
        }
        self.variables = values
    }

    /// Runs the whole template and takes its output.
    func run() throws(TemplateError) -> RenderedTemplate {
        defer {
            for namespace in namespaces { namespace.removeAll() }
            for scope in scopes { scope.removeAll() }
        }
        let scope = makeScope(0, parent: nil)
        _ = try execute(template.statements, scope)
        let text = try finish(output)
        return RenderedTemplate(
            text: text.string,
            messageText: text.messageText,
            generation: text.marks.ranges(of: .generation)
        )
    }

    private static func value(
        of input: TemplateValue,
        depthLimit: Int,
        _ template: ParsedTemplate
    ) throws(TemplateError) -> Value {
        guard depthLimit >= 0 else {
            throw template.places.error(.limit, at: 0, "a variable nests deeper than templates may handle")
        }
        switch input {
        case .null: return .null
        case .boolean(let value): return .boolean(value)
        case .integer(let value): return .integer(value)
        case .largeInteger(let digits): return .largeInteger(digits)
        case .double(let value): return .double(value)
        case .text(let text): return .text(text)
        case .list(let elements):
            var items: [Value] = []
            items.reserveCapacity(elements.count)
            for element in elements { items.append(try value(of: element, depthLimit: depthLimit - 1, template)) }
            return .list(ValueList(items))
        case .dictionary(let members):
            var pairs: [(ValueKey, ValueDictionary.Entry)] = []
            pairs.reserveCapacity(members.count)
            for member in members {
                let value = try value(of: member.value, depthLimit: depthLimit - 1, template)
                pairs.append((.text(member.key.utf8), ValueDictionary.Entry(key: .text(member.key), value: value)))
            }
            return .dictionary(ValueDictionary(pairs))
        }
    }

    // MARK: Names and scopes

    func makeScope(_ id: ScopeID, parent: Scope?) -> Scope {
        Scope(parent: parent, hidden: template.scopes[id].hidden)
    }

    func lookUp(_ name: NameID, _ scope: Scope) -> Value {
        let found = scope.find(name) ?? variables[name]
        return found ?? .undefined(.variable(template.names[name]))
    }

    /// A macro that `scope` may come to hold.
    func makeMacro(_ declaration: MacroDeclaration, _ scope: Scope) -> Macro {
        scopes.append(scope)
        return Macro(declaration, scope: scope)
    }

    func makeNamespace() -> Namespace {
        let namespace = Namespace()
        namespaces.append(namespace)
        return namespace
    }

    // MARK: Errors and limits

    func failure(_ message: String) -> TemplateError { template.places.error(.evaluation, at: place, message) }

    func failure(_ undefined: Undefined) -> TemplateError { failure(undefined.message) }

    func limitFailure(_ message: String) -> TemplateError { template.places.error(.limit, at: place, message) }

    func raised(_ message: String) -> TemplateError { template.places.error(.raised, at: place, message) }

    /// Takes steps from the budget.
    func spend(_ amount: Int) throws(TemplateError) {
        let (sum, overflows) = steps.addingReportingOverflow(amount)
        guard !overflows, sum <= limits.steps else {
            throw limitFailure("the template takes more than \(limits.steps) steps for this conversation")
        }
        steps = sum
    }

    /// Goes one level deeper; `leave` has to follow, unless this throws.
    func enter() throws(TemplateError) {
        guard depth < limits.depth else {
            throw limitFailure("the template nests deeper than \(limits.depth) levels when it runs")
        }
        depth += 1
    }

    func leave() { depth -= 1 }

    /// Runs `body` one level deeper.
    func nested<Result>(_ body: () throws(TemplateError) -> Result) throws(TemplateError) -> Result {
        try enter()
        defer { leave() }
        return try body()
    }

    // MARK: Making values

    func makeBuilder() -> TextBuilder { TextBuilder(limit: limits.textBytes) }

    /// Takes the text of a builder, at its price.
    func finish(_ builder: TextBuilder, isMarkup: Bool = false) throws(TemplateError) -> TemplateText {
        guard !builder.isOverfull else {
            throw limitFailure("the template makes a text of more than \(limits.textBytes) bytes")
        }
        try spend(builder.count / 16)
        return builder.text(isMarkup: isMarkup)
    }

    /// A text that an operation made, at its price.
    func value(_ text: TemplateText) throws(TemplateError) -> Value {
        try spend(1 + text.utf8.count / 16)
        return .text(text)
    }

    func list(_ items: [Value]) throws(TemplateError) -> Value { .list(try makeList(items)) }

    func tuple(_ items: [Value]) throws(TemplateError) -> Value { .tuple(try makeList(items)) }

    /// A list of texts that are parts of one.
    func list(_ parts: [TemplateText]) throws(TemplateError) -> Value {
        var bytes = 0
        for part in parts { bytes += part.utf8.count }
        try spend(bytes / 16)
        return try list(parts.map { .text($0) })
    }

    func makeList(_ items: [Value]) throws(TemplateError) -> ValueList {
        try spend(items.count)
        let list = ValueList(items)
        try check(depth: list.depth)
        return list
    }

    func makeDictionary(_ pairs: [(key: Value, value: Value)]) throws(TemplateError) -> ValueDictionary {
        var entries: [(ValueKey, ValueDictionary.Entry)] = []
        for (key, value) in pairs { entries.append((try self.key(key), ValueDictionary.Entry(key: key, value: value))) }
        return try makeDictionary(entries)
    }

    func makeDictionary(_ pairs: [(ValueKey, ValueDictionary.Entry)]) throws(TemplateError) -> ValueDictionary {
        try spend(pairs.count)
        let dictionary = ValueDictionary(pairs)
        try check(depth: dictionary.depth)
        return dictionary
    }

    /// An iterator over what `source` gives, or something made of it.
    func makeIterator(over source: Value, _ next: @escaping ValueIterator.Next) throws(TemplateError) -> Value {
        let iterator = ValueIterator(depth: source.depth + 1, next)
        try check(depth: iterator.depth)
        return .iterator(iterator)
    }

    /// An iterator over elements that are made when the first one is asked for, so that errors come then.
    func makeIterator(
        over source: Value,
        elements: @escaping (Renderer) throws(TemplateError) -> [Value]
    ) throws(TemplateError) -> Value {
        var iterator: ValueIterator?
        let start = place
        return try makeIterator(over: source) { (renderer) throws(TemplateError) in
            if iterator == nil {
                renderer.place = start
                iterator = ValueIterator(try elements(renderer), depth: 0)
            }
            return try iterator?.next(renderer)
        }
    }

    func check(depth: Int) throws(TemplateError) {
        guard depth <= limits.valueDepth else {
            throw limitFailure("the template nests values deeper than \(limits.valueDepth) levels")
        }
    }
}

/// A template that was understood.
struct ParsedTemplate: Sendable {
    let statements: [Statement]
    let scopes: [ScopeDeclaration]
    let names: [String]
    let places: TemplatePlaces
}
