// Equality, order and membership as Python defines them, at a price of a step for each pair of values.
// Not sorting: Library/SequenceFilters.swift.

extension Renderer {
    func compare(
        _ left: Value,
        _ comparison: ComparisonOperator,
        _ right: Value
    ) throws(TemplateError) -> Bool {
        switch comparison {
        case .equal: try equal(left, right)
        case .notEqual: try !equal(left, right)
        case .isIn: try contains(right, left)
        case .isNotIn: try !contains(right, left)
        case .less: try less(left, right, "<")
        case .lessOrEqual: try lessOrEqual(left, right, "<=")
        case .greater: try less(right, left, ">")
        case .greaterOrEqual: try lessOrEqual(right, left, ">=")
        }
    }

    func equal(_ left: Value, _ right: Value) throws(TemplateError) -> Bool {
        try spend(1)
        if let left = left.index, let right = right.index { return left == right }
        switch (left, right) {
        case (.undefined, .undefined), (.null, .null): return true
        case (.largeInteger(let left), .largeInteger(let right)): return left == right
        case (.text(let left), .text(let right)):
            try spend(min(left.utf8.count, right.utf8.count) / 64)
            return left.utf8 == right.utf8
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            return try equal(left.items, right.items)
        case (.dictionary(let left), .dictionary(let right)):
            guard left.entries.count == right.entries.count else { return false }
            for (key, entry) in left.pairs {
                guard let other = right[key] else { return false }
                guard try nested({ () throws(TemplateError) in try equal(entry.value, other) }) else { return false }
            }
            return true
        case (.range(let left), .range(let right)):
            return left.count == right.count && (left.count == 0 || left[0] == right[0])
                && (left.count < 2 || left.step == right.step)
        case (.namespace(let left), .namespace(let right)): return left === right
        case (.iterator(let left), .iterator(let right)): return left === right
        case (.loop(let left), .loop(let right)): return left === right
        case (.cycler(let left), .cycler(let right)): return left === right
        case (.callable(.macro(let left)), .callable(.macro(let right))): return left === right
        case (.view(let left), .view(let right)): return try equal(left, right)
        default: return left.double == right.double && left.double != nil
        }
    }

    private func equal(_ left: [Value], _ right: [Value]) throws(TemplateError) -> Bool {
        guard left.count == right.count else { return false }
        return try nested { () throws(TemplateError) in
            for (left, right) in zip(left, right) where try !equal(left, right) { return false }
            return true
        }
    }

    /// Views of keys and items are equal as sets, views of values if they are one view.
    private func equal(_ left: DictionaryView, _ right: DictionaryView) throws(TemplateError) -> Bool {
        guard left.kind == right.kind, left.kind != .values else { return false }
        if left.kind == .items { return try equal(.dictionary(left.dictionary), .dictionary(right.dictionary)) }
        guard left.dictionary.entries.count == right.dictionary.entries.count else { return false }
        try spend(left.dictionary.entries.count)
        for (key, _) in left.dictionary.pairs where right.dictionary[key] == nil { return false }
        return true
    }

    func less(_ left: Value, _ right: Value, _ symbol: String = "<") throws(TemplateError) -> Bool {
        try spend(1)
        if let left = left.index, let right = right.index { return left < right }
        if let left = left.double, let right = right.double { return left < right }
        if let isLess = Self.isLess(largeInteger: left, right) { return isLess }
        switch (left, right) {
        case (.text(let left), .text(let right)):
            try spend(min(left.utf8.count, right.utf8.count) / 64)
            // The order of UTF-8 is the order of scalars.
            return left.utf8.lexicographicallyPrecedes(right.utf8)
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            return try nested { () throws(TemplateError) in
                for (left, right) in zip(left.items, right.items) where try !equal(left, right) {
                    return try less(left, right, symbol)
                }
                return left.items.count < right.items.count
            }
        case (.undefined(let undefined), _), (_, .undefined(let undefined)): throw failure(undefined)
        default:
            throw failure("'\(symbol)' does not work on values of types \(left.typeName) and \(right.typeName)")
        }
    }

    /// The order of two numbers of which one is an integer beyond `Int`, or nil if neither is.
    private static func isLess(largeInteger left: Value, _ right: Value) -> Bool? {
        switch (left, right) {
        case (.largeInteger(let left), .largeInteger(let right)):
            let isNegative = left.hasPrefix("-")
            guard isNegative == right.hasPrefix("-") else { return isNegative }
            if left.utf8.count != right.utf8.count { return (left.utf8.count < right.utf8.count) != isNegative }
            return left != right && (left < right) != isNegative
        case (.largeInteger(let left), _):
            if case .double(let right) = right { return (Double(left) ?? .infinity) < right }
            return right.index == nil ? nil : left.hasPrefix("-")
        case (_, .largeInteger(let right)):
            if case .double(let left) = left { return left < (Double(right) ?? .infinity) }
            return left.index == nil ? nil : !right.hasPrefix("-")
        default: return nil
        }
    }

    private func lessOrEqual(_ left: Value, _ right: Value, _ symbol: String) throws(TemplateError) -> Bool {
        if let left = left.double, let right = right.double { return left <= right }
        if try less(left, right, symbol) { return true }
        return try equal(left, right)
    }

    /// What `value in container` gives.
    func contains(_ container: Value, _ value: Value) throws(TemplateError) -> Bool {
        switch container {
        case .text(let text):
            let pattern = try textArgument(value, "in <string>")
            try spend(text.utf8.count / 16)
            return TextPattern(pattern.utf8).first(in: text.utf8, 0..<text.utf8.count) != nil
        case .dictionary(let dictionary): return dictionary[try key(value)] != nil
        case .view(let view) where view.kind == .keys: return view.dictionary[try key(value)] != nil
        case .range(let range):
            if let index = value.index { return range.contains(index) }
            guard case .double(let double) = value, let index = Int(exactly: double) else { return false }
            return range.contains(index)
        default:
            let iterator = try iterator(over: container)
            while let element = try iterator.next(self) {
                if try equal(element, value) { return true }
            }
            return false
        }
    }

    // MARK: Keys

    /// What identifies a value as a key of a dictionary, or nil for values that cannot be keys.
    func hashableKey(_ value: Value) throws(TemplateError) -> ValueKey? {
        try spend(1)
        switch value {
        case .undefined: return .undefined
        case .null: return ValueKey.null
        case .boolean, .integer: return value.index.map { .integer($0) }
        case .largeInteger(let digits): return .largeInteger(digits)
        case .double(let value): return Int(exactly: value).map { .integer($0) } ?? .double(value)
        case .text(let text):
            try spend(text.utf8.count / 64)
            return .text(text.utf8)
        case .tuple(let tuple):
            return try nested { () throws(TemplateError) in
                var keys: [ValueKey] = []
                for item in tuple.items {
                    guard let key = try hashableKey(item) else { return nil }
                    keys.append(key)
                }
                return .tuple(keys)
            }
        case .range(let range):
            return .tuple([.integer(range.count), .integer(range.start), .integer(range.step)])
        case .iterator(let object): return .object(ObjectIdentifier(object))
        case .namespace(let object): return .object(ObjectIdentifier(object))
        case .loop(let object): return .object(ObjectIdentifier(object))
        case .cycler(let object): return .object(ObjectIdentifier(object))
        case .callable(.macro(let object)): return .object(ObjectIdentifier(object))
        case .callable(.joiner(let object)): return .object(ObjectIdentifier(object))
        case .list, .dictionary, .view, .callable: return nil
        }
    }

    /// Like `hashableKey`; a value that cannot be a key is an error.
    func key(_ value: Value) throws(TemplateError) -> ValueKey {
        guard let key = try hashableKey(value) else {
            throw failure("a value of type \(value.typeName) cannot be a key")
        }
        return key
    }
}
