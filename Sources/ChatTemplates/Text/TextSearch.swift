// Finding, splitting, replacing and stripping, each in one pass over the text.
// Not the argument rules of Python's methods: Library/TextMethods.swift. Next: TextCase.swift.

/// Finds one pattern in texts, in linear time whatever the pattern (Knuth, Morris and Pratt, 1977).
struct TextPattern {
    private let pattern: [UInt8]
    /// For each length of a matched prefix, the longest shorter prefix that is also its suffix.
    private let borders: [Int]

    init(_ pattern: [UInt8]) {
        self.pattern = pattern
        var borders = [0, 0]
        var border = 0
        for index in 1..<Swift.max(1, pattern.count) {
            while border > 0, pattern[border] != pattern[index] { border = borders[border] }
            if pattern[border] == pattern[index] { border += 1 }
            borders.append(border)
        }
        self.borders = borders
    }

    /// The offset of the first occurrence that lies within `range`. An empty pattern occurs at its start.
    func first(in utf8: [UInt8], _ range: Range<Int>) -> Int? {
        if pattern.isEmpty { return range.lowerBound }
        var matched = 0
        for offset in range {
            while matched > 0, pattern[matched] != utf8[offset] { matched = borders[matched] }
            if pattern[matched] == utf8[offset] { matched += 1 }
            if matched == pattern.count { return offset + 1 - matched }
        }
        return nil
    }

    /// The offsets of all occurrences that do not overlap, from the start; the pattern is not empty.
    func all(in utf8: [UInt8], _ range: Range<Int>, limit: Int = .max) -> [Int] {
        var result: [Int] = []
        var start = range.lowerBound
        while result.count < limit, let found = first(in: utf8, start..<range.upperBound) {
            result.append(found)
            start = found + pattern.count
        }
        return result
    }

    /// The offsets of occurrences that do not overlap, found from the end; descending. The pattern is not empty.
    static func allFromEnd(of pattern: [UInt8], in utf8: [UInt8], _ range: Range<Int>, limit: Int = .max) -> [Int] {
        let reversed = TextPattern(pattern.reversed())
        let found = reversed.all(in: utf8[range].reversed(), 0..<range.count, limit: limit)
        return found.map { range.upperBound - $0 - pattern.count }
    }
}

extension TemplateText {
    /// The parts between the occurrences of `separator`, which is not empty.
    func split(_ separator: TemplateText, limit: Int) -> [TemplateText] {
        let found = TextPattern(separator.utf8).all(in: utf8, 0..<utf8.count, limit: limit)
        return parts(between: found, separatorLength: separator.utf8.count)
    }

    /// The parts between the occurrences of `separator` counted from the end.
    func splitFromEnd(_ separator: TemplateText, limit: Int) -> [TemplateText] {
        let found = TextPattern.allFromEnd(of: separator.utf8, in: utf8, 0..<utf8.count, limit: limit)
        return parts(between: found.reversed(), separatorLength: separator.utf8.count)
    }

    private func parts(between offsets: [Int], separatorLength: Int) -> [TemplateText] {
        var parts: [TemplateText] = []
        parts.reserveCapacity(offsets.count + 1)
        var start = 0
        for offset in offsets {
            parts.append(part(start..<offset))
            start = offset + separatorLength
        }
        parts.append(part(start..<utf8.count))
        return parts
    }

    /// The words between runs of white space; behind `limit` of them the rest of the text.
    func splitWords(limit: Int) -> [TemplateText] {
        var parts: [TemplateText] = []
        var start = WhiteSpace.end(from: 0, in: utf8)
        while start < utf8.count {
            if parts.count == limit {
                parts.append(part(start..<utf8.count))
                break
            }
            var end = start
            while end < utf8.count, WhiteSpace.length(at: end, in: utf8) == 0 { end += utf8.scalarLength(at: end) }
            parts.append(part(start..<end))
            start = WhiteSpace.end(from: end, in: utf8)
        }
        return parts
    }

    /// The last `limit` words between runs of white space, behind the rest of the text.
    func splitWordsFromEnd(limit: Int) -> [TemplateText] {
        var parts: [TemplateText] = []
        var end = WhiteSpace.start(before: utf8.count, downTo: 0, in: utf8)
        while end > 0 {
            if parts.count == limit {
                parts.append(part(0..<end))
                break
            }
            var start = end
            while start > 0 {
                let previous = utf8.scalarStart(before: start)
                if WhiteSpace.contains(utf8.scalar(at: previous)) { break }
                start = previous
            }
            parts.append(part(start..<end))
            end = WhiteSpace.start(before: start, downTo: 0, in: utf8)
        }
        return parts.reversed()
    }

    /// The lines, with their ends if `keepsEnds`.
    func lines(keepsEnds: Bool) -> [TemplateText] {
        var lines: [TemplateText] = []
        var start = 0
        var offset = 0
        while offset < utf8.count {
            let length = WhiteSpace.lineEndLength(at: offset, in: utf8)
            if length == 0 {
                offset += utf8.scalarLength(at: offset)
                continue
            }
            lines.append(part(start..<(keepsEnds ? offset + length : offset)))
            offset += length
            start = offset
        }
        if start < utf8.count { lines.append(part(start..<utf8.count)) }
        return lines
    }

    /// Appends the text with `old` replaced by `new`, at most `limit` times from the start. An empty `old` occurs
    /// before every scalar and at the end.
    func write(replacing old: TemplateText, with new: TemplateText, limit: Int, to builder: inout TextBuilder) {
        var start = 0
        if old.isEmpty {
            var replaced = 0
            while replaced < limit {
                builder.append(new)
                replaced += 1
                if start == utf8.count { return }
                let end = start + utf8.scalarLength(at: start)
                builder.append(self, start..<end)
                start = end
            }
        } else {
            for offset in TextPattern(old.utf8).all(in: utf8, 0..<utf8.count, limit: limit) {
                builder.append(self, start..<offset)
                builder.append(new)
                start = offset + old.utf8.count
            }
        }
        builder.append(self, start..<utf8.count)
    }

    /// The text without what stands at its ends and is in `characters`, or is white space if there are none.
    func stripped(_ characters: TemplateText? = nil, start: Bool = true, end: Bool = true) -> TemplateText {
        var lower = 0
        var upper = utf8.count
        if let characters {
            var set = Set<Unicode.Scalar>()
            characters.forEachScalar { scalar, _ in set.insert(scalar) }
            while start, lower < upper, set.contains(utf8.scalar(at: lower)) { lower += utf8.scalarLength(at: lower) }
            while end, upper > lower, set.contains(utf8.scalar(at: utf8.scalarStart(before: upper))) {
                upper = utf8.scalarStart(before: upper)
            }
        } else {
            if start { lower = WhiteSpace.end(from: 0, in: utf8) }
            if end { upper = WhiteSpace.start(before: upper, downTo: Swift.min(lower, upper), in: utf8) }
        }
        return part(lower..<Swift.max(lower, upper))
    }

    /// Whether `other` stands at the byte offset `start`.
    func hasText(_ other: TemplateText, at start: Int) -> Bool {
        start >= 0 && start + other.utf8.count <= utf8.count
            && utf8[start..<start + other.utf8.count].elementsEqual(other.utf8)
    }

    /// Calls `body` with each scalar and its byte range.
    func forEachScalar(_ body: (Unicode.Scalar, Range<Int>) -> Void) {
        var offset = 0
        while offset < utf8.count {
            let end = offset + utf8.scalarLength(at: offset)
            body(utf8.scalar(at: offset), offset..<end)
            offset = end
        }
    }
}
