// A JSON schema as a constraint: its text, and how strictly it is read.
// Not its meaning (SchemaCompiler.swift). Next: JSONStyle.swift.

import JSONText

/// A JSON schema that generated JSON must obey.
public struct JSONSchema: Hashable, Sendable {
    /// What a schema means where it says nothing.
    public struct Options: Hashable, Sendable {
        /// Whether objects may have properties that the schema does not name, where it has no `additionalProperties`.
        public var allowsAdditionalProperties: Bool
        /// Whether a `format` that is not known is an error; otherwise it is an annotation, as the standard has it.
        public var refusesUnknownFormats: Bool

        /// As OpenAI's strict mode wants it: objects are closed, and every format is obeyed or refused.
        public static let strict = Options(allowsAdditionalProperties: false, refusesUnknownFormats: true)
        /// As the standard has it: objects are open, and unknown formats mean nothing.
        public static let standard = Options(allowsAdditionalProperties: true, refusesUnknownFormats: false)

        /// Makes options.
        public init(allowsAdditionalProperties: Bool, refusesUnknownFormats: Bool) {
            self.allowsAdditionalProperties = allowsAdditionalProperties
            self.refusesUnknownFormats = refusesUnknownFormats
        }
    }

    /// The schema as JSON.
    public var text: String
    /// What the schema means where it says nothing.
    public var options: Options
    /// The white space of generated JSON.
    public var style: JSONStyle

    /// A schema written as JSON.
    public init(_ text: String, options: Options = .standard, style: JSONStyle = .standard) {
        self.text = text
        self.options = options
        self.style = style
    }

    /// A schema that has been read already, such as a part of a request.
    public init(_ value: JSONValue, options: Options = .standard, style: JSONStyle = .standard) {
        var writer = JSONWriter()
        writer.value(value)
        self.init(writer.text, options: options, style: style)
    }
}
