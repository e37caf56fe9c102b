// How much a constraint may cost: bounds for compiling and for caches, and what caches hold at the moment.
// Next: ConstraintCompiler.swift.

/// Bounds on what constraints may take. Beyond the first two, compiling fails with a message; beyond the others, caches
/// forget.
public struct ConstraintLimits: Hashable, Sendable {
    /// States of one compiled constraint.
    public var states = 400_000
    /// Bytes of one constraint's text: a schema, a pattern, a grammar.
    public var textBytes = 1 << 20
    /// Bytes for what one compiled constraint knows of the texts that came up.
    public var configurationBytes = 8 << 20
    /// Bytes for the masks of one compiled constraint.
    public var maskBytes = 24 << 20
    /// Bytes for the compiled constraints that a compiler keeps, each counted with the caches that it may come to have.
    public var compiledBytes = 1 << 30

    /// The defaults.
    public init() {}
}

/// What a compiled constraint has done so far.
public struct ConstraintStatistics: Hashable, Sendable {
    /// How many masks were asked for.
    public var masksAsked = 0
    /// How often the vocabulary was tried for a new top of the stack.
    public var topMasksMade = 0
    /// How often tokens that run past the end of a rule were tried against a new stack.
    public var stackMasksMade = 0
    /// How many configurations are known at the moment.
    public var configurations = 0
    /// Roughly how many bytes they take.
    public var configurationBytes = 0
}
