// Constraints on the answers of one model: what they need of its tokenizer, and those that were asked for last.
// Not what an answer has to be: ../Requests/AnswerConstraint.swift. Next: ConstrainedTokens.swift.

import InputProcessing
import ServingEngine
import StructuredOutput
import Synchronization

/// Compiles constraints for a model. Threads share it.
final class ModelConstraints: Sendable {
    private let tokenizer: Tokenizer
    private let vocabularySize: Int
    private let endTokens: Set<Int32>
    /// Made when the first constraint is asked for: arranging 150,000 tokens takes a quarter of a second, by which servers
    /// without constraints start sooner.
    private let compiler = Mutex<ConstraintCompiler?>(nil)

    /// - Parameters:
    ///   - vocabularySize: the logits of the model, of which those past the tokenizer's ids are never allowed.
    ///   - endTokens: the tokens that end an answer.
    init(tokenizer: Tokenizer, vocabularySize: Int, endTokens: Set<Int32>) {
        self.tokenizer = tokenizer
        self.vocabularySize = vocabularySize
        self.endTokens = endTokens
    }

    /// A constraint as the engine takes it.
    ///
    /// - Parameter field: the field that asks for it, for the error.
    func tokens(_ constraint: Constraint, field: String) throws(RequestError) -> any TokenConstraint {
        do {
            return ConstrainedTokens(ConstraintState(try shared.compile(constraint)), tokenizer)
        } catch {
            throw .constraint(error, field: field)
        }
    }

    private var shared: ConstraintCompiler {
        compiler.withLock { compiler in
            if let compiler { return compiler }
            let special = Set(tokenizer.specialTokens.map(\.id))
            let tokens = (0..<Int32(vocabularySize)).map { special.contains($0) ? nil : tokenizer.bytes(of: $0) }
            var limits = ConstraintLimits()
            limits.compiledBytes = Self.compiledBytes
            let new = ConstraintCompiler(
                vocabulary: TokenVocabulary(tokens: tokens, endTokens: endTokens),
                limits: limits
            )
            compiler = new
            return new
        }
    }

    /// The most memory of compiled constraints, each counted with its greatest caches.
    private static let compiledBytes = 512 << 20
}

extension RequestError {
    /// What is wrong with a constraint.
    static func constraint(_ error: ConstraintError, field: String) -> RequestError {
        .invalid("'\(field)' cannot be obeyed: \(error)", param: field, code: "invalid_constraint")
    }
}
