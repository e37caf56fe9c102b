// Collects the keys of one table in the order in which they are to be printed.
// Not the layout of a file: ModelPrinter decides what stands inline and what gets a heading.

/// A value on its way into a TOML text.
public indirect enum PrintedValue: Sendable, Equatable {
    /// A string.
    case string(String)
    /// A whole number.
    case integer(Int)
    /// A number with a fraction or an exponent.
    case float(Double)
    /// A truth value.
    case boolean(Bool)
    /// A list.
    case array([PrintedValue])
    /// A table, in the order of its keys.
    case table([PrintedField])
}

/// A key with its value.
public struct PrintedField: Sendable, Equatable {
    /// The key, without quotes.
    public var key: String
    /// The value.
    public var value: PrintedValue

    /// A key with its value.
    public init(key: String, value: PrintedValue) {
        self.key = key
        self.value = value
    }
}

/// A table that is being written.
public struct TableWriter: Sendable {
    /// What was written so far.
    public private(set) var fields: [PrintedField] = []

    /// An empty table.
    public init() {}

    /// Writes any value.
    public mutating func write(_ key: String, _ value: PrintedValue) {
        fields.append(PrintedField(key: key, value: value))
    }

    /// Writes an integer.
    public mutating func write(_ key: String, _ number: Int) { write(key, .integer(number)) }

    /// Writes a number.
    public mutating func write(_ key: String, _ number: Double) { write(key, .float(number)) }

    /// Writes a truth value.
    public mutating func write(_ key: String, _ truth: Bool) { write(key, .boolean(truth)) }

    /// Writes a string.
    public mutating func write(_ key: String, _ text: String) { write(key, .string(text)) }

    /// Writes a string if there is one.
    public mutating func write(_ key: String, _ text: String?) {
        if let text { write(key, text) }
    }

    /// Writes an integer if there is one.
    public mutating func write(_ key: String, _ number: Int?) {
        if let number { write(key, number) }
    }

    /// Writes a list of strings.
    public mutating func write(_ key: String, _ texts: [String]) { write(key, .array(texts.map { .string($0) })) }

    /// Writes a list of integers.
    public mutating func write(_ key: String, _ numbers: [Int]) { write(key, .array(numbers.map { .integer($0) })) }

    /// Writes a list of numbers.
    public mutating func write(_ key: String, _ numbers: [Double]) { write(key, .array(numbers.map { .float($0) })) }

    /// Writes a name from a fixed set.
    public mutating func write<Choice: RawRepresentable>(_ key: String, _ choice: Choice)
    where Choice.RawValue == String {
        write(key, choice.rawValue)
    }

    /// Writes a set as `true` for all, `false` for none, or a list of names.
    public mutating func writeFlags<Flag: RawRepresentable & CaseIterable & Hashable>(_ key: String, _ flags: Set<Flag>)
    where Flag.RawValue == String {
        if flags.isEmpty || flags.count == Flag.allCases.count {
            write(key, !flags.isEmpty)
        } else {
            write(key, Flag.allCases.filter(flags.contains).map(\.rawValue))
        }
    }

    /// Writes a table from strings to strings, sorted by key.
    public mutating func write(_ key: String, _ strings: [String: String]) {
        writeTable(key) { table in
            for (name, text) in strings.sorted(by: { $0.key < $1.key }) { table.write(name, text) }
        }
    }

    /// Writes a table.
    public mutating func writeTable(_ key: String, _ body: (inout TableWriter) -> Void) {
        var table = TableWriter()
        body(&table)
        write(key, .table(table.fields))
    }

    /// Writes a layer: its kind, then its parameters.
    public mutating func write(_ key: String, _ layer: Layer) {
        writeTable(key) { layer.write(to: &$0) }
    }

    /// Writes a layer if there is one.
    public mutating func write(_ key: String, _ layer: Layer?) {
        if let layer { write(key, layer) }
    }
}

extension Layer {
    /// Writes the kind, then the parameters.
    public func write(to writer: inout TableWriter) {
        writer.write("kind", kind)
        parameters.write(to: &writer)
    }
}
