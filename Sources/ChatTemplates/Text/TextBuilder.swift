// Joins texts so that every byte keeps its origin; refuses to grow beyond a limit.
// Not thread-safe and not shared: each output and each operation has its own. Next: TextSearch.swift.

/// Collects text up to a limit of bytes.
///
/// What would go beyond the limit is dropped and `isOverfull` set, so that a loop may go on without checks; whoever
/// takes the text has to look (`Renderer.finish`).
struct TextBuilder {
    private(set) var bytes: [UInt8] = []
    private(set) var marks: [TextMark] = []
    private(set) var isOverfull = false
    private var scalarCount = 0
    let limit: Int

    init(limit: Int) { self.limit = limit }

    var count: Int { bytes.count }

    mutating func append(_ text: TemplateText) {
        guard hasRoom(for: text.utf8.count) else { return }
        for mark in text.marks {
            marks.appendRun(mark.bytes.lowerBound + bytes.count..<mark.bytes.upperBound + bytes.count, mark.kinds)
        }
        bytes.append(contentsOf: text.utf8)
        scalarCount += text.scalarCount
    }

    /// Appends the part of a text that `range` covers.
    mutating func append(_ text: TemplateText, _ range: Range<Int>) {
        guard hasRoom(for: range.count), !range.isEmpty else { return }
        if !text.marks.isEmpty {
            var index = text.marks.firstIndex(endingBehind: range.lowerBound)
            while index < text.marks.count, text.marks[index].bytes.lowerBound < range.upperBound {
                let inside = text.marks[index].bytes.clamped(to: range)
                let shift = bytes.count - range.lowerBound
                marks.appendRun(inside.lowerBound + shift..<inside.upperBound + shift, text.marks[index].kinds)
                index += 1
            }
        }
        bytes.append(contentsOf: text.utf8[range])
        scalarCount += text.isASCII ? range.count : text.utf8[range].reduce(0) { $0 + ($1.isContinuationByte ? 0 : 1) }
    }

    /// Appends valid UTF-8 of one origin.
    mutating func append(_ utf8: some Collection<UInt8>, _ kinds: MarkKinds = []) {
        guard hasRoom(for: utf8.count) else { return }
        marks.appendRun(bytes.count..<bytes.count + utf8.count, kinds)
        bytes.append(contentsOf: utf8)
        for byte in utf8 where !byte.isContinuationByte { scalarCount += 1 }
    }

    mutating func append(_ string: String, _ kinds: MarkKinds = []) {
        append(string.utf8, kinds)
    }

    mutating func append(_ scalar: Unicode.Scalar, _ kinds: MarkKinds = []) {
        append(UTF8.encode(scalar).map { Array($0) } ?? [], kinds)
    }

    /// Appends one ASCII byte.
    mutating func append(ascii byte: UInt8, _ kinds: MarkKinds = []) {
        guard hasRoom(for: 1) else { return }
        marks.appendRun(bytes.count..<bytes.count + 1, kinds)
        bytes.append(byte)
        scalarCount += 1
    }

    /// Appends a text `count` times.
    mutating func append(_ text: TemplateText, times count: Int) {
        guard count > 0, !text.isEmpty else { return }
        let (total, overflows) = text.utf8.count.multipliedReportingOverflow(by: count)
        guard !overflows, hasRoom(for: total) else {
            isOverfull = true
            return
        }
        for _ in 0..<count { append(text) }
    }

    /// Adds an origin to what was appended since the builder had `start` bytes.
    mutating func overlay(_ kinds: MarkKinds, from start: Int) {
        marks.overlay(kinds, on: start..<Swift.max(start, bytes.count))
    }

    func text(isMarkup: Bool = false) -> TemplateText {
        var text = TemplateText(bytes, scalarCount: scalarCount, marks: marks)
        text.isMarkup = isMarkup
        return text
    }

    private mutating func hasRoom(for more: Int) -> Bool {
        guard !isOverfull, more <= limit - bytes.count else {
            isOverfull = true
            return false
        }
        return true
    }
}
