// Dictionaries in the order of insertion, with keys that are equal where Python's are.
// Not mutable: templates cannot change dictionaries. Next: ValueObjects.swift.

/// What makes two keys the same: 1, 1.0 and true are one key.
enum ValueKey: Hashable {
    case null
    case integer(Int)
    case largeInteger(String)
    case double(Double)
    case text([UInt8])
    case tuple([ValueKey])
    case undefined
    case object(ObjectIdentifier)

    /// The key of an attribute or a member with a known name.
    init(_ name: String) { self = .text(Array(name.utf8)) }
}

/// A dictionary.
final class ValueDictionary {
    /// A key as it was first written, and its value.
    struct Entry {
        let key: Value
        var value: Value
    }

    let entries: [Entry]
    let depth: Int
    private let indices: [ValueKey: Int]

    /// A dictionary of keys with what identifies them; of equal keys the first stays, with the last one's value.
    init(_ pairs: [(ValueKey, Entry)]) {
        var entries: [Entry] = []
        var indices: [ValueKey: Int] = [:]
        entries.reserveCapacity(pairs.count)
        indices.reserveCapacity(pairs.count)
        for (key, entry) in pairs {
            if let index = indices[key] {
                entries[index].value = entry.value
            } else {
                indices[key] = entries.count
                entries.append(entry)
            }
        }
        self.entries = entries
        self.indices = indices
        depth = 1 + (entries.lazy.map { Swift.max($0.key.depth, $0.value.depth) }.max() ?? 0)
    }

    subscript(key: ValueKey) -> Value? {
        indices[key].map { entries[$0].value }
    }

    /// The keys with what identifies them, in order.
    var pairs: [(ValueKey, Entry)] {
        indices.sorted { $0.value < $1.value }.map { ($0.key, entries[$0.value]) }
    }
}

/// What `keys`, `values` and `items` of a dictionary give.
struct DictionaryView {
    enum Kind: String {
        case keys = "dict_keys"
        case values = "dict_values"
        case items = "dict_items"
    }

    let kind: Kind
    let dictionary: ValueDictionary

    var items: [Value] {
        switch kind {
        case .keys: dictionary.entries.map(\.key)
        case .values: dictionary.entries.map(\.value)
        case .items: dictionary.entries.map { .tuple(ValueList([$0.key, $0.value])) }
        }
    }
}
