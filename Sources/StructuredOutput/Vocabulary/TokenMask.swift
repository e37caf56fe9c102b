// Which tokens may come next, one bit each; copies share their words.
// Not how the bits are found. Next: ../Masks/MaskComputation.swift.

/// A set of token ids over a whole vocabulary.
public struct TokenMask: Hashable, Sendable {
    /// Bit `id % 64` of word `id / 64` says whether token `id` is in the set; bits past the vocabulary are zero.
    public let words: [UInt64]
    /// How many ids the vocabulary has.
    public let vocabularySize: Int

    init(words: [UInt64], vocabularySize: Int) {
        self.words = words
        self.vocabularySize = vocabularySize
    }

    /// Whether the set holds `token`; false for ids outside the vocabulary.
    public func contains(_ token: Int32) -> Bool {
        guard token >= 0, Int(token) < vocabularySize else { return false }
        return words[Int(token) / 64] & (1 << UInt64(token % 64)) != 0
    }

    /// How many tokens the set holds.
    public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// Whether the set is empty.
    public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    /// The tokens of the set, ascending.
    public var tokens: [Int32] {
        var tokens: [Int32] = []
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                tokens.append(Int32(index * 64 + rest.trailingZeroBitCount))
                rest &= rest - 1
            }
        }
        return tokens
    }
}
