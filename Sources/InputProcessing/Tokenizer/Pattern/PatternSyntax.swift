// The parts of a split pattern, and what makes one unusable.
// Not the parser. Next: PatternParser.swift.

/// A regular expression as a tree, in the subset of Oniguruma's syntax that tokenizers use.
indirect enum PatternNode: Hashable, Sendable {
    /// One scalar of a set.
    case set(ScalarSet)
    /// All in order.
    case sequence([PatternNode])
    /// The first that lets the whole match succeed, in order of preference.
    case alternation([PatternNode])
    /// The node between `minimum` and `maximum` times, unbounded if nil; more first if greedy, fewer first otherwise.
    case repetition(PatternNode, minimum: Int, maximum: Int?, isGreedy: Bool)
    /// Nothing, where the next scalar is as wanted.
    case assertion(NextScalarAssertion)

    /// A fixed text; the pattern of nothing for an empty one.
    static func literal(_ text: String) -> PatternNode {
        .sequence(text.unicodeScalars.map { .set(ScalarSet($0)) })
    }
}

/// A condition on the scalar that follows: one of `scalars`, or the end of the text where `allowsEnd`.
struct NextScalarAssertion: Hashable, Sendable {
    var scalars: ScalarSet
    var allowsEnd: Bool
}

/// Why a pattern cannot be used, and where in it.
public struct PatternError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The pattern.
    public let pattern: String
    /// The place, counted in Unicode scalars from 0.
    public let offset: Int
    /// What is wrong or not supported there, as a sentence without a full stop.
    public let reason: String

    /// One sentence with the place.
    public var description: String { "\(reason), at character \(offset) of the pattern \"\(pattern)\"" }
}
