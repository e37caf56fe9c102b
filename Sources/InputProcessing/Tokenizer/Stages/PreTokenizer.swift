// Cuts normalized text into the words that the model encodes one by one.
// Not the model. Next: ../Model/BytePairModel.swift.

/// What becomes of the matches of a split pattern.
enum SplitBehavior: String, Sendable, CaseIterable {
    /// They vanish.
    case removed = "Removed"
    /// They are words of their own.
    case isolated = "Isolated"
    /// They end the word before them.
    case mergedWithPrevious = "MergedWithPrevious"
    /// They start the word behind them.
    case mergedWithNext = "MergedWithNext"
    /// Neighbouring ones are one word.
    case contiguous = "Contiguous"
}

/// The steps of a file's `pre_tokenizer`, in order, sequences written out.
struct PreTokenizer: Sendable {
    enum Step: Sendable {
        /// Cuts every word at the matches of a pattern, or where inverted at what lies between them.
        case split(PatternScanner, SplitBehavior, isInverted: Bool)
        /// Puts a space before every word that does not start with one.
        case prefixSpace
        /// Writes spaces as another character, and puts that character before words.
        case metaspace(replacement: [UInt8], PrependScheme)
    }

    /// Before which words `Metaspace` puts its character.
    enum PrependScheme: String, Sendable, CaseIterable {
        case always, first, never
    }

    let steps: [Step]

    /// A text and the words it is cut into.
    struct Words {
        var text: [UInt8]
        var ranges: [Range<Int>]
    }

    /// Cuts `text`, valid UTF-8 and not empty. `isAtOrigin` says that it is the start of the whole text.
    func words(of text: [UInt8], isAtOrigin: Bool) -> Words {
        var words = Words(text: text, ranges: [0..<text.count])
        for step in steps {
            switch step {
            case .split(let pattern, let behavior, let isInverted):
                Self.split(&words, by: pattern, behavior, isInverted: isInverted)
            case .prefixSpace:
                Self.rewrite(&words) { word, _, output in
                    if word.first != UInt8(ascii: " ") { output.append(UInt8(ascii: " ")) }
                    output.append(contentsOf: word)
                }
            case .metaspace(let replacement, let scheme):
                Self.rewrite(&words) { word, isFirst, output in
                    let start = output.count
                    for byte in word {
                        if byte == UInt8(ascii: " ") { output += replacement } else { output.append(byte) }
                    }
                    let isWanted = scheme == .always || scheme == .first && isFirst && isAtOrigin
                    if isWanted, !output[start...].starts(with: replacement) {
                        output.insert(contentsOf: replacement, at: start)
                    }
                }
            }
        }
        return words
    }

    private static func rewrite(_ words: inout Words, _ write: (ArraySlice<UInt8>, Bool, inout [UInt8]) -> Void) {
        var output: [UInt8] = []
        output.reserveCapacity(words.text.count + words.ranges.count)
        for (place, range) in words.ranges.enumerated() {
            let start = output.count
            write(words.text[range], place == 0, &output)
            words.ranges[place] = start..<output.count
        }
        words.text = output
    }

    private static func split(
        _ words: inout Words,
        by pattern: PatternScanner,
        _ behavior: SplitBehavior,
        isInverted: Bool
    ) {
        var ranges: [Range<Int>] = []
        ranges.reserveCapacity(max(words.ranges.count, words.text.count / 5))
        words.text.withUnsafeBufferPointer { text in
            for word in words.ranges {
                let bytes = UnsafeBufferPointer(rebasing: text[word])
                if behavior == .isolated {
                    var end = 0
                    pattern.forEachMatch(in: bytes) { match in
                        append(end..<match.lowerBound, of: word, to: &ranges)
                        append(match, of: word, to: &ranges)
                        end = match.upperBound
                    }
                    append(end..<bytes.count, of: word, to: &ranges)
                } else {
                    let parts = parts(of: bytes, cutBy: pattern, isInverted: isInverted)
                    for part in merged(parts, behavior) { append(part, of: word, to: &ranges) }
                }
            }
        }
        words.ranges = ranges
    }

    @inline(__always)
    private static func append(_ part: Range<Int>, of word: Range<Int>, to ranges: inout [Range<Int>]) {
        if !part.isEmpty { ranges.append((word.lowerBound + part.lowerBound)..<(word.lowerBound + part.upperBound)) }
    }

    private typealias Part = (range: Range<Int>, isDelimiter: Bool)

    /// The matches and what lies between them, in order.
    private static func parts(
        of text: UnsafeBufferPointer<UInt8>,
        cutBy pattern: PatternScanner,
        isInverted: Bool
    ) -> [Part] {
        var parts: [Part] = []
        var end = 0
        pattern.forEachMatch(in: text) { match in
            if end < match.lowerBound { parts.append((end..<match.lowerBound, isInverted)) }
            parts.append((match, !isInverted))
            end = match.upperBound
        }
        if end < text.count { parts.append((end..<text.count, isInverted)) }
        return parts
    }

    /// The words that a behavior makes of the parts.
    private static func merged(_ parts: [Part], _ behavior: SplitBehavior) -> [Range<Int>] {
        var words: [Range<Int>] = []
        var followsDelimiter = false
        switch behavior {
        case .isolated: return parts.map(\.range)
        case .removed: return parts.filter { !$0.isDelimiter }.map(\.range)
        case .contiguous:
            for part in parts {
                if part.isDelimiter == followsDelimiter, let last = words.last {
                    words[words.count - 1] = last.lowerBound..<part.range.upperBound
                } else {
                    words.append(part.range)
                }
                followsDelimiter = part.isDelimiter
            }
        case .mergedWithPrevious:
            for part in parts {
                if part.isDelimiter, !followsDelimiter, let last = words.last {
                    words[words.count - 1] = last.lowerBound..<part.range.upperBound
                } else {
                    words.append(part.range)
                }
                followsDelimiter = part.isDelimiter
            }
        case .mergedWithNext:
            for part in parts.reversed() {
                if part.isDelimiter, !followsDelimiter, let last = words.last {
                    words[words.count - 1] = part.range.lowerBound..<last.upperBound
                } else {
                    words.append(part.range)
                }
                followsDelimiter = part.isDelimiter
            }
            words.reverse()
        }
        return words
    }
}
