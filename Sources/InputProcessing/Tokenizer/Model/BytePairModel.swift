// Byte-pair encoding of one word: its characters or bytes as first symbols, then the merges in order of rank.
// Not how text is cut into words. Next: BytePairMerger.swift for the merging itself.

/// A byte-pair encoding: vocabulary, merges, and what becomes of characters outside the vocabulary.
///
/// *Source*: Sennrich et al. 2016, section 3.2; huggingface/tokenizers@0.23:models/bpe/model.rs.
struct BytePairModel: Sendable {
    /// What the file says beside vocabulary and merges.
    struct Options: Sendable {
        /// The token of characters that are not in the vocabulary; nil drops them.
        var unknownToken: Int32?
        /// Whether neighbouring unknown characters become one unknown token.
        var fusesUnknown = false
        /// Whether an unknown character becomes the tokens `<0x00>`...`<0xFF>` of its bytes.
        var fallsBackToBytes = false
        /// Whether a word that is a token as a whole is that token, whatever the merges say.
        var ignoresMerges = false
        /// What the vocabulary writes before every character but the first of a word.
        var continuingPrefix: [UInt8] = []
        /// What the vocabulary writes behind the last character of a word.
        var endSuffix: [UInt8] = []
    }

    let vocabulary: Vocabulary
    let options: Options
    /// The words come as bytes that the vocabulary writes in the byte alphabet.
    let isByteLevel: Bool
    private let merger: BytePairMerger
    /// The symbol of each byte, where a byte-level word needs nothing else.
    private let byteSymbols: [Int32]?
    /// The symbols `<0x00>`...`<0xFF>` where all of them exist.
    private let fallbackSymbols: [Int32?]

    init(vocabulary: Vocabulary, merges: PairTable, options: Options, isByteLevel: Bool) {
        self.vocabulary = vocabulary
        self.options = options
        self.isByteLevel = isByteLevel
        merger = BytePairMerger(merges: merges)
        let alphabet = (0...255).map { vocabulary.id(of: ByteAlphabet.encoding(of: UInt8($0))) }
        let isPlain = isByteLevel && options.continuingPrefix.isEmpty && options.endSuffix.isEmpty
        byteSymbols = isPlain && !alphabet.contains(nil) ? alphabet.compactMap(\.self) : nil
        fallbackSymbols = (0...255).map { vocabulary.id(of: Array(Self.fallbackToken(UInt8($0)).utf8)) }
    }

    /// Whether a word can hold a character that is neither in the vocabulary nor made of byte tokens.
    var canMeetUnknown: Bool { byteSymbols == nil && !(options.fallsBackToBytes && !fallbackSymbols.contains(nil)) }

    /// Appends the ids of one word, valid UTF-8 and not empty.
    func encode(_ word: UnsafeBufferPointer<UInt8>, scratch: inout BytePairMerger.Scratch, to ids: inout [Int32]) {
        if let byteSymbols, !options.ignoresMerges {
            scratch.symbols.removeAll(keepingCapacity: true)
            for byte in word { scratch.symbols.append(byteSymbols[Int(byte)]) }
            merger.merge(&scratch, to: &ids)
            return
        }
        guard isByteLevel else {
            encodeText(word, scratch: &scratch, to: &ids)
            return
        }
        var text: [UInt8] = []
        text.reserveCapacity(2 * word.count)
        ByteAlphabet.appendEncoded(word, to: &text)
        text.withUnsafeBufferPointer { encodeText($0, scratch: &scratch, to: &ids) }
    }

    /// Appends the ids of a word written as the vocabulary writes it.
    private func encodeText(
        _ word: UnsafeBufferPointer<UInt8>,
        scratch: inout BytePairMerger.Scratch,
        to ids: inout [Int32]
    ) {
        if options.ignoresMerges, let id = vocabulary.id(of: word) {
            ids.append(id)
            return
        }
        scratch.symbols.removeAll(keepingCapacity: true)
        var pendingUnknown = false
        var index = 0
        while index < word.count {
            let (_, next) = UTF8Scalars.decode(word, at: index)
            let character = UnsafeBufferPointer(rebasing: word[index..<next])
            let hasAffix =
                index > 0 && !options.continuingPrefix.isEmpty || next == word.count && !options.endSuffix.isEmpty
            var spelled: [UInt8] = []
            let id: Int32?
            if hasAffix {
                if index > 0 { spelled += options.continuingPrefix }
                spelled += character
                if next == word.count { spelled += options.endSuffix }
                id = vocabulary.id(of: spelled)
            } else {
                id = vocabulary.id(of: character)
            }
            index = next
            if let id {
                if pendingUnknown, let unknown = options.unknownToken { scratch.symbols.append(unknown) }
                pendingUnknown = false
                scratch.symbols.append(id)
            } else if options.fallsBackToBytes,
                let symbols = hasAffix ? fallback(spelled) : fallback(character)
            {
                // The reference library leaves a pending unknown token pending here.
                scratch.symbols += symbols
            } else if let unknown = options.unknownToken {
                if pendingUnknown, !options.fusesUnknown { scratch.symbols.append(unknown) }
                pendingUnknown = true
            }
        }
        if pendingUnknown, let unknown = options.unknownToken { scratch.symbols.append(unknown) }
        merger.merge(&scratch, to: &ids)
    }

    /// The byte tokens of a character, or nil if one of them does not exist.
    private func fallback(_ character: some Sequence<UInt8>) -> [Int32]? {
        var symbols: [Int32] = []
        for byte in character {
            guard let symbol = fallbackSymbols[Int(byte)] else { return nil }
            symbols.append(symbol)
        }
        return symbols
    }

    /// The token that stands for one byte, such as `<0x0A>`.
    static func fallbackToken(_ byte: UInt8) -> String {
        "<0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true) + ">"
    }

    /// The byte that a token such as `<0x0A>` stands for, or nil for another token.
    static func fallbackByte(_ token: ArraySlice<UInt8>) -> UInt8? {
        guard token.count == 6, token.starts(with: "<0x".utf8), token.last == UInt8(ascii: ">") else { return nil }
        // The reference library reads the digits with a number parser, which also takes a plus sign.
        let digits = token.dropFirst(3).dropLast()
        guard digits.first != UInt8(ascii: "-") else { return nil }
        return UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}
