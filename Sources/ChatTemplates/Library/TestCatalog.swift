// All tests of `is`, by name. Filters: FilterCatalog.swift.

/// The tests of jinja2.
///
/// *Source* jinja2@3.1.6:tests.py.
enum TestCatalog {
    static let standard: [String: TestDefinition] = {
        var tests: [String: TestDefinition] = [:]
        for test in types + numbers + comparisons { tests[test.name] = test }
        for (name, aliases) in aliases {
            for alias in aliases { tests[alias] = tests[name] }
        }
        return tests
    }()

    private static let aliases = [
        "==": ["eq", "equalto"], "!=": ["ne"], ">": ["gt", "greaterthan"], ">=": ["ge"], "<": ["lt", "lessthan"],
        "<=": ["le"],
    ]

    private static let types: [TestDefinition] = [
        TestDefinition("defined") { !$0.isUndefined },
        TestDefinition("undefined") { $0.isUndefined },
        TestDefinition("none") { $0.isNull },
        TestDefinition("boolean") { if case .boolean = $0 { true } else { false } },
        TestDefinition("true") { if case .boolean(true) = $0 { true } else { false } },
        TestDefinition("false") { if case .boolean(false) = $0 { true } else { false } },
        TestDefinition("string") { $0.text != nil },
        TestDefinition("escaped") { $0.text?.isMarkup ?? false },
        TestDefinition("mapping") { if case .dictionary = $0 { true } else { false } },
        TestDefinition("integer") {
            switch $0 {
            case .integer, .largeInteger: true
            default: false
            }
        },
        TestDefinition("float") { if case .double = $0 { true } else { false } },
        TestDefinition("number") {
            switch $0 {
            case .integer, .largeInteger, .double, .boolean: true
            default: false
            }
        },
        TestDefinition("sequence") {
            switch $0 {
            case .text, .list, .tuple, .dictionary, .range, .undefined: true
            default: false
            }
        },
        TestDefinition("iterable") { Renderer.isIterable($0) },
        TestDefinition("callable") {
            switch $0 {
            case .callable, .loop, .undefined: true
            default: false
            }
        },
        TestDefinition(name: "lower", signature: .of()) { (renderer, value, _) throws(TemplateError) in
            try renderer.text(of: value).isLowercase
        },
        TestDefinition(name: "upper", signature: .of()) { (renderer, value, _) throws(TemplateError) in
            try renderer.text(of: value).isUppercase
        },
        TestDefinition(name: "filter", signature: .of()) { (renderer, value, _) throws(TemplateError) in
            try renderer.isName(value) { FilterCatalog.standard[$0] != nil }
        },
        TestDefinition(name: "test", signature: .of()) { (renderer, value, _) throws(TemplateError) in
            try renderer.isName(value) { standard[$0] != nil }
        },
    ]

    private static let numbers: [TestDefinition] = [
        TestDefinition(name: "odd", signature: .of()) { (renderer, value, _) throws(TemplateError) in
            try renderer.remainder(value, .integer(2), is: 1)
        },
        TestDefinition(name: "even", signature: .of()) { (renderer, value, _) throws(TemplateError) in
            try renderer.remainder(value, .integer(2), is: 0)
        },
        TestDefinition(
            name: "divisibleby",
            signature: .of("num", required: 1)
        ) { (renderer, value, arguments) throws(TemplateError) in
            try renderer.remainder(value, arguments[0] ?? .null, is: 0)
        },
    ]

    private static let comparisons: [TestDefinition] =
        [ComparisonOperator.equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual].map { comparison in
            TestDefinition(
                name: comparison.rawValue,
                signature: .of("other", required: 1)
            ) { (renderer, value, arguments) throws(TemplateError) in
                try renderer.compare(value, comparison, arguments[0] ?? .null)
            }
        } + [
            TestDefinition(
                name: "in",
                signature: .of("seq", required: 1)
            ) { (renderer, value, arguments) throws(TemplateError) in
                try renderer.contains(arguments[0] ?? .null, value)
            },
            // Identity is Python's for what there is only one of, and for what templates can tell apart.
            TestDefinition(
                name: "sameas",
                signature: .of("other", required: 1)
            ) { (renderer, value, arguments) throws(TemplateError) in
                let other = arguments[0] ?? .null
                switch (value, other) {
                case (.boolean, .boolean), (.integer, .integer), (.null, .null): return try renderer.equal(value, other)
                case (.namespace, .namespace), (.iterator, .iterator), (.loop, .loop), (.callable, .callable):
                    return try renderer.equal(value, other)
                case (.dictionary(let left), .dictionary(let right)): return left === right
                case (.boolean, _), (_, .boolean), (.null, _), (_, .null): return false
                default:
                    guard value.typeName == other.typeName else { return false }
                    throw renderer.failure("'sameas' is not supported for values of type \(value.typeName); use '=='")
                }
            },
        ]
}

extension TestDefinition {
    /// A test of the value alone.
    fileprivate init(_ name: String, _ test: @escaping @Sendable (Value) -> Bool) {
        self.init(name: name, signature: .of()) { (_, value, _) throws(TemplateError) in test(value) }
    }
}

extension Renderer {
    fileprivate func isName(_ value: Value, _ isKnown: (String) -> Bool) throws(TemplateError) -> Bool {
        if case .text(let text) = value { return isKnown(text.string) }
        _ = try key(value)
        return false
    }

    fileprivate func remainder(_ value: Value, _ divisor: Value, is wanted: Int) throws(TemplateError) -> Bool {
        try equal(try calculate(.modulo, value, divisor), .integer(wanted))
    }
}
