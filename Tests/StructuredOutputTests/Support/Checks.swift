// Short ways to ask whether a constraint takes a text, and what is wrong with one.
// Next: ../RegexTests.swift.

import Testing

@testable import StructuredOutput

enum Checks {
    static let compiler = ConstraintCompiler(vocabulary: RandomVocabulary.ofJSON)

    static func compiled(_ constraint: Constraint) throws -> CompiledConstraint { try compiler.compile(constraint) }

    static func schema(
        _ text: String,
        options: JSONSchema.Options = .standard,
        style: JSONStyle = .standard
    ) -> Constraint {
        .jsonSchema(JSONSchema(text, options: options, style: style))
    }

    /// Whether `text` is a full match.
    static func accepts(_ constraint: Constraint, _ text: String) throws -> Bool {
        try accepts(constraint, Array(text.utf8))
    }

    static func accepts(_ constraint: Constraint, _ bytes: [UInt8]) throws -> Bool {
        var state = ConstraintState(try compiled(constraint))
        return state.accept(bytes: bytes) && state.isComplete
    }

    /// Expects that the first texts are full matches and the others are not.
    static func expect(
        _ constraint: Constraint,
        accepts good: [String],
        refuses bad: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for text in good {
            let isAccepted = try accepts(constraint, text)
            #expect(isAccepted, "\(text.debugDescription) must be accepted", sourceLocation: sourceLocation)
        }
        for text in bad {
            let isAccepted = try accepts(constraint, text)
            #expect(!isAccepted, "\(text.debugDescription) must be refused", sourceLocation: sourceLocation)
        }
    }

    /// The error of compiling a constraint.
    static func error(_ constraint: Constraint) -> String {
        do {
            _ = try compiled(constraint)
            return "no error"
        } catch {
            return "\(error)"
        }
    }
}
