// Statements as the parser leaves them, and the scopes that they open.
// Not their execution: Rendering/. Next: Lexer.swift, then Parser.swift.

/// A part of a template's text.
indirect enum Statement: Sendable {
    case text(TemplateText)
    case output(Expression)
    case condition([(condition: Expression, body: [Statement])], otherwise: [Statement])
    case loop(ForLoop)
    case set(AssignmentTarget, Expression)
    case setBlock(AssignmentTarget, filter: Expression?, ScopedBody)
    case macro(name: NameID, MacroDeclaration)
    /// The call's macro gets the body as `caller`.
    case callBlock(MacroDeclaration, call: Expression)
    case filterBlock(Expression, ScopedBody)
    case with([(target: AssignmentTarget, value: Expression)], ScopedBody)
    /// Runs as the body of a call block does.
    case generation(MacroDeclaration)
    case breakLoop
    case continueLoop
}

/// What is assigned to.
indirect enum AssignmentTarget: Sendable {
    case name(NameID)
    case attribute(of: NameID, String, offset: Int)
    case tuple([AssignmentTarget], offset: Int)
}

/// Statements that have variables of their own.
struct ScopedBody: Sendable {
    let statements: [Statement]
    let scope: ScopeID
}

/// A number that stands for one `ScopeDeclaration` of a template.
typealias ScopeID = Int

/// Names of a scope that hide those outside before anything is assigned to them; see `ScopeBuilder`.
struct ScopeDeclaration: Sendable {
    var hidden: [NameID] = []
}

/// A `for` statement.
struct ForLoop: Sendable {
    let offset: Int
    let target: AssignmentTarget
    let iterable: Expression
    let filter: Expression?
    let filterScope: ScopeID
    let isRecursive: Bool
    let body: ScopedBody
    let otherwise: ScopedBody?
    /// The name `loop`.
    let loopName: NameID
}

/// A macro, or the body of a call block or of `generation`.
struct MacroDeclaration: Sendable {
    struct Parameter: Sendable {
        let name: String
        let id: NameID
        let defaultValue: Expression?
    }

    let name: String?
    let offset: Int
    let parameters: [Parameter]
    let body: ScopedBody
    /// The names `caller`, `kwargs` and `varargs` where the body uses them and they are no parameters.
    let caller: NameID?
    let keywords: NameID?
    let rest: NameID?
}
