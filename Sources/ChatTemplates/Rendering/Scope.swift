// The variables of one scope while it runs. Which names hide others: Syntax/ScopeBuilder.swift.

/// Variables, and the scope around them. Few per scope, so that looking through them beats hashing.
final class Scope {
    let parent: Scope?
    private var names: [NameID] = []
    private var values: [Value?] = []

    init(parent: Scope?, hidden: [NameID] = []) {
        self.parent = parent
        names = hidden
        values = Array(repeating: nil, count: hidden.count)
    }

    /// Sets a variable of this scope; nil unsets it and hides it outside.
    func set(_ name: NameID, _ value: Value?) {
        if let index = names.firstIndex(of: name) {
            values[index] = value
        } else {
            names.append(name)
            values.append(value)
        }
    }

    /// Finds a variable here or outside; the outer nil says that no scope has it, the inner one that it is hidden.
    func find(_ name: NameID) -> Value?? {
        var scope: Scope? = self
        while let current = scope {
            if let index = current.names.firstIndex(of: name) { return .some(current.values[index]) }
            scope = current.parent
        }
        return nil
    }

    func removeAll() {
        names = []
        values = []
    }
}
