// Truth values, strings, names from a fixed set, and lists of these.
// Not numbers (TableReader.swift) and not tables (TableReader+Tables.swift).

import Diagnostics

extension TableReader {
    /// A required truth value.
    public mutating func bool(_ key: String) -> Bool? {
        requiredNode(key, expected: "true or false").flatMap { bool(key, $0) }
    }

    /// A truth value, or `fallback` if it is not stated.
    public mutating func bool(_ key: String, default fallback: Bool) -> Bool? {
        guard let node = node(key) else { return fallback }
        return bool(key, node)
    }

    private mutating func bool(_ key: String, _ node: TOMLNode) -> Bool? {
        if case .boolean(let truth) = node.content { return truth }
        reportWrong(key, found: node, expected: "true or false")
        return nil
    }

    // MARK: - Strings

    /// A required string that is not empty.
    public mutating func string(_ key: String) -> String? {
        requiredNode(key, expected: Self.someString).flatMap { string(key, $0) }
    }

    /// A string that is not empty, or `fallback` if it is not stated.
    public mutating func string(_ key: String, default fallback: String) -> String? {
        guard let node = node(key) else { return fallback }
        return string(key, node)
    }

    /// A string that is not empty and may be left out; nil also after having reported a wrong one.
    public mutating func optionalString(_ key: String) -> String? {
        node(key).flatMap { string(key, $0) }
    }

    /// A string, which may be empty, or `fallback` if it is not stated.
    public mutating func text(_ key: String, default fallback: String) -> String? {
        guard let node = node(key) else { return fallback }
        if case .string(let text) = node.content { return text }
        reportWrong(key, found: node, expected: "a string")
        return nil
    }

    mutating func string(_ key: String, _ node: TOMLNode, element: Int? = nil) -> String? {
        if case .string(let text) = node.content, !text.isEmpty { return text }
        reportWrong(key, found: node, expected: Self.someString, element: element)
        return nil
    }

    private static var someString: String { "a string that is not empty" }

    // MARK: - Names

    /// A required name from the cases of `type`.
    public mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String,
        of type: Choice.Type
    ) -> Choice? where Choice.RawValue == String {
        let names = Choice.allCases.map(\.rawValue)
        return choice(key, among: names).flatMap(Choice.init(rawValue:))
    }

    /// A name from the cases of `type`, or `fallback` if it is not stated.
    public mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String,
        of type: Choice.Type,
        default fallback: Choice?
    ) -> Choice? where Choice.RawValue == String {
        let names = Choice.allCases.map(\.rawValue)
        guard let node = node(key) else { return fallback }
        return choice(key, node, among: names).flatMap(Choice.init(rawValue:))
    }

    /// A required name out of `names`.
    public mutating func choice(_ key: String, among names: [String]) -> String? {
        requiredNode(key, expected: Self.words(for: names)).flatMap { choice(key, $0, among: names) }
    }

    mutating func choice(_ key: String, _ node: TOMLNode, among names: [String], element: Int? = nil) -> String? {
        guard case .string(let text) = node.content else {
            reportWrong(key, found: node, expected: Self.words(for: names), element: element)
            return nil
        }
        if names.contains(text) { return text }
        let hint = nearestName(to: text, among: names).map { "; did you mean \(TOMLText.string($0))?" } ?? ""
        reportWrong(key, found: node, expected: Self.words(for: names) + hint, element: element)
        return nil
    }

    static func words(for names: [String]) -> String {
        let quoted = names.map(TOMLText.string)
        return quoted.count == 1 ? quoted[0] : "one of \(quoted.joined(separator: ", "))"
    }

    /// A set of cases of `type`: `true` for all, `false` for none, or a list of names; `fallback` if it is not stated.
    public mutating func flags<Flag: RawRepresentable & CaseIterable & Hashable>(
        _ key: String,
        of type: Flag.Type,
        default fallback: Set<Flag>
    ) -> Set<Flag>? where Flag.RawValue == String {
        guard let node = node(key) else { return fallback }
        if case .boolean(let truth) = node.content { return truth ? Set(Flag.allCases) : [] }
        let names = Flag.allCases.map(\.rawValue)
        guard case .array(let nodes) = node.content else {
            let list = names.map(TOMLText.string).joined(separator: ", ")
            reportWrong(key, found: node, expected: "true, false or a list out of \(list)")
            return nil
        }
        var flags: Set<Flag> = []
        var isSound = true
        for (position, element) in nodes.enumerated() {
            guard let name = choice(key, element, among: names, element: position), let flag = Flag(rawValue: name)
            else {
                isSound = false
                continue
            }
            if !flags.insert(flag).inserted {
                report("`\(key)` names \"\(name)\" twice", at: key, element: position)
                isSound = false
            }
        }
        return isSound ? flags : nil
    }

    // MARK: - Lists

    /// A list of strings that are not empty and differ; `fallback` if it is not stated.
    public mutating func strings(_ key: String, default fallback: [String]) -> [String]? {
        guard let node = node(key) else { return fallback }
        let texts = elements(key, node, expected: "a list of strings") { reader, element, position in
            reader.string(key, element, element: position)
        }
        guard let texts, isDistinct(key, texts, words: TOMLText.string) else { return nil }
        return texts
    }

    /// A required list of strings that are not empty and differ, with at least one of them.
    public mutating func someStrings(_ key: String) -> [String]? {
        let expected = "a list of at least one string"
        guard let node = requiredNode(key, expected: expected) else { return nil }
        if case .array(let nodes) = node.content, nodes.isEmpty {
            report("`\(key)` is empty, but must be \(expected)", at: key)
            return nil
        }
        return strings(key, default: [])
    }

    /// A required list of integers in `range`; `count` is how many there must be.
    public mutating func integers(_ key: String, in range: ClosedRange<Int>, count: Int) -> [Int]? {
        let expected = "a list of \(count) integers"
        guard let node = requiredNode(key, expected: expected) else { return nil }
        let bounds = "an integer from \(range.lowerBound) to \(range.upperBound)"
        let numbers = elements(key, node, expected: expected) { reader, element, position in
            reader.integer(key, element, in: range, expected: bounds, element: position)
        }
        return checkCount(key, numbers, count)
    }

    /// A required list of numbers in `range`; `count`, unless nil, is how many there must be.
    public mutating func floats(_ key: String, in range: FloatRange, count: Int?) -> [Double]? {
        let expected = count.map { "a list of \($0) numbers" } ?? "a list of numbers"
        guard let node = requiredNode(key, expected: expected) else { return nil }
        let numbers = elements(key, node, expected: expected) { reader, element, position in
            reader.float(key, element, in: range, element: position)
        }
        return count.map { checkCount(key, numbers, $0) } ?? numbers
    }

    /// A list of layer numbers, ascending and each once; `fallback` if it is not stated.
    ///
    /// - Parameter layers: How many layers there are, or nil if that is not known.
    public mutating func layerNumbers(_ key: String, layers: Int?, default fallback: [Int]) -> [Int]? {
        guard let node = node(key) else { return fallback }
        let last = (layers ?? Limits.layers.upperBound) - 1
        let bounds = layers.map { "a layer from 0 to \(last): there are \($0)" } ?? "a layer from 0 to \(last)"
        let numbers = elements(key, node, expected: "a list of layer numbers") { reader, element, position in
            reader.integer(key, element, in: 0...last, expected: bounds, element: position)
        }
        guard let numbers else { return nil }
        for position in numbers.indices.dropFirst() where numbers[position] <= numbers[position - 1] {
            let reason = numbers[..<position].contains(numbers[position]) ? "repeated" : "out of order"
            report(
                "layer \(numbers[position]) is \(reason): `\(key)` lists each layer once, in ascending order",
                at: key,
                element: position
            )
            return nil
        }
        return numbers
    }

    private mutating func elements<Element>(
        _ key: String,
        _ node: TOMLNode,
        expected: String,
        read: (inout TableReader, TOMLNode, Int) -> Element?
    ) -> [Element]? {
        guard case .array(let nodes) = node.content else {
            reportWrong(key, found: node, expected: expected)
            return nil
        }
        var elements: [Element] = []
        for (position, element) in nodes.enumerated() {
            if let value = read(&self, element, position) { elements.append(value) }
        }
        return elements.count == nodes.count ? elements : nil
    }

    private mutating func checkCount<Element>(_ key: String, _ elements: [Element]?, _ count: Int) -> [Element]? {
        guard let elements, elements.count != count else { return elements }
        report("`\(key)` has \(elements.count) elements, but must have \(count)", at: key)
        return nil
    }

    private mutating func isDistinct<Element: Hashable>(
        _ key: String,
        _ elements: [Element],
        words: (Element) -> String
    ) -> Bool {
        var seen: Set<Element> = []
        for (position, element) in elements.enumerated() where !seen.insert(element).inserted {
            report("`\(key)` lists \(words(element)) twice", at: key, element: position)
            return false
        }
        return true
    }
}
