// The functions that every template knows. Methods: TextMethods.swift, CollectionMethods.swift.

/// The globals of jinja2 (but `lipsum`) and of transformers.
///
/// *Source* jinja2@3.1.6:defaults.py, sandbox.py; transformers@5.23.0:utils/chat_template_utils.py.
enum GlobalFunctions {
    static let all: [String: FunctionDefinition] = {
        var functions: [String: FunctionDefinition] = [:]
        for function in [range, dict, namespace, raiseException, strftimeNow, joiner, cycler] {
            functions[function.name] = function
        }
        return functions
    }()

    private static let range = FunctionDefinition(
        name: "range",
        signature: .positions("start", "stop", "step", required: 1)
    ) { (renderer, arguments) throws(TemplateError) in
        let first = try renderer.integerArgument(arguments[0] ?? .null, "range")
        let stop = try arguments[1].map { (value) throws(TemplateError) in try renderer.integerArgument(value, "range")
        }
        let step = try renderer.integerArgument(arguments[2], "range", otherwise: 1)
        guard step != 0 else { throw renderer.failure("the step of 'range' cannot be 0") }
        let range = IntegerRange(start: stop == nil ? 0 : first, stop: stop ?? first, step: step)
        guard let range, range.count <= RenderingLimits.rangeLength else {
            throw renderer.limitFailure("'range' gives at most \(RenderingLimits.rangeLength) numbers")
        }
        return .range(range)
    }

    private static let dict = FunctionDefinition(
        name: "dict",
        signature: .any,
        body: { (renderer, arguments) throws(TemplateError) in
            .dictionary(try renderer.makeDictionary(try renderer.pairs(arguments.rest, of: "dict")))
        },
        attributes: [
            "fromkeys": MethodDefinition(
                name: "fromkeys",
                signature: .positions("iterable", "value", required: 1)
            ) { (renderer, _, arguments) throws(TemplateError) in
                let keys = try renderer.elements(of: arguments[0] ?? .null)
                return .dictionary(try renderer.makeDictionary(keys.map { ($0, arguments[1] ?? .null) }))
            }
        ]
    )

    private static let namespace = FunctionDefinition(
        name: "namespace",
        signature: .any
    ) { (renderer, arguments) throws(TemplateError) in
        let namespace = renderer.makeNamespace()
        let pairs = try renderer.pairs(arguments.rest, of: "namespace")
        for entry in try renderer.makeDictionary(pairs).entries {
            try renderer.set(try renderer.textArgument(entry.key, "namespace"), entry.value, of: namespace)
        }
        return .namespace(namespace)
    }

    private static let raiseException = FunctionDefinition(
        name: "raise_exception",
        signature: .of("message", required: 1)
    ) { (renderer, arguments) throws(TemplateError) in
        throw renderer.raised(try renderer.text(of: arguments[0] ?? .null).string)
    }

    private static let strftimeNow = FunctionDefinition(
        name: "strftime_now",
        signature: .of("format", required: 1)
    ) { (renderer, arguments) throws(TemplateError) in
        let format = try renderer.textArgument(arguments[0] ?? .null, "strftime_now")
        guard let text = renderer.clock.now().formatted(format.utf8) else {
            throw renderer.failure(
                "'strftime_now' takes a format of at most \(TemplateTime.formatLimit) bytes without a NUL"
            )
        }
        guard text.count <= renderer.limits.textBytes else { throw renderer.limitFailure("this time is too long") }
        return try renderer.value(TemplateText(text.validUTF8, kinds: format.allKinds))
    }

    private static let joiner = FunctionDefinition(
        name: "joiner",
        signature: .of("sep")
    ) { (renderer, arguments) throws(TemplateError) in
        let joiner = Joiner(separator: arguments[0] ?? .text(", "))
        try renderer.check(depth: joiner.depth)
        return .callable(.joiner(joiner))
    }

    private static let cycler = FunctionDefinition(
        name: "cycler",
        signature: .any
    ) { (renderer, arguments) throws(TemplateError) in
        guard arguments.rest.keywords.isEmpty, !arguments.rest.positional.isEmpty else {
            throw renderer.failure("'cycler' needs at least one value, and no names")
        }
        return .cycler(Cycler(try renderer.makeList(arguments.rest.positional)))
    }
}

extension [UInt8] {
    /// The bytes, with U+FFFD for what is no UTF-8.
    fileprivate var validUTF8: [UInt8] { Array(String(decoding: self, as: UTF8.self).utf8) }
}

extension Renderer {
    /// What `dict(...)` is made of: a dictionary or pairs, and names with values.
    fileprivate func pairs(_ arguments: Arguments, of name: String) throws(TemplateError) -> [(
        key: Value, value: Value
    )] {
        guard arguments.positional.count <= 1 else { throw failure("'\(name)' takes one value, and names with values") }
        var pairs: [(key: Value, value: Value)] = []
        switch arguments.positional.first {
        case nil: break
        case .undefined(let undefined): throw failure(undefined)
        case .dictionary(let dictionary): pairs = dictionary.entries.map { ($0.key, $0.value) }
        case .some(let value):
            for item in try elements(of: value) {
                let pair = try elements(of: item)
                guard pair.count == 2 else { throw failure("'\(name)' needs pairs of a key and a value") }
                pairs.append((pair[0], pair[1]))
            }
        }
        return pairs + arguments.pairs
    }
}

/// What Python or jinja2 have and chat templates do not use: found when a template is loaded.
enum UnsupportedNames {
    static let filters: Set = [
        "filesizeformat", "pprint", "random", "striptags", "urlencode", "urlize", "wordwrap", "xmlattr",
    ]
    static let functions: Set = ["lipsum", "super"]
    static let methods: Set = [
        "as_integer_ratio", "bit_count", "casefold", "conjugate", "encode", "expandtabs", "format_map", "from_bytes",
        "fromhex", "hex", "isidentifier", "maketrans", "mapping", "to_bytes", "translate",
    ]
}
