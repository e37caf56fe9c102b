// What is wrong with a template, or went wrong in it, and where.
// Not a list: a template stops at its first error. Next: ChatTemplate.swift.

/// The first thing wrong in a chat template or its rendering, and where it stands.
public struct TemplateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of thing went wrong, which decides who has to do something about it.
    public enum Kind: Hashable, Sendable {
        /// The text is no template, or uses what is not supported; found when the template is loaded.
        case syntax
        /// The template called `raise_exception`: the conversation is not one that it accepts.
        case raised
        /// The template did something that its values do not allow.
        case evaluation
        /// Rendering would go beyond one of its `RenderingLimits`.
        case limit
    }

    /// What kind of thing went wrong.
    public let kind: Kind
    /// The name under which the template was loaded.
    public let file: String
    /// The line, counted from 1.
    public let line: Int
    /// The column, counted from 1 in UTF-8 bytes.
    public let column: Int
    /// What went wrong; for `raised`, exactly what the template said.
    public let message: String

    /// Makes an error.
    public init(kind: Kind, file: String, line: Int, column: Int, message: String) {
        self.kind = kind
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    /// `file:line:column: ` and the message.
    public var description: String { "\(file):\(line):\(column): \(message)" }
}

/// Where the lines of a template start, so that errors can name places.
struct TemplatePlaces: Sendable {
    private let file: String
    private let lineStarts: [Int]

    init(file: String, source: [UInt8]) {
        self.file = file
        var starts = [0]
        for (offset, byte) in source.enumerated() where byte == UInt8(ascii: "\n") { starts.append(offset + 1) }
        lineStarts = starts
    }

    func error(_ kind: TemplateError.Kind, at offset: Int, _ message: String) -> TemplateError {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return TemplateError(
            kind: kind,
            file: file,
            line: low + 1,
            column: offset - lineStarts[low] + 1,
            message: message
        )
    }
}
