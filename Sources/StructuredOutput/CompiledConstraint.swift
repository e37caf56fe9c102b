// A constraint ready for use with one vocabulary, shared by all requests that have it.
// Not the place in a text (ConstraintState.swift). Next: ConstraintState.swift.

import Synchronization

/// A constraint compiled for a vocabulary. Threads share it: each call locks it for as long as it takes, which is
/// microseconds once masks are known and about a millisecond for a mask of a new kind.
public final class CompiledConstraint: Sendable {
    /// What it was compiled from.
    public let constraint: Constraint
    /// The vocabulary that masks are for.
    public let vocabulary: TokenVocabulary
    let start: Configuration
    let computation: Mutex<MaskComputation>

    init(_ automaton: Automaton, _ constraint: Constraint, _ vocabulary: TokenVocabulary, _ limits: ConstraintLimits) {
        self.constraint = constraint
        self.vocabulary = vocabulary
        let computation = MaskComputation(automaton, vocabulary: vocabulary, limits: limits)
        start = computation.store.start
        self.computation = Mutex(computation)
    }

    /// What the caches hold and how often they helped.
    public var statistics: ConstraintStatistics {
        computation.withLock { $0.currentStatistics() }
    }
}
