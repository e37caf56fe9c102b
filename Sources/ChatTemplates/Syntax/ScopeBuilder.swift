// Which names a scope hides from the start: jinja2 decides that when it compiles, not when it runs.
// Not the variables: Rendering/Scope.swift. Next: Parser.swift.

/// Records in which order each scope reads and assigns its names.
///
/// A name that a scope assigns before it reads it, outside every `if`, is the scope's own from the start: reading it
/// earlier (in a macro, in the block of its own `set`) finds nothing rather than the caller's variable. Unless a scope
/// outside mentions the name too: then it starts with the value there.
///
/// *Source* jinja2@3.1.6:idtracking.py.
struct ScopeBuilder {
    private enum FirstUse {
        case read, assigned, assignedInBranch
    }

    private struct Building {
        let parent: ScopeID?
        var firstUses: [NameID: FirstUse] = [:]
        var branchDepth = 0
    }

    private var scopes = [Building(parent: nil)]
    private(set) var current: ScopeID = 0
    private var identifiers: [String: NameID] = [:]
    private(set) var names: [String] = []

    mutating func id(_ name: String) -> NameID {
        if let id = identifiers[name] { return id }
        identifiers[name] = names.count
        names.append(name)
        return names.count - 1
    }

    mutating func read(_ name: NameID) { note(name, .read) }

    mutating func assign(_ name: NameID) {
        note(name, scopes[current].branchDepth > 0 ? .assignedInBranch : .assigned)
    }

    /// A parameter, or the target of a loop: never unset.
    mutating func declare(_ name: NameID) { note(name, .read) }

    private mutating func note(_ name: NameID, _ use: FirstUse) {
        if scopes[current].firstUses[name] == nil { scopes[current].firstUses[name] = use }
    }

    mutating func enterBranch() { scopes[current].branchDepth += 1 }

    mutating func leaveBranch() { scopes[current].branchDepth -= 1 }

    /// Opens a scope inside the current one.
    mutating func open() -> ScopeID {
        scopes.append(Building(parent: current))
        current = scopes.count - 1
        return current
    }

    /// Goes on in a scope that was opened before.
    mutating func reopen(_ scope: ScopeID) { current = scope }

    mutating func close() { current = scopes[current].parent ?? 0 }

    func declarations() -> [ScopeDeclaration] {
        scopes.map { scope in
            let own = scope.firstUses.filter { $0.value == .assigned }.keys
            let hidden = own.filter { name in
                var outer = scope.parent
                while let id = outer {
                    if scopes[id].firstUses[name] != nil { return false }
                    outer = scopes[id].parent
                }
                return true
            }
            return ScopeDeclaration(hidden: hidden.sorted())
        }
    }
}
