// Prints diagnostics: `path:line:column: error: message`, and for terminals the line at fault with a caret below it.
// Not colours: whoever writes to a terminal adds those.

extension Diagnostic: CustomStringConvertible {
    /// `path:line:column: error: message`, with each note on a line of its own.
    public var description: String {
        var lines = [Self.line(place: location, word: severity.description, message: message)]
        lines += notes.map { Self.line(place: $0.span?.start, word: "note", message: $0.message) }
        return lines.joined(separator: "\n")
    }

    /// The same lines; below each that has a place in `sources` stand the source line and carets under the span.
    ///
    /// - Parameter sources: The text of each file, by the path that locations name.
    public func rendered(sources: [String: String]) -> String {
        var lines = [Self.line(place: location, word: severity.description, message: message)]
        lines += Self.excerpt(of: span, sources: sources)
        for note in notes {
            lines.append(Self.line(place: note.span?.start, word: "note", message: note.message))
            lines += Self.excerpt(of: note.span, sources: sources)
        }
        return lines.joined(separator: "\n")
    }

    private static func line(place: SourceLocation?, word: String, message: String) -> String {
        let head = place.map { "\($0): " } ?? ""
        return "\(head)\(word): \(message)"
    }

    private static func excerpt(of span: SourceSpan?, sources: [String: String]) -> [String] {
        guard let span, let text = sources[span.start.file],
            let line = sourceLine(span.start.line, of: text)
        else { return [] }
        let scalars = Array(line.unicodeScalars)
        let first = min(max(span.start.column - 1, 0), scalars.count)
        let spanEnd = span.endLine == span.start.line ? span.endColumn - 1 : scalars.count
        let last = min(max(spanEnd, first + 1), max(scalars.count, first + 1))
        // A long line is cut to a window around the caret, so that an excerpt stays one terminal line.
        let windowStart = max(0, first - excerptContext)
        let windowEnd = min(scalars.count, windowStart + excerptWidth)
        let shown = String(String.UnicodeScalarView(scalars[windowStart..<windowEnd].map(printable)))
        let padding = String(String.UnicodeScalarView(scalars[windowStart..<first].map { $0 == "\t" ? "\t" : " " }))
        let carets = String(repeating: "^", count: max(1, min(last, max(windowEnd, first + 1)) - first))
        return ["    " + shown, "    " + padding + carets]
    }

    private static let excerptContext = 60
    private static let excerptWidth = 110

    /// Control characters would move the cursor of a terminal.
    private static func printable(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        scalar != "\t" && (scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value)) ? "\u{FFFD}" : scalar
    }

    private static func sourceLine(_ number: Int, of text: String) -> Substring? {
        guard number >= 1 else { return nil }
        var line = 1
        var start = text.utf8.startIndex
        for index in text.utf8.indices where text.utf8[index] == UInt8(ascii: "\n") {
            if line == number { return withoutCarriageReturn(text[start..<index]) }
            line += 1
            start = text.utf8.index(after: index)
        }
        return line == number ? withoutCarriageReturn(text[start...]) : nil
    }

    private static func withoutCarriageReturn(_ line: Substring) -> Substring {
        line.unicodeScalars.last == "\r" ? Substring(line.unicodeScalars.dropLast()) : line
    }
}
