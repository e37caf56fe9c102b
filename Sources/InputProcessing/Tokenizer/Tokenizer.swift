// Text to token ids and back, as a checkpoint's tokenizer.json says. Not a chat format: ../Chat writes conversations.
// Read on: Loading/ (the file), Unicode/ and Pattern/ (what the stages need), Stages/ (added tokens, normalizer,
// splitting, decoder), Model/ (byte-pair encoding).

import JSONText

/// How long a text may be, and what it may become.
public struct EncodingLimits: Hashable, Sendable {
    /// The most bytes of UTF-8 that a text may have.
    public var bytes: Int
    /// The most tokens that a text may become.
    public var tokens: Int

    /// Makes limits; each is none unless given.
    public init(bytes: Int = .max, tokens: Int = .max) {
        self.bytes = bytes
        self.tokens = tokens
    }
}

/// A byte-pair-encoding tokenizer of a Hugging Face checkpoint.
///
/// *Source*: huggingface/tokenizers@0.23.3; encoding and decoding give the same ids and texts.
/// *Differs from source*: `truncation` and `padding` of the file are not applied (callers bound their prompts, as
/// transformers does); ids that a file lists differently from how they would be assigned are an error, not a warning; a
/// `Prepend` of nothing does nothing, where the source goes on to write a character twice.
public struct Tokenizer: Sendable {
    let parts: TokenizerParts

    /// Loads a `tokenizer.json`.
    ///
    /// - Throws: `TokenizerError` naming the file, the place in it, what was found and what is supported.
    public init(contentsOf path: String) throws(TokenizerError) {
        let bytes: [UInt8]
        do {
            bytes = try FileReading.bytes(of: path, limit: TokenizerLoader.fileByteLimit)
        } catch {
            throw error.inFile(path)
        }
        do {
            try self.init(json: bytes)
        } catch {
            throw error.inFile(path)
        }
    }

    /// Loads the text of a `tokenizer.json`.
    public init(json: [UInt8]) throws(TokenizerError) {
        let loaded: Result<TokenizerParts, TokenizerError> = json.withUnsafeBytes { bytes in
            do throws(TokenizerError) {
                return .success(try TokenizerLoader.load(bytes))
            } catch {
                return .failure(error)
            }
        }
        parts = try loaded.get()
    }

    // MARK: Vocabulary

    /// How many tokens there are, added tokens included.
    public var vocabularySize: Int { parts.tokenCount }

    /// One more than the largest id.
    public var idBound: Int { parts.idBound }

    /// The added tokens, ascending by id.
    public var addedTokens: [AddedToken] { parts.addedTokens }

    /// The added tokens that are special, ascending by id.
    public var specialTokens: [AddedToken] { parts.addedTokens.filter(\.isSpecial) }

    /// The id of the token that the file writes as `token`, or nil. Byte-level vocabularies write a space as `Ġ`.
    public func tokenID(_ token: String) -> Int32? { parts.id(of: Array(token.utf8)) }

    /// The token with an id as the file writes it, or nil.
    public func token(_ id: Int32) -> String? {
        parts.writtenToken(id).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes that a token adds in the middle of a text, which may be a part of a character; nil if there is no such
    /// token.
    public func bytes(of id: Int32) -> [UInt8]? {
        parts.decodedToken(id, skipsSpecialTokens: false).map { parts.decoder.bytes(of: $0) }
    }

    // MARK: Encoding

    /// The ids of a text. Added tokens in it, special ones too, become their ids.
    ///
    /// - Parameter addSpecialTokens: whether to add what the file's post-processor puts around a text.
    public func encode(_ text: String, addSpecialTokens: Bool = false) -> [Int32] {
        var text = text
        return text.withUTF8 { parts.encode($0, literal: [], addSpecialTokens: addSpecialTokens) }
    }

    /// The ids of a text given as UTF-8. What is not valid UTF-8 is read as U+FFFD, one for every maximal invalid part,
    /// as Rust's lossy conversion does.
    public func encode(_ bytes: [UInt8], addSpecialTokens: Bool = false) -> [Int32] {
        encode(String(decoding: bytes, as: UTF8.self), addSpecialTokens: addSpecialTokens)
    }

    /// The ids of a text that is not longer than `limits`.
    ///
    /// - Throws: `TokenizerError` if the text is longer or becomes more tokens. The bytes are checked before anything
    ///   is done.
    public func encode(
        _ text: String,
        addSpecialTokens: Bool = false,
        limits: EncodingLimits
    ) throws(TokenizerError) -> [Int32] {
        try encode(text, literal: [], addSpecialTokens: addSpecialTokens, limits: limits)
    }

    /// The ids of a text in parts of which special tokens are mere text.
    ///
    /// - Parameter literal: ranges of UTF-8 offsets, ascending and disjoint, inside which no special token is
    ///   recognised; everything else about the text is encoded as usual, across the ranges' ends too.
    public func encode(
        _ text: String,
        literal: [Range<Int>],
        addSpecialTokens: Bool = false,
        limits: EncodingLimits = EncodingLimits()
    ) throws(TokenizerError) -> [Int32] {
        let count = text.utf8.count
        guard count <= limits.bytes else {
            throw TokenizerError(problem: .textTooLong(count: count, limit: limits.bytes, unit: "bytes"))
        }
        var text = text
        let ids = text.withUTF8 { parts.encode($0, literal: literal, addSpecialTokens: addSpecialTokens) }
        guard ids.count <= limits.tokens else {
            throw TokenizerError(problem: .textTooLong(count: ids.count, limit: limits.tokens, unit: "tokens"))
        }
        return ids
    }

    // MARK: Decoding

    /// The text of ids. Ids that stand for no token add nothing; bytes that are no UTF-8 become U+FFFD.
    public func decode(_ ids: some Sequence<Int32>, skipSpecialTokens: Bool = false) -> String {
        var decoder = makeStreamingDecoder(skipSpecialTokens: skipSpecialTokens)
        var output: [UInt8] = []
        for id in ids { decoder.append(id, to: &output) }
        decoder.finish(to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// A decoder for ids that come one by one.
    public func makeStreamingDecoder(skipSpecialTokens: Bool = false) -> StreamingDecoder {
        StreamingDecoder(tokenizer: self, skipsSpecialTokens: skipSpecialTokens)
    }
}
