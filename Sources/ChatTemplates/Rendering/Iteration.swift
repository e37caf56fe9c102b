// The elements of values. Not loops: Loops.swift.

extension Renderer {
    /// An iterator over the elements of a value; texts are iterated by scalars, dictionaries by keys.
    func iterator(over value: Value) throws(TemplateError) -> ValueIterator {
        switch value {
        case .undefined: return ValueIterator([], depth: 1)
        case .iterator(let iterator): return iterator
        case .text(let text):
            var offset = 0
            return ValueIterator(depth: 1) { (_) throws(TemplateError) in
                guard offset < text.utf8.count else { return nil }
                let end = offset + text.utf8.scalarLength(at: offset)
                defer { offset = end }
                // A character of markup is plain text to Python.
                return .text(text.part(offset..<end).markedAsMarkup(false))
            }
        case .range(let range):
            var index = 0
            return ValueIterator(depth: 1) { (_) throws(TemplateError) in
                guard index < range.count else { return nil }
                defer { index += 1 }
                return .integer(range[index])
            }
        default: return ValueIterator(try elements(of: value), depth: value.depth)
        }
    }

    /// All elements of a value, at a price of a step each.
    func elements(of value: Value) throws(TemplateError) -> [Value] {
        switch value {
        case .list(let list), .tuple(let list): return list.items
        case .dictionary(let dictionary):
            try spend(dictionary.entries.count)
            return dictionary.entries.map(\.key)
        case .view(let view):
            try spend(view.dictionary.entries.count)
            return view.items
        case .undefined, .iterator, .text, .range:
            let iterator = try iterator(over: value)
            var items: [Value] = []
            while let item = try iterator.next(self) { items.append(item) }
            return items
        case .null, .boolean, .integer, .largeInteger, .double, .namespace, .loop, .cycler, .callable:
            throw failure("a value of type \(value.typeName) has no elements to iterate over")
        }
    }

    /// Whether Python could iterate over the value.
    static func isIterable(_ value: Value) -> Bool {
        switch value {
        case .undefined, .text, .list, .tuple, .dictionary, .range, .view, .iterator, .loop: true
        case .null, .boolean, .integer, .largeInteger, .double, .namespace, .cycler, .callable: false
        }
    }

    /// The elements from last to first, or nil for values that Python cannot reverse without a copy.
    func reversedElements(of value: Value) throws(TemplateError) -> [Value]? {
        switch value {
        case .undefined, .text, .list, .tuple, .dictionary, .range, .view:
            let items = try elements(of: value)
            try spend(items.count)
            return items.reversed()
        default: return nil
        }
    }
}
