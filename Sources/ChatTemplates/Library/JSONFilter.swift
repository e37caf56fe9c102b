// The filter `tojson`, which is Python's json.dumps without escapes of what is not ASCII.
// Not JSONText's writer: layout and numbers are Python's. Next: FilterCatalog.swift.

extension FilterCatalog {
    static let json = [
        FilterDefinition(
            name: "tojson",
            signature: .of("ensure_ascii", "indent", "separators", "sort_keys")
        ) { (renderer, value, arguments) throws(TemplateError) in
            var writer = JSONTextWriter(renderer)
            writer.escapesNonASCII = arguments[0]?.isTrue ?? false
            writer.sortsKeys = arguments[3]?.isTrue ?? false
            switch arguments.unlessNull(1) {
            case nil: break
            case .text(let indent): writer.indent = indent
            case .some(let indent):
                let width = try renderer.integerArgument(indent, "tojson")
                var builder = renderer.makeBuilder()
                builder.append(TemplateText(" "), times: width)
                writer.indent = try renderer.finish(builder)
            }
            if writer.indent != nil { writer.itemSeparator = TemplateText(",") }
            if let separators = arguments.unlessNull(2) {
                let parts = try renderer.elements(of: separators)
                guard parts.count == 2 else { throw renderer.failure("'separators' needs two strings") }
                writer.itemSeparator = try renderer.textArgument(parts[0], "separators")
                writer.keySeparator = try renderer.textArgument(parts[1], "separators")
            }
            var builder = renderer.makeBuilder()
            try writer.write(value, level: 0, to: &builder)
            return .text(try renderer.finish(builder))
        }
    ]
}

/// Writes values as JSON; texts keep their origin, quotes and everything around are the template's.
private struct JSONTextWriter {
    private let renderer: Renderer
    var escapesNonASCII = false
    var sortsKeys = false
    var indent: TemplateText?
    var itemSeparator = TemplateText(", ")
    var keySeparator = TemplateText(": ")

    init(_ renderer: Renderer) { self.renderer = renderer }

    func write(_ value: Value, level: Int, to builder: inout TextBuilder) throws(TemplateError) {
        try renderer.spend(1)
        guard !builder.isOverfull else { return }
        switch value {
        case .null: builder.append("null")
        case .boolean(let value): builder.append(value ? "true" : "false")
        case .integer(let value): builder.append(String(value))
        case .largeInteger(let digits): builder.append(digits)
        case .double(let value): builder.append(Self.text(of: value))
        case .text(let text): write(text, to: &builder)
        case .list(let list), .tuple(let list):
            try writeContainer("[", list.items.count, "]", level, &builder) { (index, builder) throws(TemplateError) in
                try write(list.items[index], level: level + 1, to: &builder)
            }
        case .dictionary(let dictionary):
            var entries = dictionary.entries
            if sortsKeys {
                let renderer = renderer
                entries = try renderer.sorted(entries) { (left, right) throws(TemplateError) in
                    try renderer.less(left.key, right.key)
                }
            }
            try writeContainer("{", entries.count, "}", level, &builder) { (index, builder) throws(TemplateError) in
                write(try key(entries[index].key), to: &builder)
                builder.append(keySeparator)
                try write(entries[index].value, level: level + 1, to: &builder)
            }
        case .undefined(let undefined): throw renderer.failure(undefined.message + ", so it cannot be written as JSON")
        case .range, .view, .iterator, .namespace, .loop, .cycler, .callable:
            throw renderer.failure("a value of type \(value.typeName) cannot be written as JSON")
        }
    }

    private static func text(of value: Double) -> String {
        value.isFinite ? NumberText.shortest(value) : value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
    }

    private func key(_ key: Value) throws(TemplateError) -> TemplateText {
        switch key {
        case .text(let text): text
        case .null: TemplateText("null")
        case .boolean(let value): TemplateText(value ? "true" : "false")
        case .integer(let value): TemplateText(String(value))
        case .largeInteger(let digits): TemplateText(digits)
        case .double(let value): TemplateText(Self.text(of: value))
        default: throw renderer.failure("a value of type \(key.typeName) cannot be a key in JSON")
        }
    }

    private func writeContainer(
        _ open: String,
        _ count: Int,
        _ close: String,
        _ level: Int,
        _ builder: inout TextBuilder,
        _ writeItem: (Int, inout TextBuilder) throws(TemplateError) -> Void
    ) throws(TemplateError) {
        builder.append(open)
        try renderer.nest(&builder) { (builder) throws(TemplateError) in
            for index in 0..<count {
                if index > 0 { builder.append(itemSeparator) }
                startLine(level + 1, &builder)
                try writeItem(index, &builder)
            }
        }
        if count > 0 { startLine(level, &builder) }
        builder.append(close)
    }

    private func startLine(_ level: Int, _ builder: inout TextBuilder) {
        guard let indent else { return }
        builder.append(ascii: UInt8(ascii: "\n"))
        builder.append(indent, times: level)
    }

    private func write(_ text: TemplateText, to builder: inout TextBuilder) {
        builder.append(ascii: UInt8(ascii: "\""))
        var start = 0
        text.forEachScalar { scalar, range in
            guard let escape = escape(of: scalar) else { return }
            builder.append(text, start..<range.lowerBound)
            builder.append(escape, text.kinds(at: range.lowerBound))
            start = range.upperBound
        }
        builder.append(text, start..<text.utf8.count)
        builder.append(ascii: UInt8(ascii: "\""))
    }

    private func escape(of scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "\"": return "\\\""
        case "\\": return "\\\\"
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        case "\u{8}": return "\\b"
        case "\u{C}": return "\\f"
        case "\0"..<" ": return Self.escape(UInt16(scalar.value))
        default:
            guard escapesNonASCII, !(" "..."~").contains(scalar) else { return nil }
            return UTF16.encode(scalar).map { $0.map(Self.escape).joined() }
        }
    }

    private static func escape(_ unit: UInt16) -> String {
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
    }
}
