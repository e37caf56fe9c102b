// Gathers diagnostics while a pass goes on, so that a user sees all of them at once, sorted and each once.
// Not a global log: whoever starts a pass owns the collector and decides what its errors stop.

/// A growing set of diagnostics.
public struct DiagnosticCollector: Sendable {
    private var entries: [Diagnostic] = []
    private var seen: Set<Diagnostic> = []

    /// An empty collector.
    public init() {}

    /// Keeps `diagnostic`, unless the same one is there already.
    public mutating func report(_ diagnostic: Diagnostic) {
        if seen.insert(diagnostic).inserted { entries.append(diagnostic) }
    }

    /// Keeps each of `diagnostics`, unless the same one is there already.
    public mutating func report(_ diagnostics: some Sequence<Diagnostic>) {
        for diagnostic in diagnostics { report(diagnostic) }
    }

    /// Whether an error is among them.
    public var hasErrors: Bool { entries.contains { $0.severity == .error } }

    /// Whether nothing was reported.
    public var isEmpty: Bool { entries.isEmpty }

    /// All of them: those without a place first, then by file and place; at one place the most serious first, then in
    /// the order in which they were reported.
    public var sorted: [Diagnostic] {
        entries.enumerated()
            .sorted { left, right in
                switch (left.element.location, right.element.location) {
                case (nil, .some): return true
                case (.some, nil): return false
                case (let leftPlace?, let rightPlace?) where leftPlace != rightPlace: return leftPlace < rightPlace
                default:
                    return (left.element.severity, left.offset) < (right.element.severity, right.offset)
                }
            }
            .map(\.element)
    }

    /// Throws everything that was reported if an error is among it.
    public func throwIfErrors() throws(DiagnosticError) {
        if hasErrors { throw DiagnosticError(sorted) }
    }
}
