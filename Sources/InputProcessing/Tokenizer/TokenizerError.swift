// What is wrong with a tokenizer file or with a text given to it, where, and what would be right.
// Not a list: loading stops at the first problem. Next: Loading/TokenizerLoader.swift.

import JSONText

/// Why a tokenizer cannot be loaded, or a text not be encoded.
public struct TokenizerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public enum Problem: Hashable, Sendable {
        /// The file cannot be read.
        case unreadable(reason: String)
        /// The file is not JSON.
        case malformed(JSONError)
        /// The tokenizer is of another kind than byte-pair encoding; `found` is its model type.
        case notBytePairEncoding(found: String)
        /// A value that the format needs is missing.
        case missing(expected: String)
        /// A value is of the wrong kind or out of range.
        case wrongValue(expected: String, found: String)
        /// A part of the format that this tokenizer does not have.
        case unsupported(found: String, supported: String)
        /// A regular expression that cannot be used.
        case pattern(PatternError)
        /// Values that contradict each other.
        case inconsistent(String)
        /// The text is longer than the caller allows.
        case textTooLong(count: Int, limit: Int, unit: String)
    }

    /// The file, where the problem is one of a file.
    public let file: String?
    /// The place in the JSON, such as `model.merges[17]`; empty for the whole.
    public let path: String
    /// The line and column of that place.
    public let position: JSONPosition?
    /// What is wrong there.
    public let problem: Problem

    /// Makes an error.
    public init(file: String? = nil, path: String = "", position: JSONPosition? = nil, problem: Problem) {
        self.file = file
        self.path = path
        self.position = position
        self.problem = problem
    }

    /// The same error, said of a file.
    func inFile(_ file: String) -> TokenizerError {
        TokenizerError(file: file, path: path, position: position, problem: problem)
    }

    /// `file:line:column: path: ` and one sentence, as far as they are known.
    public var description: String {
        var prefix = [file, position?.description].compactMap(\.self).joined(separator: ":")
        if !prefix.isEmpty { prefix += ": " }
        return prefix + (path.isEmpty ? "" : "\(path): ") + "\(problem)"
    }
}

extension TokenizerError.Problem: CustomStringConvertible {
    /// One sentence, without the place.
    public var description: String {
        switch self {
        case .unreadable(let reason): "cannot read the tokenizer: \(reason)"
        case .malformed(let error): "\(error.what)"
        case .notBytePairEncoding(let found): "expected a tokenizer of type BPE (byte-pair encoding), found \(found)"
        case .missing(let expected): "expected \(expected), found nothing"
        case .wrongValue(let expected, let found): "expected \(expected), found \(found)"
        case .unsupported(let found, let supported): "\(found) is not supported; supported are \(supported)"
        case .pattern(let error): "\(error)"
        case .inconsistent(let explanation): explanation
        case .textTooLong(let count, let limit, let unit): "the text has \(count) \(unit), allowed are \(limit)"
        }
    }
}
