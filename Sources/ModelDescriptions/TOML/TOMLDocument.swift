// A TOML text as a tree of values that know their places: TOMLKit's values joined with TOMLScanner's places.
// Not the meaning of keys: TableReader reads those from here.

import Diagnostics
import TOMLKit

/// A value in a TOML text, and where it stands.
struct TOMLNode: Sendable {
    indirect enum Content: Sendable {
        case string(String)
        case integer(Int)
        case float(Double)
        case boolean(Bool)
        /// Dates and times, which no description has.
        case date
        case array([TOMLNode])
        case table([String: TOMLEntry])
    }

    var content: Content
    var span: SourceSpan
}

/// A value in a table, with the place of its key.
struct TOMLEntry: Sendable {
    var key: SourceSpan
    var value: TOMLNode
}

/// Reads texts into trees.
enum TOMLDocument {
    /// What is said of a file with more bytes than a description may have.
    static func tooLong(_ file: String) -> Diagnostic {
        let start = SourceLocation(file: file, line: 1, column: 1)
        return .error("a description has at most \(Limits.fileBytes) bytes; this file has more", at: SourceSpan(start))
    }

    /// The tree of `text`, or nil after having reported why it is none.
    static func parse(_ text: String, file: String, reporting diagnostics: inout DiagnosticCollector) -> TOMLNode? {
        guard text.utf8.count <= Limits.fileBytes else {
            diagnostics.report(tooLong(file))
            return nil
        }
        do {
            let places = try TOMLScanner.scan(text, file: file)
            let table = try TOMLTable(string: text)
            return TOMLNode(content: .table(entries(of: table, place: places)), span: places.value)
        } catch let error as TOMLGrammarError {
            diagnostics.report(error.diagnostic)
        } catch let error as TOMLParseError {
            diagnostics.report(diagnostic(of: error, file: file))
        } catch {
            diagnostics.report(.error("this is not TOML: \(error)"))
        }
        return nil
    }

    private static func diagnostic(of error: TOMLParseError, file: String) -> Diagnostic {
        let begin = error.source.begin
        let start = SourceLocation(file: file, line: max(begin.line, 1), column: max(begin.column, 1))
        return .error("this is not TOML: \(sentence(of: error.description))", at: SourceSpan(start))
    }

    /// The parser's message on one line, from a small letter to no full stop, like every other message.
    private static func sentence(of description: String) -> String {
        var text = description.split(whereSeparator: \.isNewline).joined(separator: " ")
        while text.hasSuffix(".") { text.removeLast() }
        return text.prefix(1).lowercased() + text.dropFirst()
    }

    // MARK: - Joining values and places

    private static func entries(of table: TOMLTable, place: TOMLPlace) -> [String: TOMLEntry] {
        var entries: [String: TOMLEntry] = [:]
        for key in table.keys {
            guard let value = table[key] else { continue }
            let child = place.children[key] ?? TOMLPlace(key: place.key, value: place.value)
            entries[key] = TOMLEntry(key: child.key, value: node(of: value, place: child))
        }
        return entries
    }

    private static func node(of value: any TOMLValueConvertible, place: TOMLPlace) -> TOMLNode {
        TOMLNode(content: content(of: value, place: place), span: place.value)
    }

    private static func content(of value: any TOMLValueConvertible, place: TOMLPlace) -> TOMLNode.Content {
        if let text = value.string { return .string(text) }
        if let number = value.int { return .integer(number) }
        if let number = value.double { return .float(number) }
        if let truth = value.bool { return .boolean(truth) }
        if let table = value.table { return .table(entries(of: table, place: place)) }
        if let array = value.array {
            var nodes: [TOMLNode] = []
            for (position, element) in array.enumerated() {
                let elementPlace = position < place.elements.count ? place.elements[position] : place
                nodes.append(node(of: element, place: elementPlace))
            }
            return .array(nodes)
        }
        return .date
    }
}

extension TOMLNode {
    /// The places of everything in this table, by key path.
    func sourceMap() -> SourceMap {
        var entries: [String: SourceMap.Entry] = [:]
        collect(path: "", into: &entries)
        return SourceMap(entries)
    }

    private func collect(path: String, into entries: inout [String: SourceMap.Entry]) {
        switch content {
        case .table(let table):
            for (key, entry) in table {
                let keyPath = TOMLText.keyPath(path, key)
                entries[keyPath] = SourceMap.Entry(key: entry.key, value: entry.value.span)
                entry.value.collect(path: keyPath, into: &entries)
            }
        case .array(let nodes):
            for (position, node) in nodes.enumerated() {
                let keyPath = "\(path)[\(position)]"
                entries[keyPath] = SourceMap.Entry(key: node.span, value: node.span)
                node.collect(path: keyPath, into: &entries)
            }
        case .string, .integer, .float, .boolean, .date:
            break
        }
    }
}
