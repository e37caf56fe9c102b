// Reads the keys of one TOML table by type and range, and reports everything that is wrong with them at once.
// Not the meaning of a table: each section and each layer kind says which keys it has.
// Read next: TableReader+Values.swift for strings, lists and names, TableReader+Tables.swift for tables in tables.

import Diagnostics

/// A table that is being read.
///
/// Each reading function returns nil after having reported what is wrong, so a section reads all its keys first and
/// then builds its value from those that are there:
/// ```swift
/// let heads = reader.integer("heads", in: 1...4096)
/// let bias = reader.bool("bias", default: false)
/// guard let heads, let bias else { return nil }
/// ```
/// Whoever opened the table reports, at its end, every key that was not read.
public struct TableReader {
    /// The key path of the table: `decoder.attention`; empty for the file itself.
    public let keyPath: String
    /// The heading of the table, or the table itself if it is inline.
    public let span: SourceSpan
    /// The layer kinds that may be named inside.
    public let catalog: LayerCatalog
    /// What was reported so far, in this table and those inside.
    public internal(set) var diagnostics = DiagnosticCollector()

    let entries: [String: TOMLEntry]
    /// The keys that were asked for, in that order.
    private(set) var knownKeys: [String] = []
    /// Required keys that are not stated, with the message about each; reported at the end, because a misspelt key may
    /// turn out to be one of them.
    private var missing: [(key: String, message: String)] = []

    init(entries: [String: TOMLEntry], keyPath: String, span: SourceSpan, catalog: LayerCatalog) {
        self.entries = entries
        self.keyPath = keyPath
        self.span = span
        self.catalog = catalog
    }

    /// Whether nothing wrong was found so far, in this table and those inside.
    public var isSound: Bool { missing.isEmpty && !diagnostics.hasErrors }

    /// Whether the table states `key`.
    public func has(_ key: String) -> Bool { entries[key] != nil }

    /// The table's name in messages.
    var name: String { keyPath.isEmpty ? "a model description" : "[\(keyPath)]" }

    // MARK: - Reporting

    /// Reports an error at the value of `key`, or at element `element` of it, or at the table if it is not stated.
    public mutating func report(_ message: String, at key: String, element: Int? = nil) {
        diagnostics.report(.error(message, at: span(of: key, element: element)))
    }

    /// Reports an error that concerns the table as a whole.
    public mutating func report(_ message: String) {
        diagnostics.report(.error(message, at: span))
    }

    /// Where the value of `key` stands, or element `element` of it, or the table if `key` is not stated.
    public func span(of key: String, element: Int? = nil) -> SourceSpan {
        guard let value = entries[key]?.value else { return span }
        if let element, case .array(let nodes) = value.content, nodes.indices.contains(element) {
            return nodes[element].span
        }
        return value.span
    }

    mutating func reportMissing(_ key: String, message: String) {
        missing.append((key, message))
    }

    mutating func reportWrong(_ key: String, found node: TOMLNode, expected: String, element: Int? = nil) {
        let subject = element.map { "element \($0) of `\(key)`" } ?? "`\(key)`"
        diagnostics.report(.error("\(subject) is \(Self.words(for: node)), but must be \(expected)", at: node.span))
    }

    /// Reports the keys that nothing asked for and those that are missing. Called once, by whoever opened the table.
    mutating func finish() {
        for (key, entry) in entries where !knownKeys.contains(key) {
            var message = "\(name) has no key `\(TOMLText.key(key))`"
            if let nearest = nearestName(to: key, among: knownKeys) {
                message += "; did you mean `\(nearest)`?"
                missing.removeAll { $0.key == nearest }
            } else {
                message += "; its keys are \(knownKeys.map { "`\($0)`" }.joined(separator: ", "))"
            }
            diagnostics.report(.error(message, at: entry.key))
        }
        for (_, message) in missing { report(message) }
    }

    // MARK: - Looking up

    /// The value of `key`, which counts as known afterwards.
    mutating func node(_ key: String) -> TOMLNode? {
        if !knownKeys.contains(key) { knownKeys.append(key) }
        return entries[key]?.value
    }

    /// The value of `key`, reported as missing if it is not stated.
    mutating func requiredNode(_ key: String, expected: String) -> TOMLNode? {
        let node = node(key)
        if node == nil { reportMissing(key, message: "\(name) needs the key `\(key)`: \(expected)") }
        return node
    }

    /// What a value is, for "… is X, but must be Y".
    static func words(for node: TOMLNode) -> String {
        switch node.content {
        case .string(let text): "the string \(TOMLText.string(shortened(text)))"
        case .integer(let number): "\(number)"
        case .float(let number): TOMLText.float(number)
        case .boolean(let truth): "\(truth)"
        case .date: "a date or time"
        case .array: "an array"
        case .table: "a table"
        }
    }

    private static func shortened(_ text: String) -> String {
        text.count <= 40 ? text : text.prefix(37) + "..."
    }
}

// MARK: - Numbers

extension TableReader {
    /// A required integer in `range`.
    public mutating func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        let expected = Self.words(for: range)
        return requiredNode(key, expected: expected).flatMap { integer(key, $0, in: range, expected: expected) }
    }

    /// An integer in `range`, or `fallback` if it is not stated. A nil fallback stands for a value that was wrong itself.
    public mutating func integer(_ key: String, in range: ClosedRange<Int>, default fallback: Int?) -> Int? {
        guard let node = node(key) else { return fallback }
        return integer(key, node, in: range, expected: Self.words(for: range))
    }

    /// An integer in `range` that may be left out; nil also after having reported a wrong one.
    public mutating func optionalInteger(_ key: String, in range: ClosedRange<Int>) -> Int? {
        integer(key, in: range, default: nil)
    }

    mutating func integer(
        _ key: String,
        _ node: TOMLNode,
        in range: ClosedRange<Int>,
        expected: String,
        element: Int? = nil
    ) -> Int? {
        if case .integer(let number) = node.content, range.contains(number) { return number }
        reportWrong(key, found: node, expected: expected, element: element)
        return nil
    }

    /// A required number in `range`. Integers count as numbers.
    public mutating func float(_ key: String, in range: FloatRange) -> Double? {
        requiredNode(key, expected: range.words).flatMap { float(key, $0, in: range) }
    }

    /// A number in `range`, or `fallback` if it is not stated. A nil fallback stands for a value that was wrong itself.
    public mutating func float(_ key: String, in range: FloatRange, default fallback: Double?) -> Double? {
        guard let node = node(key) else { return fallback }
        return float(key, node, in: range)
    }

    mutating func float(_ key: String, _ node: TOMLNode, in range: FloatRange, element: Int? = nil) -> Double? {
        switch node.content {
        case .float(let number) where range.contains(number): return number
        case .integer(let number) where range.contains(Double(number)): return Double(number)
        default:
            reportWrong(key, found: node, expected: range.words, element: element)
            return nil
        }
    }

    private static func words(for range: ClosedRange<Int>) -> String {
        "an integer from \(range.lowerBound) to \(range.upperBound)"
    }
}

/// The numbers that a key allows; never NaN, never infinite.
public struct FloatRange: Sendable {
    /// What the range is called in messages: "a number greater than 0".
    public let words: String
    private let lower: Double
    private let lowerIsAllowed: Bool
    private let upper: Double

    /// Numbers greater than `bound`.
    public static func greaterThan(_ bound: Double) -> FloatRange {
        FloatRange(
            words: "a number greater than \(short(bound))",
            lower: bound,
            lowerIsAllowed: false,
            upper: .greatestFiniteMagnitude
        )
    }

    /// Numbers from `bound` up.
    public static func atLeast(_ bound: Double) -> FloatRange {
        FloatRange(
            words: "a number not less than \(short(bound))",
            lower: bound,
            lowerIsAllowed: true,
            upper: .greatestFiniteMagnitude
        )
    }

    /// Numbers from `range.lowerBound` to `range.upperBound`, both included.
    public static func from(_ range: ClosedRange<Double>) -> FloatRange {
        FloatRange(
            words: "a number from \(short(range.lowerBound)) to \(short(range.upperBound))",
            lower: range.lowerBound,
            lowerIsAllowed: true,
            upper: range.upperBound
        )
    }

    /// Any finite number.
    public static let finite = FloatRange(
        words: "a finite number",
        lower: -.greatestFiniteMagnitude,
        lowerIsAllowed: true,
        upper: .greatestFiniteMagnitude
    )

    /// Whether `number` is in the range.
    public func contains(_ number: Double) -> Bool {
        (lowerIsAllowed ? number >= lower : number > lower) && number <= upper
    }

    private static func short(_ number: Double) -> String {
        let text = TOMLText.float(number)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
