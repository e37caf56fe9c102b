// A rendered conversation as token ids, every image's placeholder repeated for the rows that the image will fill.
// Not the rows themselves, nor rotary positions. Next: ../Tokenizer/Tokenizer.swift.

/// The ids of a prompt, and where its images stand.
public struct TokenizedPrompt: Hashable, Sendable {
    /// The place of an image in the ids.
    public struct ImageSpan: Hashable, Sendable {
        /// The index of the image, as in `ChatMessage.Part.image`.
        public let image: Int
        /// The ids that its rows replace.
        public let tokens: Range<Int>

        /// Makes a span.
        public init(image: Int, tokens: Range<Int>) {
            self.image = image
            self.tokens = tokens
        }
    }

    /// The ids.
    public let ids: [Int32]
    /// The images, in the order of the ids.
    public let images: [ImageSpan]

    /// Makes a prompt.
    public init(ids: [Int32], images: [ImageSpan]) {
        self.ids = ids
        self.images = images
    }

    /// How many tokens stand for an image of `temporal` x `height` x `width` patches.
    ///
    /// *Math*: `temporal * height * width / mergeSize²`, as transformers@5.23.0:models/qwen2_vl/processing_qwen2_vl.py.
    /// *Throws*: `ChatError.indivisibleGrid` if a size is not positive or `mergeSize` does not divide height and width.
    public static func imageTokenCount(
        temporal: Int,
        height: Int,
        width: Int,
        mergeSize: Int
    ) throws(ChatError) -> Int {
        let error = ChatError.indivisibleGrid(temporal: temporal, height: height, width: width, mergeSize: mergeSize)
        guard temporal > 0, height > 0, width > 0, mergeSize > 0, height % mergeSize == 0, width % mergeSize == 0 else {
            throw error
        }
        let (area, areaOverflows) = (height / mergeSize).multipliedReportingOverflow(by: width / mergeSize)
        let (count, overflows) = area.multipliedReportingOverflow(by: temporal)
        guard !areaOverflows, !overflows else { throw error }
        return count
    }
}

/// What the text of messages may do that spells a special token, such as `<|im_end|>`.
public enum SpecialTokensInMessages: Hashable, Sendable {
    /// It becomes the token. This is what transformers does: whoever writes a message can then end it and speak in
    /// another role. Right where all text is trusted and ids have to be the reference's.
    case recognized
    /// It stays text. Ids are the same as with `recognized` for every message that spells no special token.
    case literal
}

extension Tokenizer {
    /// The ids of a rendered conversation with its images in their places.
    ///
    /// - Parameters:
    ///   - imageTokenCounts: for each image, by index, how many tokens stand for it.
    ///   - specialTokens: whether messages may spell special tokens.
    ///   - addSpecialTokens: whether to add what the tokenizer's post-processor puts around a text; chat formats write
    ///     all they need themselves.
    ///   - limits: bounds of the text's bytes, and of all tokens, those of images included. They are checked before the
    ///     ids are written.
    /// - Throws: `ChatError` if an image is missing, unused or used twice, if a message spells the placeholder, or if a
    ///   limit is passed.
    public func tokenize(
        _ chat: RenderedChat,
        imageTokenCounts: [Int] = [],
        specialTokens: SpecialTokensInMessages = .recognized,
        addSpecialTokens: Bool = false,
        limits: EncodingLimits = EncodingLimits()
    ) throws(ChatError) -> TokenizedPrompt {
        try Self.checkImages(of: chat, imageTokenCounts)
        let literal = specialTokens == .literal ? Self.joined(chat.messageText) : []
        let ids: [Int32]
        do {
            ids = try encode(chat.text, literal: literal, addSpecialTokens: addSpecialTokens, limits: limits)
        } catch {
            throw .tokenizer(error)
        }
        guard let token = chat.imageToken else { return TokenizedPrompt(ids: ids, images: []) }
        guard let imageID = tokenID(token) else { throw .unknownImageToken(token) }
        let found = ids.count { $0 == imageID }
        guard found == chat.images.count else {
            throw .placeholderCount(found: found, expected: chat.images.count, token: token)
        }
        var total = ids.count - found
        for count in imageTokenCounts {
            let (sum, overflows) = total.addingReportingOverflow(count)
            guard !overflows, sum <= limits.tokens else {
                throw .tooManyTokens(count: overflows ? .max : sum, limit: limits.tokens)
            }
            total = sum
        }
        var expanded: [Int32] = []
        var spans: [TokenizedPrompt.ImageSpan] = []
        expanded.reserveCapacity(total)
        for id in ids {
            guard id == imageID else {
                expanded.append(id)
                continue
            }
            let image = chat.images[spans.count]
            let start = expanded.count
            expanded.append(contentsOf: repeatElement(imageID, count: imageTokenCounts[image]))
            spans.append(TokenizedPrompt.ImageSpan(image: image, tokens: start..<expanded.count))
        }
        return TokenizedPrompt(ids: expanded, images: spans)
    }

    /// Checks that every image given stands in the conversation once and takes tokens.
    private static func checkImages(of chat: RenderedChat, _ counts: [Int]) throws(ChatError) {
        var uses = Array(repeating: 0, count: counts.count)
        for image in chat.images {
            guard counts.indices.contains(image) else { throw .noSuchImage(image, count: counts.count) }
            uses[image] += 1
        }
        for (image, count) in uses.enumerated() where count != 1 { throw .imageNotUsedOnce(image, uses: count) }
        for (image, count) in counts.enumerated() where count < 1 { throw .imageWithoutTokens(image) }
    }

    /// Neighbouring ranges as one, empty ones left out: a token must not be spelled across two parts either.
    private static func joined(_ ranges: [Range<Int>]) -> [Range<Int>] {
        var joined: [Range<Int>] = []
        for range in ranges where !range.isEmpty {
            if let last = joined.last, last.upperBound == range.lowerBound {
                joined[joined.count - 1] = last.lowerBound..<range.upperBound
            } else {
                joined.append(range)
            }
        }
        return joined
    }
}
