// All filters by name. What each does: JSONFilter.swift, TextFilters.swift, NumberFilters.swift, SequenceFilters.swift,
// SelectionFilters.swift. Tests of `is`: TestCatalog.swift.

/// The filters of jinja2, less those that make HTML or draw lots, and transformers' own `tojson`.
///
/// *Source* jinja2@3.1.6:filters.py.
enum FilterCatalog {
    static let standard: [String: FilterDefinition] = {
        var filters: [String: FilterDefinition] = [:]
        for filter in json + texts + markup + numbers + sequences + selections { filters[filter.name] = filter }
        for (alias, name) in ["d": "default", "count": "length", "e": "escape"] { filters[alias] = filters[name] }
        return filters
    }()
}

extension FilterDefinition {
    /// A filter that takes no arguments.
    init(
        _ name: String,
        _ body: @escaping @Sendable (Renderer, Value) throws(TemplateError) -> Value
    ) {
        self.init(name: name, signature: .of()) { (renderer, value, _) throws(TemplateError) in
            try body(renderer, value)
        }
    }

    /// A filter of the text that any value is printed as.
    init(text name: String, _ body: @escaping @Sendable (TemplateText) -> TemplateText) {
        self.init(name) { (renderer, value) throws(TemplateError) in
            try renderer.value(body(try renderer.text(of: value)))
        }
    }
}
