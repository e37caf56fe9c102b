// Tokens that stand beside the model, such as <|im_start|>: found in the text before anything else looks at it.
// Not the vocabulary of the model. Next: Normalizer.swift.

/// A token that is matched as a whole in the text.
public struct AddedToken: Hashable, Sendable {
    /// The text of the token.
    public let text: String
    /// Its id.
    public let id: Int32
    /// Whether it is special: decoding can leave it out.
    public let isSpecial: Bool
    /// Whether it is looked for in the normalized text, in its own normalized form, instead of in the text as given.
    public let isNormalized: Bool
    /// Whether it takes white space before it along.
    public let stripsLeft: Bool
    /// Whether it takes white space behind it along.
    public let stripsRight: Bool
    /// Whether it is matched only where no part of a word touches it.
    public let isSingleWord: Bool

    /// Makes an added token.
    public init(
        text: String,
        id: Int32,
        isSpecial: Bool,
        isNormalized: Bool = false,
        stripsLeft: Bool = false,
        stripsRight: Bool = false,
        isSingleWord: Bool = false
    ) {
        self.text = text
        self.id = id
        self.isSpecial = isSpecial
        self.isNormalized = isNormalized
        self.stripsLeft = stripsLeft
        self.stripsRight = stripsRight
        self.isSingleWord = isSingleWord
    }
}

/// The longest of several texts at each place: a trie over bytes.
struct AddedTokenMatcher: Sendable {
    private let tokens: [AddedToken]
    /// For node and byte, the node that follows. The root is node 0.
    private let edges: PairTable
    /// For each node the token that ends there, or -1.
    private let ends: [Int32]
    /// Whether a token starts with the byte.
    private let starts: [Bool]

    /// A part of a text.
    enum Section {
        /// Text between tokens.
        case text(Range<Int>)
        /// A token.
        case token(AddedToken)
    }

    /// Makes a matcher of distinct, non-empty texts. Nil if there are none.
    init?(_ patterns: [(bytes: [UInt8], token: AddedToken)]) {
        guard !patterns.isEmpty else { return nil }
        var edges = PairTable(capacityFor: patterns.reduce(0) { $0 + $1.bytes.count })
        var ends: [Int32] = [-1]
        var starts = Array(repeating: false, count: 256)
        for (place, pattern) in patterns.enumerated() {
            var node = 0
            for (index, byte) in pattern.bytes.enumerated() {
                if index == 0 { starts[Int(byte)] = true }
                let key = PairTable.key(UInt32(node), UInt32(byte))
                if let next = edges[key] {
                    node = Int(next)
                } else {
                    node = ends.count
                    ends.append(-1)
                    edges.set(key, to: UInt64(node))
                }
            }
            ends[node] = Int32(place)
        }
        self.tokens = patterns.map(\.token)
        self.edges = edges
        self.ends = ends
        self.starts = starts
    }

    /// Calls `body` with the sections of `text`, valid UTF-8, in order. Special tokens are not matched where they would
    /// touch one of the `literal` ranges, which are ascending and disjoint.
    func forEachSection(
        in text: UnsafeBufferPointer<UInt8>,
        literal: [Range<Int>],
        _ body: (Section) -> Void
    ) {
        var textStart = 0
        var index = 0
        while index < text.count {
            guard starts[Int(text[index])], let match = longestMatch(in: text, at: index, literal: literal) else {
                index += 1
                continue
            }
            index = match.end
            let token = match.token
            if token.isSingleWord, touchesWord(match.start..<match.end, in: text) { continue }
            let start = token.stripsLeft ? max(startOfSpace(before: match.start, in: text), textStart) : match.start
            let end = token.stripsRight ? endOfSpace(from: match.end, in: text) : match.end
            // A token of white space alone may lie in what the token before it has taken along.
            guard start < end else { continue }
            if textStart < start { body(.text(textStart..<start)) }
            body(.token(token))
            textStart = end
        }
        if textStart < text.count { body(.text(textStart..<text.count)) }
    }

    private func longestMatch(
        in text: UnsafeBufferPointer<UInt8>,
        at start: Int,
        literal: [Range<Int>]
    ) -> (token: AddedToken, start: Int, end: Int)? {
        var node = 0
        var index = start
        var found: (token: AddedToken, start: Int, end: Int)?
        while index < text.count, let next = edges[PairTable.key(UInt32(node), UInt32(text[index]))] {
            node = Int(next)
            index += 1
            guard ends[node] >= 0 else { continue }
            let token = tokens[Int(ends[node])]
            if !(token.isSpecial && Self.overlaps(start..<index, literal)) { found = (token, start, index) }
        }
        return found
    }

    /// Whether `range` overlaps one of the ascending, disjoint `ranges`.
    private static func overlaps(_ range: Range<Int>, _ ranges: [Range<Int>]) -> Bool {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound <= range.lowerBound { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].overlaps(range)
    }

    private func touchesWord(_ range: Range<Int>, in text: UnsafeBufferPointer<UInt8>) -> Bool {
        func isWord(at index: Int) -> Bool {
            Unicode.Scalar(UTF8Scalars.decode(text, at: index).scalar).map(ScalarSet.wordOfAddedTokens.contains)
                ?? false
        }
        if range.lowerBound > 0, isWord(at: UTF8Scalars.start(before: range.lowerBound, in: text)) { return true }
        return range.upperBound < text.count && isWord(at: range.upperBound)
    }

    private func startOfSpace(before end: Int, in text: UnsafeBufferPointer<UInt8>) -> Int {
        var start = end
        while start > 0 {
            let previous = UTF8Scalars.start(before: start, in: text)
            guard isSpace(at: previous, in: text) else { return start }
            start = previous
        }
        return start
    }

    private func endOfSpace(from start: Int, in text: UnsafeBufferPointer<UInt8>) -> Int {
        var end = start
        while end < text.count, isSpace(at: end, in: text) { end = UTF8Scalars.decode(text, at: end).next }
        return end
    }

    private func isSpace(at index: Int, in text: UnsafeBufferPointer<UInt8>) -> Bool {
        Unicode.Scalar(UTF8Scalars.decode(text, at: index).scalar).map(ScalarSet.whiteSpace.contains) ?? false
    }
}
