// Free text with constrained parts: wherever the model writes a trigger, one of the tags it begins must follow.
// Not the calls of tools that are made of it (ToolCalls.swift). Next: FreeText.swift.

/// Free text in which triggers start tags.
///
/// A tag's text is `begin`, `content`, `end`. When the text so far ends in a trigger, the rest of a tag that begins with
/// it must follow; then the text is free again. Elsewhere, no trigger can stand in the text.
public struct TaggedText: Hashable, Sendable {
    /// A constrained part.
    public struct Tag: Hashable, Sendable {
        /// The text that opens the tag; it begins with a trigger.
        public var begin: String
        /// What stands in the tag.
        public var content: Constraint
        /// The text that closes it.
        public var end: String

        /// Makes a tag.
        public init(begin: String, content: Constraint, end: String) {
            self.begin = begin
            self.content = content
            self.end = end
        }
    }

    /// The texts that start a tag.
    public var triggers: [String]
    /// The tags.
    public var tags: [Tag]
    /// How many tags the text must have at least.
    public var atLeast: Int
    /// How many it may have; any number if nil. After the last, the text must end.
    public var atMost: Int?

    /// Makes tagged text.
    public init(triggers: [String], tags: [Tag], atLeast: Int = 0, atMost: Int? = nil) {
        self.triggers = triggers
        self.tags = tags
        self.atLeast = atLeast
        self.atMost = atMost
    }
}
