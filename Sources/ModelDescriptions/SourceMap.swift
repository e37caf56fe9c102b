// Where each key of a description stands in its TOML, by key path.
// Not the values: those are in ModelDescription. Key paths are also what generated code cites.

import Diagnostics

/// The places of keys and values in a TOML text.
///
/// A key path is spelt as in TOML, with `.` between keys and `[0]` for elements: `decoder.attention.kv-heads`,
/// `generation.stop[0]`. Keys that are not bare are quoted: `checkpoint.renamed."model.visual."`.
public struct SourceMap: Sendable, Equatable {
    /// The place of a key and of its value.
    public struct Entry: Sendable, Hashable {
        /// The key, or for an element of an array the element.
        public var key: SourceSpan
        /// The value; for a table with a heading of its own, the heading.
        public var value: SourceSpan

        /// An entry.
        public init(key: SourceSpan, value: SourceSpan) {
            self.key = key
            self.value = value
        }
    }

    /// The places by key path.
    public private(set) var entries: [String: Entry]

    /// A map of `entries`; empty for a description that was not read from a text.
    public init(_ entries: [String: Entry] = [:]) {
        self.entries = entries
    }

    /// The place of the value at `keyPath`, or of the nearest table around it.
    ///
    /// A default has no place of its own, so a message about it points at the table in which it could be stated.
    public func span(of keyPath: String) -> SourceSpan? {
        var path = Substring(keyPath)
        while true {
            if let entry = entries[String(path)] { return entry.value }
            guard let end = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { return nil }
            path = path[..<end]
        }
    }

    /// The key path of the innermost key or value that contains `location`.
    public func keyPath(at location: SourceLocation) -> String? {
        entries.filter { $0.value.value.contains(location) || $0.value.key.contains(location) }
            .max { ($0.key.utf8.count, $0.key) < ($1.key.utf8.count, $1.key) }?
            .key
    }

    /// Where a description was written is no part of what it says, so any two maps are equal.
    public static func == (left: SourceMap, right: SourceMap) -> Bool { true }
}
