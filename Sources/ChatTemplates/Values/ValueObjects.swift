// Values with identity or state: namespaces, iterators, cyclers and everything that can be called.
// Not loops: Rendering/LoopState.swift. Next: Printing.swift.

/// What `namespace(...)` gives: the one value whose attributes templates may set.
///
/// The renderer keeps every namespace until it is done, and empties it then: a namespace may hold itself.
final class Namespace {
    private(set) var names: [TemplateText] = []
    private var values: [ValueKey: Value] = [:]

    subscript(name: ValueKey) -> Value? { values[name] }

    func set(_ name: TemplateText, _ value: Value) {
        if values.updateValue(value, forKey: .text(name.utf8)) == nil { names.append(name) }
    }

    func removeAll() {
        names = []
        values = [:]
    }
}

/// Elements that are made when they are asked for, and only once.
final class ValueIterator {
    /// Gives the next element, or nil behind the last one.
    typealias Next = (Renderer) throws(TemplateError) -> Value?

    private var advance: Next?
    /// How deep iterators and lists nest in what the elements are made of.
    let depth: Int

    init(depth: Int, _ advance: @escaping Next) {
        self.depth = depth
        self.advance = advance
    }

    /// An iterator over elements that are there.
    convenience init(_ items: [Value], depth: Int) {
        var index = 0
        self.init(depth: depth) { (_) throws(TemplateError) in
            guard index < items.count else { return nil }
            index += 1
            return items[index - 1]
        }
    }

    func next(_ renderer: Renderer) throws(TemplateError) -> Value? {
        guard let advance else { return nil }
        try renderer.spend(1)
        let value = try renderer.nested { () throws(TemplateError) in try advance(renderer) }
        guard let value else {
            self.advance = nil
            return nil
        }
        return value
    }
}

/// What `cycler(...)` gives.
final class Cycler {
    let items: ValueList
    private var position = 0

    init(_ items: ValueList) { self.items = items }

    var current: Value { items.items[position] }

    func next() -> Value {
        let value = current
        position = (position + 1) % items.items.count
        return value
    }

    func reset() { position = 0 }
}

/// What `joiner(...)` gives: nothing when it is called first, the separator ever after.
final class Joiner {
    private let separator: Value
    private var isUsed = false

    init(separator: Value) { self.separator = separator }

    var depth: Int { separator.depth + 1 }

    func next() -> Value {
        guard isUsed else {
            isUsed = true
            return .text(.empty)
        }
        return separator
    }
}

/// A macro, or the body of a call block, with the scope that it was declared in.
///
/// The scope may hold the macro, so the renderer empties such scopes when it is done.
final class Macro {
    let declaration: MacroDeclaration
    let scope: Scope

    init(_ declaration: MacroDeclaration, scope: Scope) {
        self.declaration = declaration
        self.scope = scope
    }
}

/// Something that can be called.
enum Callable {
    case function(FunctionDefinition)
    indirect case method(MethodDefinition, receiver: Value)
    case macro(Macro)
    case joiner(Joiner)

    var typeName: String {
        switch self {
        case .function, .method: "method"
        case .macro: "macro"
        case .joiner: "joiner"
        }
    }

    var depth: Int {
        switch self {
        case .method(_, let receiver): receiver.depth + 1
        case .joiner(let joiner): joiner.depth
        case .function, .macro: 0
        }
    }
}
