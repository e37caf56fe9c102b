// The methods of texts, which are those of Python's str. Filters: TextFilters.swift. `format`: TextFormatting.swift.

enum TextMethods {
    static let all: [String: MethodDefinition] = {
        var methods: [String: MethodDefinition] = [:]
        for method in cases + questions + stripping + splitting + finding + shaping { methods[method.name] = method }
        return methods
    }()

    private static func method(
        _ name: String,
        _ signature: Signature = .positions(),
        _ body: @escaping @Sendable (Renderer, TemplateText, BoundArguments) throws(TemplateError) -> Value
    ) -> MethodDefinition {
        MethodDefinition(name: name, signature: signature) { (renderer, value, arguments) throws(TemplateError) in
            try body(renderer, try renderer.textArgument(value, name), arguments)
        }
    }

    // MARK: Case

    private static let cases: [MethodDefinition] = [
        mapping("upper") { $0.uppercased() }, mapping("lower") { $0.lowercased() },
        mapping("title") { $0.titlecased() }, mapping("capitalize") { $0.capitalized() },
        mapping("swapcase") { $0.caseSwapped() },
    ]

    private static func mapping(
        _ name: String,
        _ map: @escaping @Sendable (TemplateText) -> TemplateText
    ) -> MethodDefinition {
        method(name) { (renderer, text, _) throws(TemplateError) in try renderer.value(map(text)) }
    }

    // MARK: Questions

    private static let questions: [MethodDefinition] = [
        question("isalpha") { $0.allScalars(\.isLetter) }, question("isdecimal") { $0.allScalars(\.isDecimal) },
        question("isdigit") { $0.allScalars(\.isDigit) }, question("isnumeric") { $0.allScalars(\.isNumeric) },
        question("isalnum") { $0.allScalars(\.isAlphanumeric) },
        question("isspace") { $0.allScalars(WhiteSpace.contains) },
        question("isascii") { $0.isASCII }, question("isupper") { $0.isUppercase },
        question("islower") { $0.isLowercase }, question("istitle") { $0.isTitlecase },
        question("isprintable") { $0.isEmpty || $0.allScalars(\.isPrintable) },
        end("startswith", isStart: true), end("endswith", isStart: false),
    ]

    private static func question(
        _ name: String,
        _ answer: @escaping @Sendable (TemplateText) -> Bool
    ) -> MethodDefinition {
        method(name) { (renderer, text, _) throws(TemplateError) in
            try renderer.spend(text.utf8.count / 16)
            return .boolean(answer(text))
        }
    }

    private static func end(_ name: String, isStart: Bool) -> MethodDefinition {
        method(
            name,
            .positions("prefix", "start", "end", required: 1)
        ) { (renderer, text, arguments) throws(TemplateError) in
            let range = try renderer.byteRange(of: text, arguments[1], arguments[2], name)
            let candidates: [Value]
            if case .tuple(let tuple) = arguments[0] {
                candidates = tuple.items
            } else {
                candidates = [arguments[0] ?? .null]
            }
            for candidate in candidates {
                let candidate = try renderer.textArgument(candidate, name)
                guard let range, candidate.utf8.count <= range.count else { continue }
                let start = isStart ? range.lowerBound : range.upperBound - candidate.utf8.count
                if text.hasText(candidate, at: start) { return .boolean(true) }
            }
            return .boolean(false)
        }
    }

    // MARK: Stripping

    private static let stripping: [MethodDefinition] = [
        strip("strip", start: true, end: true), strip("lstrip", start: true, end: false),
        strip("rstrip", start: false, end: true),
        method("removeprefix", .positions("prefix", required: 1)) { (renderer, text, arguments) throws(TemplateError) in
            let prefix = try renderer.textArgument(arguments[0] ?? .null, "removeprefix")
            return try renderer.value(
                text.hasText(prefix, at: 0) ? text.part(prefix.utf8.count..<text.utf8.count) : text
            )
        },
        method("removesuffix", .positions("suffix", required: 1)) { (renderer, text, arguments) throws(TemplateError) in
            let suffix = try renderer.textArgument(arguments[0] ?? .null, "removesuffix")
            let end = text.utf8.count - suffix.utf8.count
            return try renderer.value(text.hasText(suffix, at: end) ? text.part(0..<end) : text)
        },
    ]

    private static func strip(_ name: String, start: Bool, end: Bool) -> MethodDefinition {
        method(name, .positions("chars")) { (renderer, text, arguments) throws(TemplateError) in
            let characters = try arguments.unlessNull(0).map { (value) throws(TemplateError) in
                try renderer.textArgument(value, name)
            }
            try renderer.spend(text.utf8.count / 16)
            return try renderer.value(text.stripped(characters, start: start, end: end))
        }
    }

    // MARK: Splitting and joining

    private static let splitting: [MethodDefinition] = [
        split("split", fromEnd: false), split("rsplit", fromEnd: true),
        method("splitlines", .of("keepends")) { (renderer, text, arguments) throws(TemplateError) in
            try renderer.list(text.lines(keepsEnds: arguments[0]?.isTrue ?? false))
        },
        partition("partition", fromEnd: false), partition("rpartition", fromEnd: true),
        method("join", .positions("iterable", required: 1)) { (renderer, text, arguments) throws(TemplateError) in
            var builder = renderer.makeBuilder()
            for (index, item) in try renderer.elements(of: arguments[0] ?? .null).enumerated() {
                try renderer.spend(1)
                if index > 0 { builder.append(text) }
                let part = try renderer.textArgument(item, "join")
                builder.append(text.isMarkup && !part.isMarkup ? try renderer.escaped(part) : part)
            }
            return .text(try renderer.finish(builder, isMarkup: text.isMarkup))
        },
    ]

    private static func split(_ name: String, fromEnd: Bool) -> MethodDefinition {
        method(name, .of("sep", "maxsplit")) { (renderer, text, arguments) throws(TemplateError) in
            let given = try renderer.integerArgument(arguments[1], name, otherwise: -1)
            let limit = given < 0 ? Int.max : given
            try renderer.spend(text.utf8.count / 16)
            guard let value = arguments.unlessNull(0) else {
                return try renderer.list(fromEnd ? text.splitWordsFromEnd(limit: limit) : text.splitWords(limit: limit))
            }
            let separator = try renderer.textArgument(value, name)
            guard !separator.isEmpty else { throw renderer.failure("'\(name)' needs a separator that is not empty") }
            return try renderer.list(
                fromEnd ? text.splitFromEnd(separator, limit: limit) : text.split(separator, limit: limit)
            )
        }
    }

    private static func partition(_ name: String, fromEnd: Bool) -> MethodDefinition {
        method(name, .positions("sep", required: 1)) { (renderer, text, arguments) throws(TemplateError) in
            let separator = try renderer.textArgument(arguments[0] ?? .null, name)
            guard !separator.isEmpty else { throw renderer.failure("'\(name)' needs a separator that is not empty") }
            let parts = fromEnd ? text.splitFromEnd(separator, limit: 1) : text.split(separator, limit: 1)
            try renderer.spend(text.utf8.count / 16)
            if parts.count == 1 {
                let empty = Value.text(.empty)
                return try renderer.tuple(fromEnd ? [empty, empty, .text(text)] : [.text(text), empty, empty])
            }
            // The separator is the one that stands in the text, with its origin.
            let start = parts[0].utf8.count
            let found = text.part(start..<start + separator.utf8.count)
            return try renderer.tuple([.text(parts[0]), .text(found), .text(parts[1])])
        }
    }

    // MARK: Finding

    private static let finding: [MethodDefinition] = [
        find("find", fromEnd: false, fails: false), find("rfind", fromEnd: true, fails: false),
        find("index", fromEnd: false, fails: true), find("rindex", fromEnd: true, fails: true),
        method("count", .positions("sub", "start", "end", required: 1)) {
            (renderer, text, arguments) throws(TemplateError) in
            let pattern = try renderer.textArgument(arguments[0] ?? .null, "count")
            try renderer.spend(text.utf8.count / 16)
            guard let range = try renderer.byteRange(of: text, arguments[1], arguments[2], "count") else {
                return .integer(0)
            }
            guard !pattern.isEmpty else { return .integer(text.part(range).scalarCount + 1) }
            return .integer(TextPattern(pattern.utf8).all(in: text.utf8, range).count)
        },
    ]

    private static func find(_ name: String, fromEnd: Bool, fails: Bool) -> MethodDefinition {
        method(
            name,
            .positions("sub", "start", "end", required: 1)
        ) { (renderer, text, arguments) throws(TemplateError) in
            let pattern = try renderer.textArgument(arguments[0] ?? .null, name)
            try renderer.spend(text.utf8.count / 16)
            var found: Int?
            if let range = try renderer.byteRange(of: text, arguments[1], arguments[2], name) {
                if !fromEnd {
                    found = TextPattern(pattern.utf8).first(in: text.utf8, range)
                } else if pattern.isEmpty {
                    found = range.upperBound
                } else {
                    found = TextPattern.allFromEnd(of: pattern.utf8, in: text.utf8, range, limit: 1).first
                }
            }
            if let found { return .integer(text.scalarIndex(ofByte: found)) }
            guard !fails else { throw renderer.failure("'\(name)' does not find the text") }
            return .integer(-1)
        }
    }

    // MARK: Shaping

    private static let shaping: [MethodDefinition] = [
        method("replace", .positions("old", "new", "count", required: 2)) {
            (renderer, text, arguments) throws(TemplateError) in
            let old = try renderer.textArgument(arguments[0] ?? .null, "replace")
            let new = try renderer.textArgument(arguments[1] ?? .null, "replace")
            let count = try renderer.integerArgument(arguments[2], "replace", otherwise: -1)
            return try renderer.replaced(
                text,
                old,
                text.isMarkup && !new.isMarkup ? try renderer.escaped(new) : new,
                count
            )
        },
        pad("ljust", .left), pad("rjust", .right), pad("center", .center),
        method("zfill", .positions("width", required: 1)) { (renderer, text, arguments) throws(TemplateError) in
            let width = try renderer.integerArgument(arguments[0] ?? .null, "zfill")
            let hasSign = text.utf8.first == UInt8(ascii: "-") || text.utf8.first == UInt8(ascii: "+")
            var builder = renderer.makeBuilder()
            builder.append(text, 0..<(hasSign ? 1 : 0))
            if width > text.scalarCount { builder.append(TemplateText("0"), times: width - text.scalarCount) }
            builder.append(text, (hasSign ? 1 : 0)..<text.utf8.count)
            return .text(try renderer.finish(builder, isMarkup: text.isMarkup))
        },
        method("format", .any) { (renderer, text, arguments) throws(TemplateError) in
            .text(try renderer.formatted(text, arguments.rest))
        },
    ]

    private static func pad(_ name: String, _ alignment: Alignment) -> MethodDefinition {
        method(name, .positions("width", "fillchar", required: 1)) {
            (renderer, text, arguments) throws(TemplateError) in
            let width = try renderer.integerArgument(arguments[0] ?? .null, name)
            let fill =
                try arguments[1].map { (value) throws(TemplateError) in try renderer.textArgument(value, name) }
                ?? TemplateText(" ")
            guard fill.scalarCount == 1 else { throw renderer.failure("'\(name)' needs one character to fill with") }
            return try renderer.padded(text, width, alignment, fill)
        }
    }
}

extension Renderer {
    /// The bytes between two bounds in scalars, clamped as Python does; nil where the start lies behind the end.
    func byteRange(
        of text: TemplateText,
        _ start: Value?,
        _ end: Value?,
        _ name: String
    ) throws(TemplateError) -> Range<Int>? {
        func bound(_ value: Value?, otherwise: Int) throws(TemplateError) -> Int {
            guard let value, !value.isNull else { return otherwise }
            let index = try integerArgument(value, name)
            return index < 0 ? max(0, index < -text.scalarCount ? 0 : index + text.scalarCount) : index
        }
        let lower = try bound(start, otherwise: 0)
        let upper = min(try bound(end, otherwise: text.scalarCount), text.scalarCount)
        return lower <= upper ? text.byteRange(ofScalars: lower..<upper) : nil
    }
}
