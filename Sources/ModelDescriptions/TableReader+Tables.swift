// Tables in tables: sections, tables of strings, and layers, whose keys depend on their kind.
// Not the keys of any section: each reads its own.

import Diagnostics

extension TableReader {
    /// A required table, read by `read`; afterwards every key that `read` did not ask for is reported.
    public mutating func table<Value>(_ key: String, read: (inout TableReader) -> Value?) -> Value? {
        guard let node = node(key) else {
            reportMissing(key, message: "\(name) needs the table [\(TOMLText.keyPath(keyPath, key))]")
            return nil
        }
        return table(key, node, read: read)
    }

    /// A table that may be left out, read by `read`; nil also after having reported what is wrong with it.
    public mutating func optionalTable<Value>(_ key: String, read: (inout TableReader) -> Value?) -> Value? {
        node(key).flatMap { table(key, $0, read: read) }
    }

    /// A table read by `read`, or `fallback` if it is not stated.
    public mutating func table<Value>(
        _ key: String,
        default fallback: Value?,
        read: (inout TableReader) -> Value?
    ) -> Value? {
        guard let node = node(key) else { return fallback }
        return table(key, node, read: read)
    }

    private mutating func table<Value>(
        _ key: String,
        _ node: TOMLNode,
        read: (inout TableReader) -> Value?
    ) -> Value? {
        guard case .table(let entries) = node.content else {
            reportWrong(key, found: node, expected: "a table")
            return nil
        }
        var reader = TableReader(
            entries: entries,
            keyPath: TOMLText.keyPath(keyPath, key),
            span: node.span,
            catalog: catalog
        )
        let value = read(&reader)
        reader.finish()
        diagnostics.report(reader.diagnostics.sorted)
        return reader.isSound ? value : nil
    }

    /// A table from strings to strings that are not empty; empty if it is not stated.
    public mutating func stringTable(_ key: String) -> [String: String]? {
        guard let node = node(key) else { return [:] }
        guard case .table(let entries) = node.content else {
            reportWrong(key, found: node, expected: "a table from strings to strings")
            return nil
        }
        var strings: [String: String] = [:]
        for (name, entry) in entries {
            if let text = string(TOMLText.keyPath(key, name), entry.value) { strings[name] = text }
        }
        return strings.count == entries.count ? strings : nil
    }

    /// Reports an error at the value of `inner` in the table of strings `key`.
    public mutating func report(_ message: String, at key: String, inner: String) {
        guard case .table(let entries)? = entries[key]?.value.content, let entry = entries[inner] else {
            report(message, at: key)
            return
        }
        diagnostics.report(.error(message, at: entry.value.span))
    }

    // MARK: - Layers

    /// A required layer that can take the place `role`, of any kind in the catalog.
    public mutating func layer(_ key: String, role: LayerRole, context: LayerContext) -> Layer? {
        table(key) { Layer(from: &$0, role: role, context: context) }
    }

    /// A layer that may be left out; nil also after having reported what is wrong with it.
    public mutating func optionalLayer(_ key: String, role: LayerRole, context: LayerContext) -> Layer? {
        optionalTable(key) { Layer(from: &$0, role: role, context: context) }
    }
}

extension Layer {
    /// Reads `kind`, and then the keys of that kind.
    init?(from reader: inout TableReader, role: LayerRole, context: LayerContext) {
        let allowed = reader.catalog.kinds(for: role).map { $0.kind }
        guard let node = reader.requiredNode("kind", expected: TableReader.words(for: allowed)) else {
            reader.ignoreOtherKeys()
            return nil
        }
        if case .string(let name) = node.content, let other = reader.catalog.kind(named: name), other.role != role {
            reader.report(
                "`\(name)` is \(other.role.words), but this place needs \(role.words): "
                    + TableReader.words(for: allowed),
                at: "kind"
            )
            reader.ignoreOtherKeys()
            return nil
        }
        guard let name = reader.choice("kind", node, among: allowed), let kind = reader.catalog.kind(named: name)
        else {
            reader.ignoreOtherKeys()
            return nil
        }
        guard let parameters = kind.init(from: &reader, context: context) else {
            if reader.isSound { reader.report("the layer kind `\(name)` refused this table without a reason") }
            return nil
        }
        self.init(parameters)
    }
}

extension TableReader {
    /// Lets every key pass as known: without a valid `kind` nothing can be said about the others.
    mutating func ignoreOtherKeys() {
        for key in entries.keys { _ = node(key) }
    }
}
