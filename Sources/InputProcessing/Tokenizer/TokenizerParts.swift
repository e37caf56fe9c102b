// The loaded tokenizer: its tables, and the way of a text through them.
// Not the public face. Next: Stages/AddedTokens.swift, the first to look at a text.

/// The parts of a tokenizer, shared by all copies of it.
final class TokenizerParts: Sendable {
    let addedTokens: [AddedToken]
    let normalizer: Normalizer
    let preTokenizer: PreTokenizer
    let model: BytePairModel
    let postProcessor: PostProcessor
    let decoder: TokenDecoder
    let tokenCount: Int
    let idBound: Int

    /// Finds the added tokens that are looked for in the text as given, and in the normalized text.
    private let givenMatcher: AddedTokenMatcher?
    private let normalizedMatcher: AddedTokenMatcher?
    private let addedByID: [Int32: AddedEntry]
    private let addedByText: [[UInt8]: Int32]
    private let cache = WordCache()

    /// What decoding needs of an added token.
    private struct AddedEntry {
        let written: [UInt8]
        /// The token as it stands in normalized text, which is what decoding undoes.
        let decoded: [UInt8]
        let isSkipped: Bool
    }

    /// Makes the parts; `addedTokens` must have distinct ids and distinct, non-empty texts.
    ///
    /// - Throws: the two tokens that the normalizer makes equal.
    init(
        addedTokens: [AddedToken],
        normalizer: Normalizer,
        preTokenizer: PreTokenizer,
        model: BytePairModel,
        postProcessor: PostProcessor,
        decoder: TokenDecoder
    ) throws(NormalizedTwins) {
        self.addedTokens = addedTokens.sorted { $0.id < $1.id }
        self.normalizer = normalizer
        self.preTokenizer = preTokenizer
        self.model = model
        self.postProcessor = postProcessor
        self.decoder = decoder
        let specialTexts = Set(addedTokens.filter(\.isSpecial).map { Array($0.text.utf8) })
        var given: [(bytes: [UInt8], token: AddedToken)] = []
        var normalized: [(bytes: [UInt8], token: AddedToken)] = []
        var entries: [Int32: AddedEntry] = [:]
        var ids: [[UInt8]: Int32] = [:]
        var normalizedTexts: [[UInt8]: AddedToken] = [:]
        for token in addedTokens {
            let written = Array(token.text.utf8)
            var decoded = written
            if token.isNormalized {
                var isAtOrigin = true
                normalizer.apply(to: &decoded, isAtOrigin: &isAtOrigin)
                if let twin = normalizedTexts.updateValue(token, forKey: decoded) {
                    throw NormalizedTwins(first: twin, second: token)
                }
                if !decoded.isEmpty { normalized.append((decoded, token)) }
            } else {
                given.append((written, token))
            }
            ids[written] = token.id
            entries[token.id] = AddedEntry(
                written: written,
                decoded: decoded,
                isSkipped: specialTexts.contains(decoded)
            )
        }
        givenMatcher = AddedTokenMatcher(given)
        normalizedMatcher = AddedTokenMatcher(normalized)
        addedByID = entries
        addedByText = ids
        let overlap = ids.keys.filter { model.vocabulary.id(of: $0) != nil }.count
        tokenCount = model.vocabulary.count + ids.count - overlap
        idBound = max(model.vocabulary.idBound, Int(addedTokens.map(\.id).max() ?? -1) + 1)
    }

    struct NormalizedTwins: Error {
        let first: AddedToken
        let second: AddedToken
    }

    // MARK: Tokens

    /// The id of a token as the file writes it.
    func id(of token: [UInt8]) -> Int32? { addedByText[token] ?? model.vocabulary.id(of: token) }

    /// The token with an id as the file writes it.
    func writtenToken(_ id: Int32) -> [UInt8]? {
        addedByID[id]?.written ?? model.vocabulary.token(Int(id)).map(Array.init)
    }

    /// The token with an id as decoding starts from it; nil also if it is to be skipped.
    func decodedToken(_ id: Int32, skipsSpecialTokens: Bool) -> ArraySlice<UInt8>? {
        guard let entry = addedByID[id] else { return model.vocabulary.token(Int(id)) }
        return skipsSpecialTokens && entry.isSkipped ? nil : entry.decoded[...]
    }

    // MARK: Encoding

    /// The ids of `text`, valid UTF-8; no special token is recognised inside the `literal` ranges.
    func encode(
        _ text: UnsafeBufferPointer<UInt8>,
        literal: [Range<Int>],
        addSpecialTokens: Bool
    ) -> [Int32] {
        var ids: [Int32] = []
        cache.withStorage { storage in
            var scratch = BytePairMerger.Scratch()
            Self.forEachSection(givenMatcher, in: text, literal: literal) { section in
                switch section {
                case .token(let token): ids.append(token.id)
                case .text(let range):
                    let inside = literal.filter { $0.overlaps(range) }.map { $0.clamped(to: range) }
                    encodeGiven(
                        Array(text[range]),
                        isAtOrigin: range.lowerBound == 0,
                        literal: inside.map { ($0.lowerBound - range.lowerBound)..<($0.upperBound - range.lowerBound) },
                        &storage,
                        &scratch,
                        to: &ids
                    )
                }
            }
        }
        return postProcessor.apply(to: ids, addSpecialTokens: addSpecialTokens)
    }

    private static func forEachSection(
        _ matcher: AddedTokenMatcher?,
        in text: UnsafeBufferPointer<UInt8>,
        literal: [Range<Int>],
        _ body: (AddedTokenMatcher.Section) -> Void
    ) {
        if let matcher {
            matcher.forEachSection(in: text, literal: literal, body)
        } else if !text.isEmpty {
            body(.text(0..<text.count))
        }
    }

    /// Encodes a stretch of text as given.
    private func encodeGiven(
        _ given: [UInt8],
        isAtOrigin: Bool,
        literal: [Range<Int>],
        _ cache: inout WordCache.Storage,
        _ scratch: inout BytePairMerger.Scratch,
        to ids: inout [Int32]
    ) {
        var text = given
        var isAtOrigin = isAtOrigin
        normalizer.apply(to: &text, isAtOrigin: &isAtOrigin)
        guard let normalizedMatcher else {
            if !text.isEmpty { encodeNormalized(text, isAtOrigin: isAtOrigin, &cache, &scratch, to: &ids) }
            return
        }
        // Where normalizing has moved the text, its literal parts are not known any more: then all of it is literal.
        let isMoved = !literal.isEmpty && text != given
        let literal = isMoved ? [0..<text.count] : literal
        text.withUnsafeBufferPointer { bytes in
            normalizedMatcher.forEachSection(in: bytes, literal: literal) { section in
                switch section {
                case .token(let token): ids.append(token.id)
                case .text(let range):
                    encodeNormalized(
                        Array(bytes[range]),
                        isAtOrigin: isAtOrigin && range.lowerBound == 0,
                        &cache,
                        &scratch,
                        to: &ids
                    )
                }
            }
        }
    }

    /// Encodes a stretch of normalized text, not empty.
    private func encodeNormalized(
        _ text: [UInt8],
        isAtOrigin: Bool,
        _ cache: inout WordCache.Storage,
        _ scratch: inout BytePairMerger.Scratch,
        to ids: inout [Int32]
    ) {
        let words = preTokenizer.words(of: text, isAtOrigin: isAtOrigin)
        words.text.withUnsafeBufferPointer { bytes in
            for range in words.ranges {
                let word = UnsafeBufferPointer(rebasing: bytes[range])
                let hash = FlatHash.of(word)
                if cache.append(word, hash: hash, to: &ids) { continue }
                let start = ids.count
                model.encode(word, scratch: &scratch, to: &ids)
                cache.insert(word, hash: hash, ids: ids[start...])
            }
        }
    }
}
