// Members of objects whose values are of one piece.

import JSONText

extension JSONWriter {
    /// A text, or null.
    mutating func member(_ key: String, _ value: String?) {
        self.key(key)
        if let value { string(value) } else { null() }
    }

    /// An integer, or null.
    mutating func member(_ key: String, _ value: Int?) {
        self.key(key)
        if let value { integer(value) } else { null() }
    }

    /// True or false.
    mutating func member(_ key: String, _ value: Bool) {
        self.key(key)
        boolean(value)
    }

    /// A tree, or null.
    mutating func member(_ key: String, tree: JSONValue?) {
        self.key(key)
        if let tree { value(tree) } else { null() }
    }

    /// An object whose members `body` writes.
    mutating func object(_ key: String, _ body: (inout JSONWriter) -> Void) {
        self.key(key)
        object(body)
    }

    /// A list whose elements `body` writes.
    mutating func array(_ key: String, _ body: (inout JSONWriter) -> Void) {
        self.key(key)
        array(body)
    }
}
