// How much one rendering may do, so that no template and no conversation can occupy a server.
// Not the limits of parsing: Syntax/SyntaxLimits.swift. Next: Rendering/Renderer.swift.

/// Bounds of one rendering; going beyond one is a `TemplateError` of kind `limit`.
public struct RenderingLimits: Hashable, Sendable {
    /// The most bytes of UTF-8 in the output, and in any text that the template makes on its way.
    public var textBytes: Int
    /// The most steps. Evaluating an expression is one, so is every element that an operation looks at or makes, and
    /// every 16 bytes of a text that it makes; memory is bounded by this too.
    public var steps: Int
    /// How deep expressions, statements, macros and recursive loops may nest when they run.
    public var depth: Int
    /// How deep lists and dictionaries may nest.
    public var valueDepth: Int

    /// Makes limits.
    public init(textBytes: Int = 16 << 20, steps: Int = 10_000_000, depth: Int = 500, valueDepth: Int = 200) {
        self.textBytes = textBytes
        self.steps = steps
        self.depth = depth
        self.valueDepth = valueDepth
    }

    /// Limits that conversations of a million tokens stay within.
    public static let standard = RenderingLimits()

    /// The longest `range`, as in jinja2's sandbox.
    static let rangeLength = 100_000
}
