// How large and how deep a template may be written. Not limits of rendering: RenderingLimits.swift.

/// Bounds of what the parser takes.
enum SyntaxLimits {
    /// The most bytes of a template; the longest published ones have some twenty thousand.
    static let bytes = 4 << 20
    /// How deep expressions may nest, operators in a row included.
    static let expressionDepth = 100
    /// How deep statements may nest.
    static let statementDepth = 50
}
