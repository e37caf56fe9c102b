// A constrained text as the engine sees it: in tokens. Not the automaton: StructuredOutput.

import InputProcessing
import ServingEngine
import StructuredOutput

/// The place of one answer in its constraint.
struct ConstrainedTokens: TokenConstraint {
    private var state: ConstraintState
    private let tokenizer: Tokenizer

    init(_ state: ConstraintState, _ tokenizer: Tokenizer) {
        self.state = state
        self.tokenizer = tokenizer
    }

    mutating func allowedTokens() -> [UInt64] { state.allowedTokens().words }

    mutating func accept(_ token: Int32) -> Bool { state.accept(token) }

    var isFinished: Bool { state.mustEnd }

    /// The tokens of the bytes that must follow, divided as the tokenizer would divide them.
    ///
    /// The last of them is left to the model unless the text ends with it: what follows may belong to the same token, as
    /// the first letters of a value do to the quotation mark before them.
    mutating func forcedTokens() -> [Int32] {
        let forced = state.forcedBytes()
        guard forced.count > 1, let text = String(validating: forced.prefix(wholeCharacters(forced)), as: UTF8.self)
        else { return [] }
        let count = text.utf8.count
        // Special tokens are no part of any constraint's text, whatever it spells.
        guard var tokens = try? tokenizer.encode(text, literal: [0..<count]) else { return [] }
        var end = state
        if !(count == forced.count && end.accept(bytes: forced) && end.mustEnd) { _ = tokens.popLast() }
        // Tokenizers may change a text that they read; tokens of other bytes are not what must follow.
        var bytes = forced[...]
        for token in tokens {
            guard let next = state.compiled.vocabulary.bytes(of: token), bytes.starts(with: next) else { return [] }
            bytes.removeFirst(next.count)
        }
        return tokens
    }

    /// The bytes before a character whose last bytes are not there.
    private func wholeCharacters(_ bytes: [UInt8]) -> Int {
        guard let lead = bytes.lastIndex(where: { $0 & 0b1100_0000 != 0b1000_0000 }) else { return 0 }
        let length =
            switch bytes[lead] {
            case 0xC0...0xDF: 2
            case 0xE0...0xEF: 3
            case 0xF0...: 4
            default: 1
            }
        return lead + length <= bytes.count ? bytes.count : lead
    }
}
