// Filters that look at each element: attributes, other filters, tests and groups.
// Not orders and sums: SequenceFilters.swift.

/// The steps to an attribute of an element, as `attribute="a.b.0"` names it.
typealias AttributePath = [Value]

extension FilterCatalog {
    static let selections: [FilterDefinition] = [
        FilterDefinition(
            name: "attr",
            signature: .of("name", required: 1)
        ) { (renderer, value, arguments) throws(TemplateError) in
            let name = try renderer.textArgument(arguments[0] ?? .null, "attr").string
            if case .dictionary(let dictionary) = value {
                // Elements are no attributes here.
                return try renderer.attribute(name, of: .dictionary(ValueDictionary([]))).isUndefined
                    ? .undefined(.attribute(name, of: value.typeName))
                    : renderer.attribute(name, of: .dictionary(dictionary))
            }
            return try renderer.attribute(name, of: value)
        },
        FilterDefinition(name: "map", signature: .any, body: map, namedFunctionIndex: 0, namesFilter: true),
        selection("select", keeps: true, byAttribute: false),
        selection("reject", keeps: false, byAttribute: false),
        selection("selectattr", keeps: true, byAttribute: true),
        selection("rejectattr", keeps: false, byAttribute: true),
        FilterDefinition(
            name: "unique",
            signature: .of("case_sensitive", "attribute")
        ) { (renderer, value, arguments) throws(TemplateError) in
            let path = try arguments.unlessNull(1).map { (path) throws(TemplateError) in try renderer.path(path) } ?? []
            let isCaseSensitive = arguments[0]?.isTrue ?? false
            var source: ValueIterator?
            var seen = Set<ValueKey>()
            return try renderer.makeIterator(over: value) { (renderer) throws(TemplateError) in
                if source == nil { source = try renderer.iterator(over: value) }
                while let item = try source?.next(renderer) {
                    let key = try renderer.sortKey(try renderer.follow(path, from: item), isCaseSensitive)
                    if seen.insert(try renderer.key(key)).inserted { return item }
                }
                return nil
            }
        },
        FilterDefinition(
            name: "groupby",
            signature: .of("attribute", "default", "case_sensitive", required: 1)
        ) { (renderer, value, arguments) throws(TemplateError) in
            let path = try renderer.path(arguments[0] ?? .null)
            let isCaseSensitive = arguments[2]?.isTrue ?? false
            var keyed: [(key: Value, name: Value, item: Value)] = []
            for item in try renderer.elements(of: value) {
                let name = try renderer.follow(path, from: item, otherwise: arguments.unlessNull(1))
                keyed.append((try renderer.sortKey(name, isCaseSensitive), name, item))
            }
            keyed = try renderer.sorted(keyed) { (left, right) throws(TemplateError) in
                try renderer.less(left.key, right.key)
            }
            var groups: [Value] = []
            var start = 0
            while start < keyed.count {
                var end = start + 1
                while end < keyed.count, try renderer.equal(keyed[start].key, keyed[end].key) { end += 1 }
                var group = try renderer.makeList([
                    keyed[start].name, try renderer.list(keyed[start..<end].map(\.item)),
                ])
                group.names = ["grouper", "list"]
                groups.append(.tuple(group))
                start = end
            }
            return try renderer.list(groups)
        },
    ]

    private static let map: FilterDefinition.Body = { (renderer, value, arguments) throws(TemplateError) in
        let rest = arguments.rest
        return try renderer.lazily(over: value) { (renderer) throws(TemplateError) in
            if rest.positional.isEmpty, let attribute = rest.keywords.first(where: { $0.isNamed("attribute") }) {
                let otherwise = rest.keywords.first { $0.isNamed("default") }?.value
                guard rest.keywords.count == (otherwise == nil ? 1 : 2) else {
                    throw renderer.failure("'map' takes 'attribute' and 'default', or the name of a filter")
                }
                let path = try renderer.path(attribute.value)
                return { (renderer, item) throws(TemplateError) in
                    try renderer.follow(path, from: item, otherwise: otherwise.flatMap { $0.isNull ? nil : $0 })
                }
            }
            guard let name = rest.positional.first else {
                throw renderer.failure("'map' needs the name of a filter, or an 'attribute'")
            }
            guard let filter = try FilterCatalog.standard[renderer.textArgument(name, "map").string] else {
                throw renderer.failure("there is no filter '\(try renderer.text(of: name).string)'")
            }
            let inner = Arguments(positional: Array(rest.positional.dropFirst()), keywords: rest.keywords)
            return { (renderer, item) throws(TemplateError) in try renderer.apply(filter, to: item, inner) }
        }
    }

    private static func selection(_ name: String, keeps: Bool, byAttribute: Bool) -> FilterDefinition {
        FilterDefinition(
            name: name,
            signature: .any,
            body: { (renderer, value, arguments) throws(TemplateError) in
                let rest = arguments.rest
                return try renderer.lazily(over: value) { (renderer) throws(TemplateError) in
                    var positional = rest.positional[...]
                    var path: AttributePath = []
                    if byAttribute {
                        guard let attribute = positional.popFirst() else {
                            throw renderer.failure("'\(name)' needs the name of an attribute")
                        }
                        path = try renderer.path(attribute)
                    }
                    guard let testName = positional.popFirst() else {
                        return { (renderer, item) throws(TemplateError) in
                            try renderer.follow(path, from: item).isTrue == keeps ? item : nil
                        }
                    }
                    guard let test = try TestCatalog.standard[renderer.textArgument(testName, name).string] else {
                        throw renderer.failure("there is no test '\(try renderer.text(of: testName).string)'")
                    }
                    let inner = Arguments(positional: Array(positional), keywords: rest.keywords)
                    return { (renderer, item) throws(TemplateError) in
                        let attribute = try renderer.follow(path, from: item)
                        return try renderer.apply(test, to: attribute, inner) == keeps ? item : nil
                    }
                }
            },
            namedFunctionIndex: byAttribute ? 1 : 0
        )
    }
}

extension Renderer {
    /// Gives an element for an element, or nil to leave it out.
    typealias Transform = (Renderer, Value) throws(TemplateError) -> Value?

    /// An iterator that finds out what to do when its first element is asked for, as Python's generators do.
    fileprivate func lazily(
        over value: Value,
        _ prepare: @escaping (Renderer) throws(TemplateError) -> Transform
    ) throws(TemplateError) -> Value {
        var source: ValueIterator?
        var transform: Transform?
        let start = place
        return try makeIterator(over: value) { (renderer) throws(TemplateError) in
            let outer = renderer.place
            renderer.place = start
            defer { renderer.place = outer }
            if source == nil {
                guard value.isTrue else { return nil }
                transform = try prepare(renderer)
                source = try renderer.iterator(over: value)
            }
            while let item = try source?.next(renderer) {
                if let result = try transform?(renderer, item) { return result }
            }
            return nil
        }
    }

    /// The steps that an argument such as `"a.b.0"` names; digits are indices.
    func path(_ attribute: Value) throws(TemplateError) -> AttributePath {
        guard case .text(let text) = attribute else { return [attribute] }
        return text.split(TemplateText("."), limit: .max).map { part in
            guard part.allScalars({ $0.isDigit }), let index = Int(part.string) else { return .text(part) }
            return .integer(index)
        }
    }

    /// The paths that an argument such as `"a.b,c"` names; without it, the one that leads nowhere.
    func paths(_ attribute: Value?) throws(TemplateError) -> [AttributePath] {
        guard let attribute else { return [[]] }
        guard case .text(let text) = attribute else { return [[attribute]] }
        var paths: [AttributePath] = []
        for part in text.split(TemplateText(","), limit: .max) { paths.append(try path(.text(part))) }
        return paths
    }

    func follow(_ path: AttributePath, from value: Value, otherwise: Value? = nil) throws(TemplateError) -> Value {
        var value = value
        for step in path {
            value = try element(step, of: value)
            if let otherwise, value.isUndefined { value = otherwise }
        }
        return value
    }
}
