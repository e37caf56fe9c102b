// The tokens of a model as byte strings, arranged for walks that try many at once. Built once for each tokenizer.
// Not a tokenizer: nothing is encoded or merged here. Next: TokenTrie.swift, ../Masks/MaskComputation.swift.

/// The vocabulary that masks are made for.
///
/// Tokens whose text is plain (whole UTF-8 characters that a JSON string may hold as they are) stand apart from the
/// others, sorted by length: where any short enough plain text may follow, as inside a string, their bits are set at
/// once and only the others are tried.
public final class TokenVocabulary: Sendable {
    /// How many ids there are, with those that stand for no text.
    public let size: Int
    /// The tokens that end a text, ascending; allowed exactly where a constraint's text is complete.
    public let endTokens: [Int32]
    /// The longest token in bytes.
    let longestToken: Int
    /// Every token that holds something else than plain text.
    let other: TokenTrie
    /// Plain tokens, the shortest first.
    let plain: [PlainTokens]
    private let bytes: [UInt8]
    private let starts: [UInt32]

    /// Plain tokens of at most so many characters (and more than those of the group before).
    struct PlainTokens: Sendable {
        let longestInCharacters: Int
        let trie: TokenTrie
        let words: [UInt64]
    }

    /// Tokens of more bytes are never allowed; published ones have a few hundred at most.
    private static let tokenLimit = 1 << 16
    /// The characters up to which plain tokens are grouped.
    private static let groupLimits = [2, 4, 8, 16, 32, Int.max]

    /// Makes a vocabulary.
    ///
    /// - Parameters:
    ///   - tokens: the bytes of every id; nil for special tokens and unused ids, which no constraint ever allows. Logits
    ///     that are padded past the tokenizer's ids need as many nils.
    ///   - endTokens: the ids that end a text; ids outside `tokens` are left out.
    public init(tokens: [[UInt8]?], endTokens: Set<Int32>) {
        size = tokens.count
        self.endTokens = endTokens.filter { $0 >= 0 && Int($0) < tokens.count }.sorted()
        var bytes: [UInt8] = []
        var starts: [UInt32] = [0]
        starts.reserveCapacity(tokens.count + 1)
        var groups = Array(repeating: [UInt32](), count: Self.groupLimits.count)
        var others: [UInt32] = []
        var longest = 0
        for (id, token) in tokens.enumerated() {
            if let token, (1...Self.tokenLimit).contains(token.count), !endTokens.contains(Int32(id)) {
                bytes += token
                longest = max(longest, token.count)
                if let characters = PlainText.characterCount(of: token) {
                    let group = Self.groupLimits.firstIndex { characters <= $0 } ?? Self.groupLimits.count - 1
                    groups[group].append(UInt32(id))
                } else {
                    others.append(UInt32(id))
                }
            }
            starts.append(UInt32(bytes.count))
        }
        self.bytes = bytes
        self.starts = starts
        longestToken = longest
        other = TokenTrie(others, bytes: bytes, starts: starts)
        var plain: [PlainTokens] = []
        for (limit, ids) in zip(Self.groupLimits, groups) where !ids.isEmpty {
            var words = Array(repeating: UInt64(0), count: (tokens.count + 63) / 64)
            for id in ids { words[Int(id) / 64] |= 1 << UInt64(id % 64) }
            let trie = TokenTrie(ids, bytes: bytes, starts: starts)
            plain.append(PlainTokens(longestInCharacters: limit, trie: trie, words: words))
        }
        self.plain = plain
    }

    /// The bytes of a token; nil for special tokens, end tokens, unused ids and ids outside the vocabulary.
    public func bytes(of token: Int32) -> ArraySlice<UInt8>? {
        guard token >= 0, Int(token) < size else { return nil }
        let range = Int(starts[Int(token)])..<Int(starts[Int(token) + 1])
        return range.isEmpty ? nil : bytes[range]
    }

    /// The tries that a token may stand in.
    var tries: [TokenTrie] { [other] + plain.map(\.trie) }
}
