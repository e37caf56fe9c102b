// Puts the tokens that a model expects around a text, such as a beginning-of-text token.
// Not a chat template: that writes text. Next: ../Tokenizer.swift.

/// The effect of a file's `post_processor` on the ids of one text.
struct PostProcessor: Sendable {
    enum Piece: Sendable, Equatable {
        /// The ids of the text.
        case text
        /// Special tokens, left out when the caller wants none.
        case tokens([Int32])
    }

    let pieces: [Piece]

    /// Nothing around the text.
    static let none = PostProcessor(pieces: [.text])

    /// The ids of a text with what stands around it.
    func apply(to ids: [Int32], addSpecialTokens: Bool) -> [Int32] {
        if pieces == [.text] { return ids }
        var output: [Int32] = []
        for piece in pieces {
            switch piece {
            case .text: output += ids
            case .tokens(let tokens): if addSpecialTokens { output += tokens }
            }
        }
        return output
    }
}
