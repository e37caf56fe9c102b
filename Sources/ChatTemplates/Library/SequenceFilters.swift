// Filters that take a whole sequence: its length, order, parts and sums.
// Not those that apply something to each element: SelectionFilters.swift.

extension FilterCatalog {
    static let sequences: [FilterDefinition] = [
        FilterDefinition(
            name: "default",
            signature: .of("default_value", "boolean")
        ) { (_, value, arguments) throws(TemplateError) in
            let applies = value.isUndefined || (arguments[1]?.isTrue ?? false) && !value.isTrue
            return applies ? arguments[0] ?? .text(.empty) : value
        },
        FilterDefinition("length") { (renderer, value) throws(TemplateError) in
            if case .loop(let loop) = value { return .integer(try loop.count(renderer)) }
            guard let count = value.count else { throw renderer.wrongType(value, "length", wanted: "a sequence") }
            return .integer(count)
        },
        FilterDefinition("first") { (renderer, value) throws(TemplateError) in
            try renderer.iterator(over: value).next(renderer) ?? .undefined(.because("there is no first item"))
        },
        FilterDefinition("last") { (renderer, value) throws(TemplateError) in
            if case .text(let text) = value, !text.isEmpty {
                return .text(text.part(text.utf8.scalarStart(before: text.utf8.count)..<text.utf8.count))
            }
            guard value.count != nil else { throw renderer.wrongType(value, "last", wanted: "a sequence") }
            return try renderer.elements(of: value).last ?? .undefined(.because("there is no last item"))
        },
        FilterDefinition("list") { (renderer, value) throws(TemplateError) in
            try renderer.list(try renderer.elements(of: value))
        },
        FilterDefinition("items") { (renderer, value) throws(TemplateError) in
            try renderer.makeIterator(over: value) { (renderer) throws(TemplateError) in
                switch value {
                case .undefined: return []
                case .dictionary(let dictionary):
                    return try renderer.elements(of: .view(DictionaryView(kind: .items, dictionary: dictionary)))
                default: throw renderer.wrongType(value, "items", wanted: "a dictionary")
                }
            }
        },
        FilterDefinition("reverse") { (renderer, value) throws(TemplateError) in
            if case .text(let text) = value {
                return try renderer.slice(.text(text), start: .null, stop: .null, step: .integer(-1))
            }
            if let reversed = try renderer.reversedElements(of: value) {
                return try renderer.makeIterator(over: value) { (_) throws(TemplateError) in reversed }
            }
            return try renderer.list(try renderer.elements(of: value).reversed())
        },
        FilterDefinition(
            name: "join",
            signature: .of("d", "attribute")
        ) { (renderer, value, arguments) throws(TemplateError) in
            let path = try arguments.unlessNull(1).map { (path) throws(TemplateError) in try renderer.path(path) }
            let separator = try renderer.text(of: arguments[0] ?? .text(.empty))
            var builder = renderer.makeBuilder()
            var isFirst = true
            for item in try renderer.elements(of: value) {
                try renderer.spend(1)
                if !isFirst { builder.append(separator) }
                isFirst = false
                let item =
                    try path.map { (path) throws(TemplateError) in try renderer.follow(path, from: item) } ?? item
                try renderer.write(item, to: &builder)
            }
            return .text(try renderer.finish(builder))
        },
        FilterDefinition(
            name: "batch",
            signature: .of("linecount", "fill_with", required: 1)
        ) { (renderer, value, arguments) throws(TemplateError) in
            try renderer.makeIterator(over: value) { (renderer) throws(TemplateError) in
                try batches(renderer, value, arguments)
            }
        },
        FilterDefinition(
            name: "slice",
            signature: .of("slices", "fill_with", required: 1)
        ) { (renderer, value, arguments) throws(TemplateError) in
            try renderer.makeIterator(over: value) { (renderer) throws(TemplateError) in
                try slices(renderer, value, arguments)
            }
        },
        FilterDefinition(
            name: "sum",
            signature: .of("attribute", "start")
        ) { (renderer, value, arguments) throws(TemplateError) in
            let path = try arguments.unlessNull(0).map { (path) throws(TemplateError) in try renderer.path(path) }
            var sum = arguments[1] ?? .integer(0)
            if case .text = sum { throw renderer.failure("'sum' does not add strings; use '|join'") }
            for item in try renderer.elements(of: value) {
                let item =
                    try path.map { (path) throws(TemplateError) in try renderer.follow(path, from: item) } ?? item
                try renderer.spend(1)
                sum = try renderer.calculate(.add, sum, item)
            }
            return sum
        },
        FilterDefinition(
            name: "min",
            signature: .of("case_sensitive", "attribute")
        ) { (renderer, value, arguments) throws(TemplateError) in
            try renderer.extreme(value, arguments) { (item, best) throws(TemplateError) in try renderer.less(item, best)
            }
        },
        FilterDefinition(
            name: "max",
            signature: .of("case_sensitive", "attribute")
        ) { (renderer, value, arguments) throws(TemplateError) in
            try renderer.extreme(value, arguments) { (item, best) throws(TemplateError) in try renderer.less(best, item)
            }
        },
        FilterDefinition(
            name: "sort",
            signature: .of("reverse", "case_sensitive", "attribute")
        ) { (renderer, value, arguments) throws(TemplateError) in
            let paths = try renderer.paths(arguments.unlessNull(2))
            let isCaseSensitive = arguments[1]?.isTrue ?? false
            var keyed: [(key: Value, item: Value)] = []
            for item in try renderer.elements(of: value) {
                var keys: [Value] = []
                for path in paths {
                    keys.append(try renderer.sortKey(try renderer.follow(path, from: item), isCaseSensitive))
                }
                keyed.append((try renderer.list(keys), item))
            }
            return try renderer.list(try renderer.sorted(keyed, arguments[0]).map(\.item))
        },
        FilterDefinition(
            name: "dictsort",
            signature: .of("case_sensitive", "by", "reverse")
        ) { (renderer, value, arguments) throws(TemplateError) in
            let by = try renderer.text(of: arguments[1] ?? .text("key")).string
            guard by == "key" || by == "value" else {
                throw renderer.failure("'dictsort' sorts by 'key' or 'value', not by '\(by)'")
            }
            guard case .dictionary(let dictionary) = value else {
                throw renderer.wrongType(value, "dictsort", wanted: "a dictionary")
            }
            var keyed: [(key: Value, item: Value)] = []
            for entry in dictionary.entries {
                let key = try renderer.sortKey(by == "key" ? entry.key : entry.value, arguments[0]?.isTrue ?? false)
                keyed.append((key, try renderer.tuple([entry.key, entry.value])))
            }
            return try renderer.list(try renderer.sorted(keyed, arguments[2]).map(\.item))
        },
    ]

    private static func batches(
        _ renderer: Renderer,
        _ value: Value,
        _ arguments: BoundArguments
    ) throws(TemplateError) -> [Value] {
        let size = try renderer.integerArgument(arguments[0] ?? .null, "linecount")
        var batches: [Value] = []
        var batch: [Value] = []
        for item in try renderer.elements(of: value) {
            if batch.count == size {
                batches.append(try renderer.list(batch))
                batch = []
            }
            batch.append(item)
        }
        if !batch.isEmpty {
            if let fill = arguments.unlessNull(1), batch.count < size {
                try renderer.spend(size - batch.count)
                batch += Array(repeating: fill, count: size - batch.count)
            }
            batches.append(try renderer.list(batch))
        }
        return batches
    }

    private static func slices(
        _ renderer: Renderer,
        _ value: Value,
        _ arguments: BoundArguments
    ) throws(TemplateError) -> [Value] {
        let items = try renderer.elements(of: value)
        let count = try renderer.integerArgument(arguments[0] ?? .null, "slices")
        guard count != 0 else { throw renderer.failure("division by zero") }
        var slices: [Value] = []
        var start = 0
        for index in 0..<max(0, count) {
            let isLong = index < items.count % count
            let end = start + items.count / count + (isLong ? 1 : 0)
            var slice = Array(items[start..<end])
            if let fill = arguments.unlessNull(1), !isLong { slice.append(fill) }
            try renderer.spend(1)
            slices.append(try renderer.list(slice))
            start = end
        }
        return slices
    }
}

extension Renderer {
    /// What a value is compared by: strings without their case, unless that matters.
    func sortKey(_ value: Value, _ isCaseSensitive: Bool) throws(TemplateError) -> Value {
        guard !isCaseSensitive, case .text(let text) = value else { return value }
        return try self.value(text.lowercased())
    }

    fileprivate func extreme(
        _ value: Value,
        _ arguments: BoundArguments,
        _ isBetter: (Value, Value) throws(TemplateError) -> Bool
    ) throws(TemplateError) -> Value {
        let path = try arguments.unlessNull(1).map { (path) throws(TemplateError) in try self.path(path) } ?? []
        var best: (key: Value, item: Value)?
        for item in try elements(of: value) {
            let key = try sortKey(try follow(path, from: item), arguments[0]?.isTrue ?? false)
            if let current = best, try !isBetter(key, current.key) { continue }
            best = (key, item)
        }
        return best?.item ?? .undefined(.because("there is no item to choose from"))
    }

    fileprivate func sorted(
        _ items: [(key: Value, item: Value)],
        _ reverse: Value?
    ) throws(TemplateError) -> [(key: Value, item: Value)] {
        guard reverse?.isTrue ?? false else {
            return try sorted(items) { (left, right) throws(TemplateError) in try less(left.key, right.key) }
        }
        // Equal items keep their order here too.
        return try sorted(items) { (left, right) throws(TemplateError) in try less(right.key, left.key) }
    }

    /// The items in ascending order, equal ones in the order they had.
    func sorted<Item>(
        _ items: [Item],
        by isLess: (Item, Item) throws(TemplateError) -> Bool
    ) throws(TemplateError) -> [Item] {
        var items = items
        var width = 1
        while width < items.count {
            var merged: [Item] = []
            merged.reserveCapacity(items.count)
            var start = 0
            while start < items.count {
                let middle = min(start + width, items.count)
                let end = min(middle + width, items.count)
                var left = start
                var right = middle
                while left < middle, right < end {
                    if try isLess(items[right], items[left]) {
                        merged.append(items[right])
                        right += 1
                    } else {
                        merged.append(items[left])
                        left += 1
                    }
                }
                merged += items[left..<middle] + items[right..<end]
                start = end
            }
            items = merged
            width *= 2
        }
        return items
    }
}
