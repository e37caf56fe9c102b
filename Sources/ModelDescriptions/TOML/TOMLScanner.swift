// Checks the grammar of a TOML text and finds where each key and value stands: TOMLKit gives values without places,
// and its parser aborts on some text that is not TOML, so it sees only text that has passed here.
// Not a reader of values. Read next: TOMLScanner+Strings.swift, TOMLScanner+Values.swift, TOMLDocument.swift.

import Diagnostics

/// The places of the keys and values of one table, array or plain value.
final class TOMLPlace {
    /// The key that names it, or for an element of an array the element itself.
    var key: SourceSpan
    /// The value, or the heading of a table that has one.
    var value: SourceSpan
    /// Values of a table by key.
    var children: [String: TOMLPlace] = [:]
    /// Values of an array.
    var elements: [TOMLPlace] = []
    /// Whether this is an array of tables, which later headings extend.
    var isTableArray = false
    /// Whether this is a table with a heading of its own.
    var hasHeading = false

    init(key: SourceSpan, value: SourceSpan) {
        self.key = key
        self.value = value
    }
}

/// Why a text is not TOML; the first reason only, because the rest of the text cannot be trusted after it.
struct TOMLGrammarError: Error {
    var diagnostic: Diagnostic
}

/// One pass over a text from its first byte to its last, by the grammar of TOML 1.0.
struct TOMLScanner {
    /// Tables and arrays may nest this deep: readers after this one recurse.
    static let deepest = 32

    let bytes: [UInt8]
    private let file: String
    private(set) var index = 0
    private var line = 1
    private var column = 1

    private init(text: String, file: String) {
        bytes = Array(text.utf8)
        self.file = file
    }

    /// The places in `text`, which diagnostics call `file`.
    static func scan(_ text: String, file: String) throws(TOMLGrammarError) -> TOMLPlace {
        var scanner = TOMLScanner(text: text, file: file)
        let start = SourceSpan(scanner.location)
        let root = TOMLPlace(key: start, value: start)
        try scanner.scanDocument(into: root)
        return root
    }

    // MARK: - Characters

    var location: SourceLocation { SourceLocation(file: file, line: line, column: column) }

    var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    func isAt(_ character: Unicode.Scalar) -> Bool { current == UInt8(ascii: character) }

    func starts(with text: StaticString) -> Bool {
        text.withUTF8Buffer { bytes[index...].starts(with: $0) }
    }

    /// Whether a line ends here: a line feed, or a carriage return before one.
    var isAtLineEnd: Bool { isAt("\n") || starts(with: "\r\n") }

    /// Moves over one byte; a column is a Unicode scalar, so continuation bytes do not count.
    mutating func advance() {
        guard let byte = current else { return }
        index += 1
        if byte == UInt8(ascii: "\n") {
            line += 1
            column = 1
        } else if index >= bytes.count || bytes[index] & 0xC0 != 0x80 {
            column += 1
        }
    }

    mutating func advance(_ count: Int) {
        for _ in 0..<count { advance() }
    }

    mutating func expect(_ character: Unicode.Scalar) throws(TOMLGrammarError) {
        guard isAt(character) else { throw error("expected `\(character)`, found \(found)") }
        advance()
    }

    mutating func skipBlanks() {
        while isAt(" ") || isAt("\t") { advance() }
    }

    /// Skips blanks, line ends and comments.
    mutating func skipLines() throws(TOMLGrammarError) {
        while true {
            skipBlanks()
            if isAt("#") {
                try skipComment()
            } else if isAtLineEnd {
                advance(isAt("\n") ? 1 : 2)
            } else {
                return
            }
        }
    }

    private mutating func skipComment() throws(TOMLGrammarError) {
        while current != nil, !isAtLineEnd {
            try refuseControlCharacter()
            advance()
        }
    }

    /// Control characters other than the tab stand nowhere in TOML.
    func refuseControlCharacter() throws(TOMLGrammarError) {
        guard let byte = current, byte < 0x20 && byte != 0x09 || byte == 0x7F else { return }
        throw error("\(found) cannot stand here; in a string, write an escape such as \\n or \\u0007")
    }

    // MARK: - Errors

    /// What stands here, in words.
    var found: String {
        guard let byte = current else { return "the end of the file" }
        if isAtLineEnd { return "the end of the line" }
        if byte < 0x20 || byte == 0x7F {
            let digits = String(byte, radix: 16, uppercase: true)
            return "the control character U+00\(digits.count == 1 ? "0" : "")\(digits)"
        }
        let rest = String(decoding: bytes[index..<min(index + 4, bytes.count)], as: UTF8.self)
        return rest.unicodeScalars.first.map { "`\($0)`" } ?? "the end of the file"
    }

    func span(from start: SourceLocation) -> SourceSpan {
        SourceSpan(start: start, endLine: line, endColumn: column)
    }

    func error(_ message: String, at start: SourceLocation? = nil) -> TOMLGrammarError {
        TOMLGrammarError(diagnostic: .error("this is not TOML: \(message)", at: span(from: start ?? location)))
    }

    func tooDeep(at start: SourceLocation) -> TOMLGrammarError {
        let message = "tables and arrays nest more than \(Self.deepest) deep here"
        return TOMLGrammarError(diagnostic: .error(message, at: span(from: start)))
    }

    private func twice(_ what: String, _ second: SourceSpan, _ first: SourceSpan) -> TOMLGrammarError {
        let notes = [Diagnostic.Note("it stands here first", at: first)]
        return TOMLGrammarError(diagnostic: .error("this \(what) stands here a second time", at: second, notes: notes))
    }

    // MARK: - Document

    private mutating func scanDocument(into root: TOMLPlace) throws(TOMLGrammarError) {
        if starts(with: "\u{FEFF}") {
            index += 3
        }
        var table = root
        while true {
            try skipLines()
            if current == nil { return }
            if isAt("[") {
                table = try scanHeading(root: root)
            } else {
                try scanPair(into: table, depth: 0)
            }
            skipBlanks()
            guard current == nil || isAtLineEnd || isAt("#") else {
                throw error("expected the end of the line, found \(found)")
            }
        }
    }

    /// `[a.b]` or `[[a.b]]`; returns the table that the following pairs belong to.
    private mutating func scanHeading(root: TOMLPlace) throws(TOMLGrammarError) -> TOMLPlace {
        let start = location
        advance()
        let isTableArray = isAt("[")
        if isTableArray { advance() }
        skipBlanks()
        let (parents, last) = try scanDottedKey(depth: 0)
        try expect("]")
        if isTableArray { try expect("]") }
        let heading = span(from: start)
        var table = root
        for key in parents {
            table = child(key, of: table)
            if table.isTableArray, let element = table.elements.last { table = element }
        }
        if isTableArray {
            let array = child(last, of: table)
            if array.elements.isEmpty { array.value = heading }
            array.isTableArray = true
            let element = TOMLPlace(key: heading, value: heading)
            array.elements.append(element)
            return element
        }
        let place = child(last, of: table)
        if place.hasHeading { throw twice("table", heading, place.value) }
        place.hasHeading = true
        place.key = last.span
        place.value = heading
        return place
    }

    private func child(_ key: Key, of table: TOMLPlace) -> TOMLPlace {
        if let place = table.children[key.name] { return place }
        let place = TOMLPlace(key: key.span, value: key.span)
        table.children[key.name] = place
        return place
    }

    /// `a.b = value` in a table `depth` deep.
    mutating func scanPair(into table: TOMLPlace, depth: Int) throws(TOMLGrammarError) {
        let (parents, last) = try scanDottedKey(depth: depth)
        guard isAt("=") else { throw error("expected `=` after the key, found \(found)") }
        advance()
        skipBlanks()
        var table = table
        for key in parents { table = child(key, of: table) }
        if let first = table.children[last.name] { throw twice("key", last.span, first.key) }
        let place = try scanValue(depth: depth + parents.count + 1)
        place.key = last.span
        table.children[last.name] = place
    }

    // MARK: - Keys

    struct Key {
        var name: String
        var span: SourceSpan
    }

    /// `a . "b".c`, with the blanks after it.
    private mutating func scanDottedKey(depth: Int) throws(TOMLGrammarError) -> (parents: [Key], last: Key) {
        var parents: [Key] = []
        while true {
            let start = location
            guard depth + parents.count < Self.deepest else { throw tooDeep(at: start) }
            let name =
                switch current {
                case UInt8(ascii: "\""): try scanBasicString()
                case UInt8(ascii: "'"): try scanLiteralString()
                default: try scanBareKey()
                }
            let key = Key(name: name, span: span(from: start))
            skipBlanks()
            guard isAt(".") else { return (parents, key) }
            parents.append(key)
            advance()
            skipBlanks()
        }
    }

    private mutating func scanBareKey() throws(TOMLGrammarError) -> String {
        let start = index
        while let byte = current, TOMLText.isBareKeyCharacter(byte) { advance() }
        guard index > start else { throw error("expected a key, found \(found)") }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }
}
