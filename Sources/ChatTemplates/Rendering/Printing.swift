// Values as text: what Python's str and repr give. Not JSON: Library/JSONFilter.swift. Numbers: NumberText.swift.

extension Renderer {
    /// The value as text, as `{{ value }}` writes it.
    func text(of value: Value) throws(TemplateError) -> TemplateText {
        if case .text(let text) = value { return text }
        var builder = makeBuilder()
        try write(value, to: &builder)
        return try finish(builder)
    }

    /// The value as a list shows it, for messages.
    func description(of value: Value) throws(TemplateError) -> String {
        var builder = makeBuilder()
        try writeQuoted(value, to: &builder)
        return builder.text().string
    }

    func write(_ value: Value, to builder: inout TextBuilder) throws(TemplateError) {
        switch value {
        case .text(let text): builder.append(text)
        case .undefined: break
        default: try writeQuoted(value, to: &builder)
        }
    }

    /// Writes a value as Python's repr does.
    func writeQuoted(_ value: Value, to builder: inout TextBuilder) throws(TemplateError) {
        try spend(1)
        // Nested lists can be short to make and very long to print.
        guard !builder.isOverfull else { return }
        switch value {
        case .undefined: builder.append("Undefined")
        case .null: builder.append("None")
        case .boolean(let value): builder.append(value ? "True" : "False")
        case .integer(let value): builder.append(String(value))
        case .largeInteger(let digits): builder.append(digits)
        case .double(let value): builder.append(NumberText.shortest(value))
        case .text(let text):
            if text.isMarkup { builder.append("Markup(") }
            writeQuoted(text, to: &builder)
            if text.isMarkup { builder.append(")") }
        case .list(let list): try writeItems(list.items, open: "[", close: "]", to: &builder)
        case .tuple(let tuple):
            try writeItems(tuple.items, open: "(", close: tuple.items.count == 1 ? ",)" : ")", to: &builder)
        case .dictionary(let dictionary): try writePairs(dictionary.entries.map { ($0.key, $0.value) }, to: &builder)
        case .range(let range):
            builder.append("range(\(range.start), \(range.stop)" + (range.step == 1 ? ")" : ", \(range.step))"))
        case .view(let view):
            builder.append(view.kind.rawValue)
            try writeItems(view.items, open: "([", close: "])", to: &builder)
        case .namespace(let namespace):
            builder.append("<Namespace ")
            let pairs = namespace.names.map { (Value.text($0), namespace[.text($0.utf8)] ?? .null) }
            try writePairs(pairs, to: &builder)
            builder.append(">")
        case .loop(let loop): builder.append("<LoopContext \(loop.index + 1)/\(try loop.count(self))>")
        case .callable(.macro(let macro)):
            builder.append("<Macro " + (macro.declaration.name.map { "'\($0)'" } ?? "anonymous") + ">")
        case .iterator: throw failure("an iterator has no text; turn it into a list with '|list'")
        case .cycler, .callable: throw failure("a value of type \(value.typeName) has no text")
        }
    }

    private func writeItems(
        _ items: [Value],
        open: String,
        close: String,
        to builder: inout TextBuilder
    ) throws(TemplateError) {
        builder.append(open)
        try nest(&builder) { (builder) throws(TemplateError) in
            for (index, item) in items.enumerated() {
                if index > 0 { builder.append(", ") }
                try writeQuoted(item, to: &builder)
            }
        }
        builder.append(close)
    }

    private func writePairs(_ pairs: [(Value, Value)], to builder: inout TextBuilder) throws(TemplateError) {
        builder.append("{")
        try nest(&builder) { (builder) throws(TemplateError) in
            for (index, (key, value)) in pairs.enumerated() {
                if index > 0 { builder.append(", ") }
                try writeQuoted(key, to: &builder)
                builder.append(": ")
                try writeQuoted(value, to: &builder)
            }
        }
        builder.append("}")
    }

    /// Runs `body` on a builder one level deeper.
    func nest(
        _ builder: inout TextBuilder,
        _ body: (inout TextBuilder) throws(TemplateError) -> Void
    ) throws(TemplateError) {
        var copy = builder
        builder = TextBuilder(limit: 0)
        try nested { () throws(TemplateError) in try body(&copy) }
        builder = copy
    }

    /// Writes a text in quotes, with escapes for what Python does not print; the quotes are nobody's.
    func writeQuoted(_ text: TemplateText, to builder: inout TextBuilder) {
        let hasSingle = text.utf8.contains(UInt8(ascii: "'"))
        let quote = hasSingle && !text.utf8.contains(UInt8(ascii: "\"")) ? UInt8(ascii: "\"") : UInt8(ascii: "'")
        builder.append(ascii: quote)
        var start = 0
        text.forEachScalar { scalar, range in
            guard let escape = Self.escape(of: scalar, quote: quote) else { return }
            builder.append(text, start..<range.lowerBound)
            builder.append(escape, text.kinds(at: range.lowerBound))
            start = range.upperBound
        }
        builder.append(text, start..<text.utf8.count)
        builder.append(ascii: quote)
    }

    private static func escape(of scalar: Unicode.Scalar, quote: UInt8) -> String? {
        switch scalar {
        case "\\": return "\\\\"
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        case " "..."~": return scalar.value == UInt32(quote) ? "\\" + String(Character(scalar)) : nil
        default:
            if scalar.isPrintable { return nil }
            let digits = String(scalar.value, radix: 16)
            let (letter, count) = scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
            return "\\" + letter + String(repeating: "0", count: max(0, count - digits.utf8.count)) + digits
        }
    }
}
