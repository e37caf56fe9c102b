// Which of the allowed tokens a walk takes: at random, but with a bias to end, as models have one.
// Next: main.swift.

import StructuredOutput

/// Chooses tokens.
struct SyntheticWalk {
    private let vocabulary: TokenVocabulary
    private var random = SyntheticVocabularyRandom()

    init(vocabulary: TokenVocabulary) { self.vocabulary = vocabulary }

    /// A token of the mask: of three random ones the shortest, and one in eight times one that closes something.
    mutating func token(of mask: TokenMask) -> Int32? {
        let tokens = mask.tokens
        guard !tokens.isEmpty else { return nil }
        if let end = tokens.first(where: { vocabulary.endTokens.contains($0) }), random.below(4) == 0 { return end }
        if random.below(8) == 0,
            let closing = tokens.first(where: { "\"}]".utf8.contains(vocabulary.bytes(of: $0)?.first ?? 0) })
        {
            return closing
        }
        let three = (0..<3).map { _ in tokens[random.below(tokens.count)] }
        return three.min { (vocabulary.bytes(of: $0)?.count ?? 0) < (vocabulary.bytes(of: $1)?.count ?? 0) }
    }
}

/// The same numbers in every run.
struct SyntheticVocabularyRandom {
    private var state: UInt64 = 0xD1CE

    mutating func below(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(bound))
    }
}
