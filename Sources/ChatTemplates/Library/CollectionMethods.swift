// The methods of lists, dictionaries, numbers, cyclers and loops. Methods of texts: TextMethods.swift.

/// Which methods a type has, and which of Python's would change a value and so are out of reach.
enum TypeMethods {
    static func of(_ value: Value) -> (methods: [String: MethodDefinition], forbidden: Set<String>) {
        switch value {
        case .text: (TextMethods.all, [])
        case .list:
            (ListMethods.all, ["append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"])
        case .tuple, .range: (ListMethods.all, [])
        case .dictionary:
            (DictionaryMethods.all, ["clear", "pop", "popitem", "setdefault", "update"])
        case .double: (NumberMethods.doubles, [])
        case .integer, .boolean, .largeInteger: (NumberMethods.integers, [])
        case .cycler: (CyclerMethods.all, [])
        case .undefined, .null, .view, .iterator, .namespace, .loop, .callable: ([:], [])
        }
    }

    fileprivate static func byName(_ methods: [MethodDefinition]) -> [String: MethodDefinition] {
        var result: [String: MethodDefinition] = [:]
        for method in methods { result[method.name] = method }
        return result
    }
}

enum ListMethods {
    static let all = TypeMethods.byName([
        MethodDefinition(
            name: "index",
            signature: .positions("value", "start", "stop", required: 1)
        ) { (renderer, value, arguments) throws(TemplateError) in
            let items = try renderer.elements(of: value)
            let start = try renderer.integerArgument(arguments[1], "index", otherwise: 0)
            let stop = try renderer.integerArgument(arguments[2], "index", otherwise: items.count)
            func clamped(_ bound: Int) -> Int { min(max(bound < 0 ? bound + items.count : bound, 0), items.count) }
            var index = clamped(start)
            while index < clamped(stop) {
                if try renderer.equal(items[index], arguments[0] ?? .null) { return .integer(index) }
                index += 1
            }
            throw renderer.failure("the value is not in the \(value.typeName)")
        },
        MethodDefinition(
            name: "count",
            signature: .positions("value", required: 1)
        ) { (renderer, value, arguments) throws(TemplateError) in
            var count = 0
            for item in try renderer.elements(of: value) {
                if try renderer.equal(item, arguments[0] ?? .null) { count += 1 }
            }
            return .integer(count)
        },
        MethodDefinition(name: "copy", signature: .positions()) { (_, value, _) throws(TemplateError) in value },
    ])
}

enum DictionaryMethods {
    static let all = TypeMethods.byName([
        MethodDefinition(
            name: "get",
            signature: .positions("key", "default", required: 1)
        ) { (renderer, value, arguments) throws(TemplateError) in
            guard case .dictionary(let dictionary) = value else { return .null }
            return dictionary[try renderer.key(arguments[0] ?? .null)] ?? arguments[1] ?? .null
        },
        view("keys", .keys), view("values", .values), view("items", .items),
        MethodDefinition(name: "copy", signature: .positions()) { (_, value, _) throws(TemplateError) in value },
    ])

    private static func view(_ name: String, _ kind: DictionaryView.Kind) -> MethodDefinition {
        MethodDefinition(name: name, signature: .positions()) { (_, value, _) throws(TemplateError) in
            guard case .dictionary(let dictionary) = value else { return .null }
            return .view(DictionaryView(kind: kind, dictionary: dictionary))
        }
    }
}

enum NumberMethods {
    static let doubles = TypeMethods.byName([
        MethodDefinition(name: "is_integer", signature: .positions()) { (_, value, _) throws(TemplateError) in
            .boolean(value.double.map { $0.isFinite && $0.rounded() == $0 } ?? false)
        }
    ])

    static let integers = TypeMethods.byName([
        MethodDefinition(name: "bit_length", signature: .positions()) { (renderer, value, _) throws(TemplateError) in
            guard let integer = value.index else { throw renderer.failure("this integer is too large") }
            return .integer(Int.bitWidth - integer.magnitude.leadingZeroBitCount)
        }
    ])
}

enum CyclerMethods {
    static let all = TypeMethods.byName([
        MethodDefinition(name: "next", signature: .positions()) { (_, value, _) throws(TemplateError) in
            if case .cycler(let cycler) = value { cycler.next() } else { .null }
        },
        MethodDefinition(name: "reset", signature: .positions()) { (_, value, _) throws(TemplateError) in
            if case .cycler(let cycler) = value { cycler.reset() }
            return .null
        },
    ])
}

enum LoopMethods {
    static let all = TypeMethods.byName([
        MethodDefinition(name: "cycle", signature: .any) { (renderer, value, arguments) throws(TemplateError) in
            let items = arguments.rest.positional
            guard case .loop(let loop) = value, !items.isEmpty, arguments.rest.keywords.isEmpty else {
                throw renderer.failure("'loop.cycle' needs at least one value, and no names")
            }
            return items[loop.index % items.count]
        },
        MethodDefinition(name: "changed", signature: .any) { (renderer, value, arguments) throws(TemplateError) in
            guard case .loop(let loop) = value, arguments.rest.keywords.isEmpty else {
                throw renderer.failure("'loop.changed' takes no names")
            }
            return .boolean(try loop.change(to: try renderer.makeList(arguments.rest.positional), renderer))
        },
    ])
}
