// What is remembered about the origin of a text, as runs of marked bytes.
// Not the text: TemplateText.swift. Next: TextBuilder.swift, which keeps the runs ascending and joined.

/// Origins that survive every operation of a template.
struct MarkKinds: OptionSet, Hashable, Sendable {
    let rawValue: UInt8

    /// The text of a message, not of the template.
    static let messageText = MarkKinds(rawValue: 1)
    /// Text written inside `{% generation %}`.
    static let generation = MarkKinds(rawValue: 2)
}

/// A run of bytes with one origin. The runs of a text are ascending, disjoint and not empty.
struct TextMark: Hashable, Sendable {
    var bytes: Range<Int>
    var kinds: MarkKinds
}

extension [TextMark] {
    /// Adds a run behind all others, joined with the last one where nothing separates them.
    mutating func appendRun(_ bytes: Range<Int>, _ kinds: MarkKinds) {
        guard !bytes.isEmpty, !kinds.isEmpty else { return }
        if let last, last.bytes.upperBound == bytes.lowerBound, last.kinds == kinds {
            self[count - 1].bytes = last.bytes.lowerBound..<bytes.upperBound
        } else {
            append(TextMark(bytes: bytes, kinds: kinds))
        }
    }

    /// The index of the first run that ends behind `offset`.
    func firstIndex(endingBehind offset: Int) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle].bytes.upperBound <= offset { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Adds `kinds` to every byte of `range`.
    mutating func overlay(_ kinds: MarkKinds, on range: Range<Int>) {
        guard !range.isEmpty else { return }
        // Runs before the range stay, so that marking the end of a long text costs no more than that end.
        let first = firstIndex(endingBehind: range.lowerBound)
        let tail = self[first...]
        removeSubrange(first...)
        var uncovered = range.lowerBound
        for mark in tail {
            let inside = mark.bytes.clamped(to: range)
            if inside.isEmpty {
                if mark.bytes.lowerBound >= range.upperBound {
                    appendRun(uncovered..<range.upperBound, kinds)
                    uncovered = range.upperBound
                }
                appendRun(mark.bytes, mark.kinds)
                continue
            }
            appendRun(mark.bytes.lowerBound..<inside.lowerBound, mark.kinds)
            appendRun(uncovered..<inside.lowerBound, kinds)
            appendRun(inside, mark.kinds.union(kinds))
            uncovered = inside.upperBound
            if mark.bytes.upperBound > range.upperBound {
                appendRun(range.upperBound..<mark.bytes.upperBound, mark.kinds)
            }
        }
        appendRun(uncovered..<Swift.max(uncovered, range.upperBound), kinds)
    }

    /// The bytes that carry `kind`, as ascending ranges that do not touch.
    func ranges(of kind: MarkKinds) -> [Range<Int>] {
        var result: [TextMark] = []
        for mark in self where mark.kinds.contains(kind) { result.appendRun(mark.bytes, kind) }
        return result.map(\.bytes)
    }
}
