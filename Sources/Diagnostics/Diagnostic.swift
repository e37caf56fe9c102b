// One problem that a user can act on: how serious it is, one sentence, the place, and notes.
// Not how problems are collected (DiagnosticCollector.swift) or shown (DiagnosticRendering.swift).

/// A message about something that a user wrote or handed in.
public struct Diagnostic: Sendable, Hashable {
    /// How serious a diagnostic is. Only errors stop the work.
    public enum Severity: Int, Sendable, Hashable, Comparable, CaseIterable {
        /// The input cannot be used.
        case error
        /// The input can be used, but probably does not say what was meant.
        case warning
        /// Information without a demand.
        case note

        /// The more serious one comes first.
        public static func < (left: Severity, right: Severity) -> Bool { left.rawValue < right.rawValue }
    }

    /// A second place, or a reason, that helps to understand a diagnostic.
    public struct Note: Sendable, Hashable {
        /// One sentence.
        public var message: String
        /// The place that the sentence speaks of.
        public var span: SourceSpan?

        /// A note, with a place where there is one.
        public init(_ message: String, at span: SourceSpan? = nil) {
            self.message = message
            self.span = span
        }
    }

    /// How serious it is.
    public var severity: Severity
    /// What was found, what is allowed, and the nearest name, in one or two sentences without a final full stop.
    public var message: String
    /// The piece of text at fault, if there is one.
    public var span: SourceSpan?
    /// Further places and reasons.
    public var notes: [Note]

    /// A diagnostic; without a span it speaks of the input as a whole.
    public init(_ severity: Severity, _ message: String, at span: SourceSpan? = nil, notes: [Note] = []) {
        self.severity = severity
        self.message = message
        self.span = span
        self.notes = notes
    }

    /// An error.
    public static func error(_ message: String, at span: SourceSpan? = nil, notes: [Note] = []) -> Diagnostic {
        Diagnostic(.error, message, at: span, notes: notes)
    }

    /// A warning.
    public static func warning(_ message: String, at span: SourceSpan? = nil, notes: [Note] = []) -> Diagnostic {
        Diagnostic(.warning, message, at: span, notes: notes)
    }

    /// A note that stands alone.
    public static func note(_ message: String, at span: SourceSpan? = nil) -> Diagnostic {
        Diagnostic(.note, message, at: span)
    }

    /// Where the piece of text at fault begins.
    public var location: SourceLocation? { span?.start }
}

extension Diagnostic.Severity: CustomStringConvertible {
    /// The word in a printed diagnostic.
    public var description: String {
        switch self {
        case .error: "error"
        case .warning: "warning"
        case .note: "note"
        }
    }
}

/// Problems that stopped an operation: what a throwing function of the compiler throws for bad input.
public struct DiagnosticError: Error, Sendable, Equatable {
    /// What was wrong, sorted; at least one of them is an error.
    public var diagnostics: [Diagnostic]

    /// An error that carries `diagnostics`.
    public init(_ diagnostics: [Diagnostic]) {
        self.diagnostics = diagnostics
    }
}

extension DiagnosticError: CustomStringConvertible {
    /// The diagnostics, one below the other.
    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
