// A JSON value as a tree that remembers where each part stood and in which order members came.
// Not for files of megabytes: JSONReader walks those without building anything. Next: JSONDocument.swift.

/// A JSON value and the byte offset at which it was read.
public struct JSONValue: Sendable {
    /// What the value is.
    public enum Content: Sendable {
        /// `null`
        case null
        /// `true` or `false`
        case boolean(Bool)
        /// A number, as written.
        case number(JSONNumber)
        /// A string.
        case string(String)
        /// An array.
        case array([JSONValue])
        /// An object's members in the order of the text; keys are distinct.
        case object([JSONMember])
    }

    /// What the value is.
    public let content: Content
    /// The byte offset of the value's first byte in its text; 0 for a value that was not read from one.
    public let offset: Int

    /// Makes a value; `offset` is where it stood in a text.
    public init(_ content: Content, offset: Int = 0) {
        self.content = content
        self.offset = offset
    }

    /// The kind of the value.
    public var kind: JSONReader.Kind {
        switch content {
        case .null: .null
        case .boolean: .boolean
        case .number: .number
        case .string: .string
        case .array: .array
        case .object: .object
        }
    }

    /// Whether the value is `null`.
    public var isNull: Bool { kind == .null }

    /// The boolean, or nil for another kind.
    public var boolean: Bool? {
        if case .boolean(let value) = content { value } else { nil }
    }

    /// The number, or nil for another kind.
    public var number: JSONNumber? {
        if case .number(let value) = content { value } else { nil }
    }

    /// The number written as an integer that fits `Int`, or nil for anything else.
    public var integer: Int? { number?.integer }

    /// The number as the nearest double, or nil for another kind and beyond the finite doubles.
    public var double: Double? { number?.double }

    /// The string, or nil for another kind.
    public var string: String? {
        if case .string(let value) = content { value } else { nil }
    }

    /// The elements, or nil for another kind.
    public var array: [JSONValue]? {
        if case .array(let value) = content { value } else { nil }
    }

    /// The members in the order of the text, or nil for another kind.
    public var object: [JSONMember]? {
        if case .object(let value) = content { value } else { nil }
    }

    /// The value of the member `key`, or nil if this is no object or has none. Costs a scan of the members.
    public subscript(key: String) -> JSONValue? {
        object?.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }
}

/// One `"key": value` of an object.
public struct JSONMember: Sendable {
    /// The key.
    public let key: String
    /// The byte offset of the key's opening quote; 0 for a member that was not read from a text.
    public let keyOffset: Int
    /// The value.
    public let value: JSONValue

    /// Makes a member.
    public init(key: String, value: JSONValue, keyOffset: Int = 0) {
        self.key = key
        self.keyOffset = keyOffset
        self.value = value
    }
}

extension JSONValue: Equatable {
    /// Whether both values have the same content, numbers compared as written, strings scalar by scalar and members in
    /// order; offsets do not count.
    public static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left.content, right.content) {
        case (.null, .null): true
        case (.boolean(let left), .boolean(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        case (.null, _), (.boolean, _), (.number, _), (.string, _), (.array, _), (.object, _): false
        }
    }
}

extension JSONMember: Equatable {
    /// Whether both members have the same key, compared scalar by scalar, and the same value.
    public static func == (left: JSONMember, right: JSONMember) -> Bool {
        left.key.utf8.elementsEqual(right.key.utf8) && left.value == right.value
    }
}

extension JSONReader {
    /// Reads the next value as a tree.
    ///
    /// - Throws: `JSONError`, also for an object that has a key twice.
    public mutating func readValue() throws(JSONError) -> JSONValue {
        let kind = try peek()
        let start = offset
        switch kind {
        case .null:
            try readNull()
            return JSONValue(.null, offset: start)
        case .boolean:
            return JSONValue(.boolean(try readBoolean()), offset: start)
        case .number:
            return JSONValue(.number(try readNumber()), offset: start)
        case .string:
            return JSONValue(.string(try scanString().string), offset: start)
        case .array:
            var elements: [JSONValue] = []
            try enterArray()
            while try hasNextElement() { elements.append(try readValue()) }
            return JSONValue(.array(elements), offset: start)
        case .object:
            return JSONValue(.object(try readMembers()), offset: start)
        }
    }

    private mutating func readMembers() throws(JSONError) -> [JSONMember] {
        var members: [JSONMember] = []
        var keys = Set<[UInt8]>()
        try enterObject()
        while let slice = try nextKey() {
            let keyOffset = slice.offset - 1
            let key = slice.string
            guard keys.insert(Array(key.utf8)).inserted else { throw failure(.duplicateKey(key), at: keyOffset) }
            members.append(JSONMember(key: key, value: try readValue(), keyOffset: keyOffset))
        }
        return members
    }
}
