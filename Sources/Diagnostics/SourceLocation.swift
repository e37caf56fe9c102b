// Where a problem stands in a text that a user wrote: file, line, column, and a span of them.
// Not the text itself: rendering an excerpt takes the text as an argument (DiagnosticRendering.swift).

/// A place in a text file.
public struct SourceLocation: Sendable, Hashable, Comparable {
    /// The path as the user gave it; editors open it.
    public var file: String
    /// The line, counted from 1.
    public var line: Int
    /// The column in Unicode scalars, counted from 1.
    public var column: Int

    /// A place in `file`; `line` and `column` count from 1.
    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// Orders by file, then from the top of the file to its end.
    public static func < (left: SourceLocation, right: SourceLocation) -> Bool {
        (left.file, left.line, left.column) < (right.file, right.line, right.column)
    }
}

extension SourceLocation: CustomStringConvertible {
    /// `path:line:column`, the form that editors and build systems recognise.
    public var description: String { "\(file):\(line):\(column)" }
}

/// A piece of a text file, from its first character to just after its last one.
public struct SourceSpan: Sendable, Hashable {
    /// The first character.
    public var start: SourceLocation
    /// The line of the end.
    public var endLine: Int
    /// The column just after the last character.
    public var endColumn: Int

    /// A span from `start` to just before (`endLine`, `endColumn`).
    public init(start: SourceLocation, endLine: Int, endColumn: Int) {
        self.start = start
        self.endLine = endLine
        self.endColumn = endColumn
    }

    /// An empty span: a place without extent.
    public init(_ location: SourceLocation) {
        self.init(start: location, endLine: location.line, endColumn: location.column)
    }

    /// Whether `location` lies in this span, its end included.
    public func contains(_ location: SourceLocation) -> Bool {
        location.file == start.file
            && (location.line, location.column) >= (start.line, start.column)
            && (location.line, location.column) <= (endLine, endColumn)
    }
}
