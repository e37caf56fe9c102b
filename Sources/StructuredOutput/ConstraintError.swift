// Why a constraint cannot be compiled: what a user wrote, where, and what would be right.
// Not a wrong token: `ConstraintState.accept` answers that. Next: Constraint.swift.

/// What is wrong with a constraint, and where.
public struct ConstraintError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where something is wrong.
    public enum Place: Hashable, Sendable {
        /// In a JSON schema, at a JSON pointer such as `#/properties/amount/multipleOf`.
        case schema(pointer: String)
        /// In the text of a JSON schema or a structural tag, which is no JSON there.
        case json(line: Int, column: Int)
        /// In a regular expression, after so many characters (Unicode scalars).
        case pattern(offset: Int)
        /// In a grammar; lines and columns (bytes) count from 1.
        case grammar(line: Int, column: Int)
        /// In a structural tag, at a JSON pointer.
        case structuralTag(pointer: String)
        /// In no single place.
        case whole
    }

    /// The part of a constraint of several parts, such as `tool "get_weather"`; empty for the constraint itself.
    public var part: String
    /// Where in that part.
    public let place: Place
    /// What is wrong, and what would be right.
    public let message: String

    /// Makes an error.
    public init(_ place: Place, _ message: String, part: String = "") {
        self.part = part
        self.place = place
        self.message = message
    }

    /// The part, the place and the message.
    public var description: String { (part.isEmpty ? "" : part + ": ") + "\(place)" + message }

    /// The same error, found while compiling `part` of something greater.
    func within(_ part: String) -> ConstraintError {
        ConstraintError(place, message, part: self.part.isEmpty ? part : part + ", " + self.part)
    }
}

extension ConstraintError.Place: CustomStringConvertible {
    /// The place with a colon after it, or nothing.
    public var description: String {
        switch self {
        case .schema(let pointer), .structuralTag(let pointer): pointer + ": "
        case .json(let line, let column), .grammar(let line, let column): "\(line):\(column): "
        case .pattern(let offset): "at character \(offset): "
        case .whole: ""
        }
    }
}
