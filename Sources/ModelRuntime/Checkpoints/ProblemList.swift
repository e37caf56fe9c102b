// Problems collected to be reported together, bounded however many there are.
// Not for what stops reading at once.

/// The first problems of a kind, and the number of all.
public struct ProblemList<Problem: Sendable & Hashable>: Sendable, Hashable {
    /// The problems that are kept, in the order in which they were found.
    public private(set) var shown: [Problem] = []
    /// The number of problems, kept or not.
    public private(set) var count = 0

    /// The most problems that are kept.
    public static var limit: Int { 1000 }

    /// No problems.
    public init() {}

    /// Whether there are none.
    public var isEmpty: Bool { count == 0 }

    /// Adds a problem.
    public mutating func append(_ problem: Problem) {
        count += 1
        if shown.count < Self.limit { shown.append(problem) }
    }
}

extension ProblemList where Problem: CustomStringConvertible {
    /// A line for each problem that is kept, and one for the others.
    var lines: [String] {
        shown.map(\.description) + (count > shown.count ? ["and \(count - shown.count) more"] : [])
    }
}
