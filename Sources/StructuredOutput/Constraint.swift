// What generated text must be: a value that a request brings, and that compiled forms are cached by.
// Not compiled yet (ConstraintCompiler.swift). Next: StructuralTags/TaggedText.swift.

/// A constraint on a whole generated text, or on a part of one.
public indirect enum Constraint: Hashable, Sendable {
    /// Any JSON object.
    case jsonObject(JSONStyle)
    /// JSON that a schema allows.
    case jsonSchema(JSONSchema)
    /// A text that a regular expression matches from its first to its last character.
    case regex(String)
    /// One of some texts.
    case choice([String])
    /// What the rule `root` of a grammar in GBNF or EBNF derives.
    case grammar(String)
    /// Exactly this text.
    case literal(String)
    /// One part after the other.
    case sequence([Constraint])
    /// One of the parts.
    case anyOf([Constraint])
    /// A part several times, one after the other; without an upper limit if `atMost` is nil.
    case repeated(Constraint, atLeast: Int, atMost: Int?)
    /// Any text in valid UTF-8 that holds none of some texts.
    case freeText(excluding: [String])
    /// Free text in which triggers start parts that are constrained.
    case taggedText(TaggedText)
    /// A part with a name for error messages, such as `tool "get_weather"`.
    case named(String, Constraint)
}
