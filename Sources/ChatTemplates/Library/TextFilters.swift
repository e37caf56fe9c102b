// Filters of texts; most take any value as the text that it prints as.
// Not methods such as `split`: TextMethods.swift. Next: NumberFilters.swift.

extension FilterCatalog {
    static let texts: [FilterDefinition] = [
        FilterDefinition(text: "upper") { $0.uppercased() },
        FilterDefinition(text: "lower") { $0.lowercased() },
        FilterDefinition(text: "capitalize") { $0.capitalized() },
        FilterDefinition(text: "string") { $0 },
        FilterDefinition(text: "title") { text in
            // Words begin behind these, not behind every uncased character.
            var startsWord = true
            return text.mapped { scalar, _ in
                if WhiteSpace.contains(scalar) || "-({[<".unicodeScalars.contains(scalar) {
                    startsWord = true
                    return .unchanged
                }
                defer { startsWord = false }
                return startsWord ? .upper : .lower
            }
        },
        FilterDefinition(name: "trim", signature: .of("chars")) { (renderer, value, arguments) throws(TemplateError) in
            let characters = try arguments.unlessNull(0).map { (value) throws(TemplateError) in
                try renderer.textArgument(value, "trim")
            }
            return try renderer.value(try renderer.text(of: value).stripped(characters))
        },
        FilterDefinition(
            name: "replace",
            signature: .of("old", "new", "count", required: 2)
        ) { (renderer, value, arguments) throws(TemplateError) in
            let text = try renderer.text(of: value).markedAsMarkup(false)
            let count = try renderer.integerArgument(arguments.unlessNull(2), "replace", otherwise: -1)
            let old = try renderer.text(of: arguments[0] ?? .null)
            let new = try renderer.text(of: arguments[1] ?? .null)
            return try renderer.replaced(text, old, new, count)
        },
        FilterDefinition(name: "center", signature: .of("width")) {
            (renderer, value, arguments) throws(TemplateError) in
            let width = try renderer.integerArgument(arguments[0], "center", otherwise: 80)
            return try renderer.padded(try renderer.text(of: value), width, .center, TemplateText(" "))
        },
        FilterDefinition(name: "indent", signature: .of("width", "first", "blank"), body: indent),
        FilterDefinition(
            name: "truncate",
            signature: .of("length", "killwords", "end", "leeway"),
            body: truncate
        ),
        FilterDefinition("wordcount") { (renderer, value) throws(TemplateError) in
            var count = 0
            var isInWord = false
            try renderer.text(of: value).forEachScalar { scalar, _ in
                let isWord = scalar == "_" || scalar.isAlphanumeric
                if isWord, !isInWord { count += 1 }
                isInWord = isWord
            }
            return .integer(count)
        },
        FilterDefinition(name: "format", signature: .any) { (renderer, value, arguments) throws(TemplateError) in
            let text = try renderer.text(of: value)
            let rest = arguments.rest
            guard rest.positional.isEmpty || rest.keywords.isEmpty else {
                throw renderer.failure("'format' takes values or names with values, not both")
            }
            if rest.keywords.isEmpty { return .text(try renderer.formatted(text, try renderer.tuple(rest.positional))) }
            return .text(try renderer.formatted(text, .dictionary(try renderer.makeDictionary(rest.pairs))))
        },
    ]

    /// Filters of text that is, or becomes, HTML; without automatic escaping they matter to `+` only.
    static let markup: [FilterDefinition] = [
        FilterDefinition("safe") { (renderer, value) throws(TemplateError) in
            .text(try renderer.text(of: value).markedAsMarkup())
        },
        FilterDefinition("escape") { (renderer, value) throws(TemplateError) in
            let text = try renderer.text(of: value)
            return .text(text.isMarkup ? text : try renderer.escaped(text))
        },
        FilterDefinition("forceescape") { (renderer, value) throws(TemplateError) in
            .text(try renderer.escaped(try renderer.text(of: value)))
        },
    ]

    private static let indent: FilterDefinition.Body = { (renderer, value, arguments) throws(TemplateError) in
        if case .undefined(let undefined) = value { throw renderer.failure(undefined) }
        let text = try renderer.textArgument(value, "indent")
        let indention: TemplateText
        if case .text(let given) = arguments[0] {
            indention = given
        } else {
            var builder = renderer.makeBuilder()
            let width = try renderer.integerArgument(arguments[0], "indent", otherwise: 4)
            builder.append(TemplateText(" "), times: width)
            indention = try renderer.finish(builder)
        }
        let indentsFirst = arguments[1]?.isTrue ?? false
        let indentsBlank = arguments[2]?.isTrue ?? false
        let lines = text.linesWithLast()
        try renderer.spend(lines.count + text.utf8.count / 16)
        var builder = renderer.makeBuilder()
        if indentsFirst { builder.append(indention) }
        for (index, line) in lines.enumerated() {
            if index > 0 {
                builder.append(ascii: UInt8(ascii: "\n"))
                if indentsBlank || !line.isEmpty { builder.append(indention) }
            }
            builder.append(line)
        }
        return .text(try renderer.finish(builder, isMarkup: text.isMarkup))
    }

    private static let truncate: FilterDefinition.Body = { (renderer, value, arguments) throws(TemplateError) in
        let length = try renderer.integerArgument(arguments[0], "truncate", otherwise: 255)
        let end =
            try arguments[2].map { (value) throws(TemplateError) in try renderer.textArgument(value, "end") }
            ?? TemplateText("...")
        let leeway = try renderer.integerArgument(arguments.unlessNull(3), "leeway", otherwise: 5)
        guard length >= end.scalarCount, leeway >= 0 else {
            throw renderer.failure(
                "'truncate' needs a length of at least \(end.scalarCount) and a leeway of at least 0"
            )
        }
        if let count = value.count, count - leeway <= length { return value }
        let text = try renderer.textArgument(value, "truncate")
        var kept = text.part(text.byteRange(ofScalars: 0..<length - end.scalarCount))
        if !(arguments[1]?.isTrue ?? false) { kept = kept.splitFromEnd(TemplateText(" "), limit: 1)[0] }
        var builder = renderer.makeBuilder()
        builder.append(kept)
        builder.append(end)
        return .text(try renderer.finish(builder, isMarkup: text.isMarkup))
    }
}

extension TemplateText {
    /// The lines of the text with a line end behind it: an end at its end begins another, empty line.
    fileprivate func linesWithLast() -> [TemplateText] {
        var lines = lines(keepsEnds: false)
        let endsLine = utf8.isEmpty || lastLineEndLength > 0
        // Behind "\r", the line end makes one of "\r\n".
        if endsLine, utf8.last != UInt8(ascii: "\r") { lines.append(.empty) }
        return lines
    }

    private var lastLineEndLength: Int {
        WhiteSpace.lineEndLength(at: utf8.scalarStart(before: utf8.count), in: utf8)
    }
}

/// Where padding goes.
enum Alignment {
    case left, right, center
}

extension Renderer {
    func replaced(
        _ text: TemplateText,
        _ old: TemplateText,
        _ new: TemplateText,
        _ count: Int
    ) throws(TemplateError) -> Value {
        try spend(text.utf8.count / 16 + (old.isEmpty ? text.scalarCount : 0))
        var builder = makeBuilder()
        text.write(replacing: old, with: new, limit: count < 0 ? .max : count, to: &builder)
        return .text(try finish(builder, isMarkup: text.isMarkup))
    }

    /// The text padded to a width in scalars.
    func padded(
        _ text: TemplateText,
        _ width: Int,
        _ alignment: Alignment,
        _ fill: TemplateText
    ) throws(TemplateError) -> Value {
        guard width > text.scalarCount else { return .text(text) }
        let missing = width - text.scalarCount
        let before =
            switch alignment {
            case .left: 0
            case .right: missing
            // Python puts the odd one before the text if the width is odd.
            case .center: missing / 2 + (missing & width & 1)
            }
        var builder = makeBuilder()
        builder.append(fill, times: before)
        builder.append(text)
        builder.append(fill, times: missing - before)
        return .text(try finish(builder, isMarkup: text.isMarkup))
    }

    /// The text with HTML's special characters escaped.
    func escaped(_ text: TemplateText) throws(TemplateError) -> TemplateText {
        var builder = makeBuilder()
        var start = 0
        text.forEachScalar { scalar, range in
            let escape: String
            switch scalar {
            case "&": escape = "&amp;"
            case "<": escape = "&lt;"
            case ">": escape = "&gt;"
            case "'": escape = "&#39;"
            case "\"": escape = "&#34;"
            default: return
            }
            builder.append(text, start..<range.lowerBound)
            builder.append(escape, text.kinds(at: range.lowerBound))
            start = range.upperBound
        }
        builder.append(text, start..<text.utf8.count)
        return try finish(builder, isMarkup: true)
    }
}
