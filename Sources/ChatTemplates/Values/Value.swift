// A value while a template runs. Not what callers pass: TemplateValue.swift.
// Next: ValueDictionary.swift, ValueObjects.swift, then Printing.swift, Comparison.swift and Iteration.swift.

/// Everything that an expression can give. Lists, tuples and dictionaries never change once they are made.
enum Value {
    case undefined(Undefined)
    case null
    case boolean(Bool)
    case integer(Int)
    /// An integer of the caller's that `Int` cannot hold, as its decimal digits: printed and compared, nothing else.
    case largeInteger(String)
    case double(Double)
    case text(TemplateText)
    case list(ValueList)
    case tuple(ValueList)
    case dictionary(ValueDictionary)
    case range(IntegerRange)
    case view(DictionaryView)
    case iterator(ValueIterator)
    case namespace(Namespace)
    case loop(LoopState)
    case cycler(Cycler)
    case callable(Callable)

    static func text(_ string: String) -> Value { .text(TemplateText(string)) }

    /// The name of the type as Python has it, for messages.
    var typeName: String {
        switch self {
        case .undefined: "Undefined"
        case .null: "None"
        case .boolean: "bool"
        case .integer, .largeInteger: "int"
        case .double: "float"
        case .text: "str"
        case .list: "list"
        case .tuple: "tuple"
        case .dictionary: "dict"
        case .range: "range"
        case .view(let view): view.kind.rawValue
        case .iterator: "iterator"
        case .namespace: "namespace"
        case .loop: "loop"
        case .cycler: "cycler"
        case .callable(let callable): callable.typeName
        }
    }

    /// How deep lists and dictionaries nest in the value: 0 for anything else.
    var depth: Int {
        switch self {
        case .list(let list), .tuple(let list): list.depth
        case .dictionary(let dictionary): dictionary.depth
        case .view(let view): view.dictionary.depth
        case .iterator(let iterator): iterator.depth
        case .cycler(let cycler): cycler.items.depth
        case .callable(let callable): callable.depth
        case .undefined, .null, .boolean, .integer, .largeInteger, .double, .text, .range, .namespace, .loop: 0
        }
    }

    var isUndefined: Bool {
        if case .undefined = self { true } else { false }
    }

    var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// The text, or nil for another type.
    var text: TemplateText? {
        if case .text(let text) = self { text } else { nil }
    }

    /// The integer that Python would use as an index: booleans count.
    var index: Int? {
        switch self {
        case .integer(let value): value
        case .boolean(let value): value ? 1 : 0
        default: nil
        }
    }

    /// Whether Python takes the value for true.
    var isTrue: Bool {
        switch self {
        case .undefined, .null: false
        case .boolean(let value): value
        case .integer(let value): value != 0
        case .double(let value): value != 0
        case .text(let text): !text.isEmpty
        case .list(let list), .tuple(let list): !list.items.isEmpty
        case .dictionary(let dictionary): !dictionary.entries.isEmpty
        case .range(let range): range.count > 0
        case .view(let view): !view.dictionary.entries.isEmpty
        case .largeInteger, .loop, .iterator, .namespace, .cycler, .callable: true
        }
    }

    /// The number of elements, or nil where Python has no `len`. A loop's length needs a renderer.
    var count: Int? {
        switch self {
        case .undefined: 0
        case .text(let text): text.scalarCount
        case .list(let list), .tuple(let list): list.items.count
        case .dictionary(let dictionary): dictionary.entries.count
        case .range(let range): range.count
        case .view(let view): view.dictionary.entries.count
        case .null, .boolean, .integer, .largeInteger, .double, .iterator, .namespace, .loop, .cycler, .callable: nil
        }
    }
}

/// A value that is not there, and why; it prints as nothing and breaks on use.
enum Undefined: Sendable {
    case variable(String)
    case attribute(String, of: String)
    case element(String, of: String)
    case unsafe(String, of: String)
    case because(String)

    /// What to say when it is used.
    var message: String {
        switch self {
        case .variable(let name): "'\(name)' is undefined"
        case .attribute(let name, let type): "a value of type \(type) has no attribute '\(name)'"
        case .element(let key, let type): "a value of type \(type) has no element \(key)"
        case .unsafe(let name, let type):
            "'\(name)' of a value of type \(type) would change or escape it, which chat templates may not"
        case .because(let reason): reason
        }
    }
}

/// The elements of a list or tuple.
struct ValueList {
    let items: [Value]
    /// One more than the deepest element.
    let depth: Int
    /// The names of a tuple's elements where it has any, as `groupby` gives them.
    var names: [String] = []

    init(_ items: [Value]) {
        self.items = items
        depth = 1 + (items.lazy.map(\.depth).max() ?? 0)
    }
}

/// What `range` gives.
struct IntegerRange {
    let start: Int
    let step: Int
    let count: Int

    /// The element at an index within `0..<count`; never overflows, since all elements lie between start and stop.
    subscript(index: Int) -> Int { start &+ index &* step }

    /// The value that Python prints as the range's end.
    let stop: Int

    /// The range of Python's `range(start, stop, step)`; nil where its length does not fit. `step` is not 0.
    init?(start: Int, stop: Int, step: Int) {
        self.start = start
        self.stop = stop
        self.step = step
        let isEmpty = step > 0 ? start >= stop : start <= stop
        guard !isEmpty else {
            count = 0
            return
        }
        // The difference of any two integers fits an unsigned one.
        let distance = UInt(bitPattern: step > 0 ? stop &- start : start &- stop)
        guard let count = Int(exactly: (distance - 1) / step.magnitude), count < .max else { return nil }
        self.count = count + 1
    }

    func contains(_ value: Int) -> Bool {
        guard count > 0 else { return false }
        let last = self[count - 1]
        guard (min(start, last)...max(start, last)).contains(value) else { return false }
        return UInt(bitPattern: step > 0 ? value &- start : start &- value) % step.magnitude == 0
    }
}
