// Attributes, elements and slices of values. Which methods there are: Library/.

extension Renderer {
    /// What `value.name` gives: a method before an element, as in jinja2.
    func attribute(_ name: String, of value: Value) throws(TemplateError) -> Value {
        if let found = try ownAttribute(name, of: value) { return found }
        if case .dictionary(let dictionary) = value, let element = dictionary[ValueKey(name)] { return element }
        return .undefined(.attribute(name, of: value.typeName))
    }

    /// What `value[key]` gives: an element before a method.
    func element(_ key: Value, of value: Value) throws(TemplateError) -> Value {
        switch value {
        case .undefined(let undefined): throw failure(undefined)
        case .dictionary(let dictionary):
            if let key = try hashableKey(key), let element = dictionary[key] { return element }
        case .list(let list), .tuple(let list):
            if let index = position(key, count: list.items.count) { return list.items[index] }
        case .text(let text):
            if let index = position(key, count: text.scalarCount) {
                let start = text.byteOffset(ofScalar: index)
                try spend(text.isASCII ? 0 : start / 64)
                return .text(text.part(start..<start + text.utf8.scalarLength(at: start)))
            }
        case .range(let range):
            if let index = position(key, count: range.count) { return .integer(range[index]) }
        default: break
        }
        guard case .text(let name) = key else {
            return .undefined(.element(try description(of: key), of: value.typeName))
        }
        return try ownAttribute(name.string, of: value) ?? .undefined(.attribute(name.string, of: value.typeName))
    }

    /// The position that an index means, if it lies within; negative ones count from the end.
    private func position(_ key: Value, count: Int) -> Int? {
        guard let index = key.index else { return nil }
        let position = index < 0 ? index + count : index
        return (0..<count).contains(position) ? position : nil
    }

    private func ownAttribute(_ name: String, of value: Value) throws(TemplateError) -> Value? {
        switch value {
        case .undefined(let undefined): throw failure(undefined)
        case .namespace(let namespace): return name.hasPrefix("_") ? nil : namespace[ValueKey(name)]
        case .loop(let loop): return try loop.attribute(name, self)
        case .cycler(let cycler) where name == "current": return cycler.current
        case .tuple(let tuple) where !tuple.names.isEmpty:
            if let index = tuple.names.firstIndex(of: name) { return tuple.items[index] }
        case .callable(.macro(let macro)) where name == "name": return macro.declaration.name.map { .text($0) } ?? .null
        case .callable(.macro(let macro)) where name == "arguments":
            return try tuple(macro.declaration.parameters.map { .text($0.name) })
        case .callable(.function(let function)):
            return function.attributes[name].map { .callable(.method($0, receiver: value)) }
        default: break
        }
        let (methods, forbidden) = TypeMethods.of(value)
        if forbidden.contains(name) { return .undefined(.unsafe(name, of: value.typeName)) }
        return methods[name].map { .callable(.method($0, receiver: value)) }
    }

    // MARK: Slices

    func slice(_ value: Value, start: Value, stop: Value, step: Value) throws(TemplateError) -> Value {
        if case .undefined(let undefined) = value { throw failure(undefined) }
        let step = step.isNull ? 1 : try integerArgument(step, "[::]")
        guard step != 0 else { throw failure("the step of a slice cannot be 0") }
        let start = start.isNull ? nil : try integerArgument(start, "[:]")
        let stop = stop.isNull ? nil : try integerArgument(stop, "[:]")
        switch value {
        case .text(let text): return try self.value(try slice(text, start, stop, step))
        case .list(let list), .tuple(let list):
            let indices = Self.indices(count: list.items.count, start, stop, step)
            try spend(indices.count)
            let items = (0..<indices.count).map { list.items[indices[$0]] }
            if case .list = value { return try self.list(items) }
            return try tuple(items)
        case .range(let range):
            let indices = Self.indices(count: range.count, start, stop, step)
            let (scaled, overflows) = range.step.multipliedReportingOverflow(by: step)
            let first = range.start &+ indices.start &* range.step
            guard !overflows,
                let part = IntegerRange(
                    start: first,
                    stop: range.start &+ indices.stop &* range.step,
                    step: scaled
                )
            else { throw failure("this slice of a range is too long") }
            return .range(part)
        default: throw failure("a value of type \(value.typeName) cannot be sliced")
        }
    }

    /// The indices that a slice takes, as Python clamps its bounds.
    private static func indices(count: Int, _ start: Int?, _ stop: Int?, _ step: Int) -> IntegerRange {
        let lowest = step > 0 ? 0 : -1
        let highest = step > 0 ? count : count - 1
        func clamped(_ bound: Int) -> Int {
            bound < 0 ? max(bound < -count ? lowest : bound + count, lowest) : min(bound, highest)
        }
        let first = start.map(clamped) ?? (step > 0 ? lowest : highest)
        let end = stop.map(clamped) ?? (step > 0 ? highest : lowest)
        return IntegerRange(start: first, stop: end, step: step)
            ?? IntegerRange(start: 0, count: 0)
    }

    private func slice(_ text: TemplateText, _ start: Int?, _ stop: Int?, _ step: Int) throws(TemplateError)
        -> TemplateText
    {
        let indices = Self.indices(count: text.scalarCount, start, stop, step)
        if indices.count == 0 { return TemplateText.empty.markedAsMarkup(text.isMarkup) }
        try spend(text.isASCII ? 0 : text.utf8.count / 64)
        if step == 1 { return text.part(text.byteRange(ofScalars: indices[0]..<indices[0] + indices.count)) }
        try spend(text.scalarCount)
        var starts: [Int] = []
        if !text.isASCII { text.forEachScalar { _, range in starts.append(range.lowerBound) } }
        var builder = makeBuilder()
        for position in 0..<indices.count {
            let offset = text.isASCII ? indices[position] : starts[indices[position]]
            builder.append(text, offset..<offset + text.utf8.scalarLength(at: offset))
        }
        return try finish(builder, isMarkup: text.isMarkup)
    }
}

extension IntegerRange {
    /// A range of consecutive integers; the count is not negative.
    init(start: Int, count: Int) {
        self.start = start
        self.count = count
        step = 1
        stop = start &+ count
    }
}
