// Compiles constraints for one vocabulary and keeps what was asked for last.
// Not masks, which compiled constraints make as they are needed. Next: CompiledConstraint.swift.

import Synchronization

/// Compiles constraints. Threads share it; two that ask for the same new constraint at once may both compile it, and
/// get the one that was finished first.
public final class ConstraintCompiler: Sendable {
    private let vocabulary: TokenVocabulary
    private let limits: ConstraintLimits
    private let compiled: Mutex<RecentCache<Constraint, CompiledConstraint>>

    /// Makes a compiler for a vocabulary.
    public init(vocabulary: TokenVocabulary, limits: ConstraintLimits = ConstraintLimits()) {
        self.vocabulary = vocabulary
        self.limits = limits
        compiled = Mutex(RecentCache(limit: limits.compiledBytes))
    }

    /// The compiled form of a constraint, from the cache if it is there.
    ///
    /// - Throws: `ConstraintError` for what is wrong in the constraint, is not supported, or takes too much.
    public func compile(_ constraint: Constraint) throws(ConstraintError) -> CompiledConstraint {
        if let known = compiled.withLock({ $0.value(constraint) }) { return known }
        let automaton = try Self.automaton(of: constraint, limits: limits)
        let new = CompiledConstraint(automaton, constraint, vocabulary, limits)
        guard !new.start.content.isDead else {
            throw ConstraintError(.whole, "the constraint may begin in more than \(Closure.itemLimit) ways")
        }
        let weight = automaton.bytesTaken + limits.configurationBytes + limits.maskBytes
        return compiled.withLock { cache in
            if let known = cache.value(constraint) { return known }
            cache.insert(new, for: constraint, weight: weight)
            return new
        }
    }

    static func automaton(
        of constraint: Constraint,
        limits: ConstraintLimits
    ) throws(ConstraintError) -> Automaton {
        var lowering = ConstraintLowering(limits: limits)
        let root = lowering.grammar.reserveRule()
        let expression = try lowering.expression(of: constraint)
        lowering.grammar.define(root, .expression(expression))
        return try AutomatonBuilder.automaton(of: lowering.grammar, root: root, stateLimit: limits.states)
    }
}
