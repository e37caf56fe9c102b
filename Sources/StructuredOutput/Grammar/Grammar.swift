// Rules that call one another: what every kind of constraint becomes.
// Not checked here: ../Automaton/Automaton+Checks.swift finds what can never end. Next: ../Automaton/AutomatonBuilder.swift.

/// Rules, one of which is the whole text.
struct Grammar {
    /// One rule.
    struct Rule {
        /// What a user calls the rule, with its place, where a user wrote it.
        var origin: Origin?
        var body: Body
    }

    /// A rule that a user wrote.
    struct Origin {
        var name: String
        var place: ConstraintError.Place
    }

    enum Body {
        case expression(Expression)
        /// `prefix element{atLeast, atMost} suffix`, counted rather than written out; each element must be of at least
        /// one byte.
        case counted(Counted)
    }

    struct Counted {
        var prefix: Expression
        var element: Expression
        var suffix: Expression
        var atLeast: Int
        var atMost: Int?
    }

    var rules: [Rule] = []
    /// Rules that parts of several constraints share, by a name of ours.
    private var shared: [String: Int] = [:]

    /// Adds a rule whose body is not known yet, so that others may call it.
    mutating func reserveRule(_ origin: Origin? = nil) -> Int {
        rules.append(Rule(origin: origin, body: .expression(.choice([]))))
        return rules.count - 1
    }

    mutating func define(_ rule: Int, _ body: Body) { rules[rule].body = body }

    /// Adds a rule.
    mutating func addRule(_ body: Body) -> Int {
        let rule = reserveRule()
        define(rule, body)
        return rule
    }

    /// The rule `name`, made the first time; it may call itself.
    mutating func sharedRule(_ name: String, _ body: (inout Grammar) -> Body) -> Expression {
        if let rule = shared[name] { return .rule(rule) }
        let rule = reserveRule()
        shared[name] = rule
        define(rule, body(&self))
        return .rule(rule)
    }
}
