// `text.format(...)`: fields in braces, with attributes, conversions and format specifications.
// Not formats with percent signs: PercentFormatting.swift. Next: FormatSpecification.swift.

extension Renderer {
    /// The text with its fields filled in.
    func formatted(_ format: TemplateText, _ arguments: Arguments) throws(TemplateError) -> TemplateText {
        var formatter = FieldFormatter(self, arguments, isMarkup: format.isMarkup)
        var builder = makeBuilder()
        try formatter.fill(format, depth: 0, to: &builder)
        return try finish(builder, isMarkup: format.isMarkup)
    }
}

/// Fills in one format. Fields without a name take the values in order.
private struct FieldFormatter {
    private let renderer: Renderer
    private let arguments: Arguments
    private let isMarkup: Bool
    private var automatic = 0
    private var usesNumbers = false

    init(_ renderer: Renderer, _ arguments: Arguments, isMarkup: Bool) {
        self.renderer = renderer
        self.arguments = arguments
        self.isMarkup = isMarkup
    }

    mutating func fill(_ format: TemplateText, depth: Int, to builder: inout TextBuilder) throws(TemplateError) {
        guard depth <= 1 else { throw renderer.failure("fields nest too deep in a format") }
        let utf8 = format.utf8
        var index = 0
        var start = 0
        while index < utf8.count {
            let byte = utf8[index]
            guard byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}") else {
                index += 1
                continue
            }
            try renderer.spend(1)
            builder.append(format, start..<index)
            if index + 1 < utf8.count, utf8[index + 1] == byte {
                builder.append(format, index..<index + 1)
                index += 2
            } else {
                guard byte == UInt8(ascii: "{") else { throw renderer.failure("a format has a '}' without its '{'") }
                let end = try fieldEnd(in: utf8, from: index + 1)
                try append(format.part(index + 1..<end), depth: depth, to: &builder)
                index = end + 1
            }
            start = index
        }
        builder.append(format, start..<utf8.count)
    }

    /// The place of the brace that closes the field.
    private func fieldEnd(in utf8: [UInt8], from start: Int) throws(TemplateError) -> Int {
        var depth = 1
        for index in start..<utf8.count {
            if utf8[index] == UInt8(ascii: "{") { depth += 1 }
            if utf8[index] == UInt8(ascii: "}") { depth -= 1 }
            if depth == 0 { return index }
        }
        throw renderer.failure("a format has a '{' without its '}'")
    }

    private mutating func append(
        _ field: TemplateText,
        depth: Int,
        to builder: inout TextBuilder
    ) throws(TemplateError) {
        // An index in brackets may hold a colon.
        var isInBrackets = false
        let nameEnd = field.utf8.firstIndex { byte in
            if byte == UInt8(ascii: "[") { isInBrackets = true }
            if byte == UInt8(ascii: "]") { isInBrackets = false }
            return !isInBrackets && (byte == UInt8(ascii: ":") || byte == UInt8(ascii: "!"))
        }
        let value = try self.value(field.part(0..<(nameEnd ?? field.utf8.count)))
        var rest = field.part((nameEnd ?? field.utf8.count)..<field.utf8.count)
        var converted = value
        if rest.utf8.first == UInt8(ascii: "!") {
            guard rest.utf8.count >= 2 else { throw renderer.failure("a format needs a conversion behind '!'") }
            switch rest.utf8[1] {
            case UInt8(ascii: "s"): converted = .text(try renderer.text(of: value))
            case UInt8(ascii: "r"):
                var quoted = renderer.makeBuilder()
                try renderer.writeQuoted(value, to: &quoted)
                converted = .text(try renderer.finish(quoted))
            default: throw renderer.failure("a format converts by '!s' or '!r' only")
            }
            rest = rest.part(2..<rest.utf8.count)
            guard rest.isEmpty || rest.utf8[0] == UInt8(ascii: ":") else {
                throw renderer.failure("a format needs ':' behind a conversion")
            }
        }
        var specification = renderer.makeBuilder()
        if !rest.isEmpty { try fill(rest.part(1..<rest.utf8.count), depth: depth + 1, to: &specification) }
        var text = try renderer.formatted(converted, by: try renderer.finish(specification))
        if isMarkup, !text.isMarkup { text = try renderer.escaped(text) }
        builder.append(text)
    }

    /// The value that `name.attribute[index]` means.
    private mutating func value(_ path: TemplateText) throws(TemplateError) -> Value {
        let utf8 = path.utf8
        var index = utf8.firstIndex { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "[") } ?? utf8.count
        var value = try argument(path.part(0..<index))
        while index < utf8.count {
            let isAttribute = utf8[index] == UInt8(ascii: ".")
            guard isAttribute || utf8[index] == UInt8(ascii: "[") else {
                throw renderer.failure("a format needs '.' or '[' behind ']'")
            }
            let start = index + 1
            var end = start
            while end < utf8.count {
                let byte = utf8[end]
                if isAttribute ? byte == UInt8(ascii: ".") || byte == UInt8(ascii: "[") : byte == UInt8(ascii: "]") {
                    break
                }
                end += 1
            }
            guard end > start, isAttribute || end < utf8.count else {
                throw renderer.failure("a format has an empty field")
            }
            let name = path.part(start..<end)
            if isAttribute {
                value = try renderer.attribute(name.string, of: value)
            } else {
                value = try renderer.element(
                    try renderer.path(.text(name)).count == 1
                        ? Int(name.string).map { .integer($0) } ?? .text(name) : .text(name),
                    of: value
                )
            }
            index = isAttribute ? end : end + 1
        }
        return value
    }

    private mutating func argument(_ name: TemplateText) throws(TemplateError) -> Value {
        var index = Int(name.string)
        if name.isEmpty {
            guard !usesNumbers else { throw renderer.failure("a format numbers all of its fields or none") }
            index = automatic
            automatic += 1
        } else if index != nil {
            guard automatic == 0 else { throw renderer.failure("a format numbers all of its fields or none") }
            usesNumbers = true
        }
        if let index {
            guard arguments.positional.indices.contains(index) else {
                throw renderer.failure("the format has no value \(index)")
            }
            return arguments.positional[index]
        }
        guard let keyword = arguments.keywords.first(where: { $0.key.utf8 == name.utf8 }) else {
            throw renderer.failure("the format has no value '\(name.string)'")
        }
        return keyword.value
    }
}
