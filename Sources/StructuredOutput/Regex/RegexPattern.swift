// A regular expression as it was written: branches, each anchored at its ends or not, as expressions of characters.
// Not matching: constraints run as automata. Next: RegexParser.swift.

/// A parsed regular expression.
struct RegexPattern {
    /// One alternative of the whole pattern.
    struct Branch {
        var expression: Expression
        var startsAnchored: Bool
        var endsAnchored: Bool
    }

    var branches: [Branch]

    /// The texts that match from their first to their last character.
    var wholeMatch: Expression { .choice(branches.map(\.expression)) }

    /// The texts in which the pattern matches somewhere.
    var search: Expression {
        let anything = Expression.repetition(.characters(.all), atLeast: 0, atMost: nil)
        return .choice(
            branches.map { branch in
                .sequence(
                    (branch.startsAnchored ? [] : [anything]) + [branch.expression]
                        + (branch.endsAnchored ? [] : [anything])
                )
            }
        )
    }
}
