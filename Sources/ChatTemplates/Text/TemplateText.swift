// Text as templates handle it: UTF-8, counted and cut by Unicode scalars as Python does, with marks of its origin.
// Not a Swift String: that counts grapheme clusters. Next: TextBuilder.swift, TextSearch.swift, TextCase.swift.

/// A text that knows which of its parts come from messages.
public struct TemplateText: Sendable {
    /// The text as UTF-8.
    public let utf8: [UInt8]
    /// The number of Unicode scalars, which is what templates call its length.
    public let scalarCount: Int
    let marks: [TextMark]
    /// Whether the text passed `safe` or `escape`; `+` then escapes what is added to it.
    var isMarkup = false

    /// A text; `isMessageText` says that all of it comes from a message.
    public init(_ string: String, isMessageText: Bool = false) {
        self.init(Array(string.utf8), kinds: isMessageText ? .messageText : [])
    }

    /// The text of UTF-8 that is known to be valid.
    init(_ utf8: [UInt8], kinds: MarkKinds = []) {
        var marks: [TextMark] = []
        marks.appendRun(0..<utf8.count, kinds)
        self.init(utf8, scalarCount: utf8.reduce(0) { $0 + ($1.isContinuationByte ? 0 : 1) }, marks: marks)
    }

    init(_ utf8: [UInt8], scalarCount: Int, marks: [TextMark]) {
        self.utf8 = utf8
        self.scalarCount = scalarCount
        self.marks = marks
    }

    static let empty = TemplateText([], scalarCount: 0, marks: [])

    /// The text as a string.
    public var string: String { String(decoding: utf8, as: UTF8.self) }

    /// The byte ranges that come from messages, ascending and disjoint.
    public var messageText: [Range<Int>] { marks.ranges(of: .messageText) }

    var isEmpty: Bool { utf8.isEmpty }
    var isASCII: Bool { scalarCount == utf8.count }

    /// The part that `bytes` covers, which must begin and end between scalars.
    func part(_ bytes: Range<Int>) -> TemplateText {
        if bytes == 0..<utf8.count { return self }
        var builder = TextBuilder(limit: .max)
        builder.append(self, bytes)
        return builder.text(isMarkup: isMarkup)
    }

    /// The byte offset of a scalar, counted from 0; `scalarCount` gives the end.
    func byteOffset(ofScalar index: Int) -> Int {
        if isASCII { return index }
        var remaining = index
        var offset = 0
        while remaining > 0, offset < utf8.count {
            offset += utf8.scalarLength(at: offset)
            remaining -= 1
        }
        return offset
    }

    /// The byte range of a range of scalars.
    func byteRange(ofScalars scalars: Range<Int>) -> Range<Int> {
        if isASCII { return scalars }
        let start = byteOffset(ofScalar: scalars.lowerBound)
        var end = start
        for _ in scalars where end < utf8.count { end += utf8.scalarLength(at: end) }
        return start..<end
    }

    /// The number of scalars before a byte offset.
    func scalarIndex(ofByte offset: Int) -> Int {
        if isASCII { return offset }
        return utf8[..<offset].reduce(0) { $0 + ($1.isContinuationByte ? 0 : 1) }
    }

    /// The origins of the scalar at a byte offset.
    func kinds(at offset: Int) -> MarkKinds {
        let index = marks.firstIndex(endingBehind: offset)
        guard index < marks.count, marks[index].bytes.contains(offset) else { return [] }
        return marks[index].kinds
    }

    /// All origins that occur in the text.
    var allKinds: MarkKinds { marks.reduce(into: []) { $0.formUnion($1.kinds) } }

    func markedAsMarkup(_ isMarkup: Bool = true) -> TemplateText {
        var copy = self
        copy.isMarkup = isMarkup
        return copy
    }
}

extension UInt8 {
    var isContinuationByte: Bool { self & 0xC0 == 0x80 }
}

extension RandomAccessCollection<UInt8> where Index == Int {
    /// The length in bytes of the scalar that starts at `offset` of valid UTF-8.
    func scalarLength(at offset: Int) -> Int {
        switch self[offset] {
        case 0..<0x80: 1
        case 0x80..<0xE0: 2
        case 0xE0..<0xF0: 3
        default: 4
        }
    }

    /// The scalar that starts at `offset` of valid UTF-8.
    func scalar(at offset: Int) -> Unicode.Scalar {
        let first = UInt32(self[offset])
        let length = scalarLength(at: offset)
        guard length > 1, offset + length <= endIndex else { return Unicode.Scalar(UInt8(first & 0x7F)) }
        var value = first & (0x7F >> UInt32(length))
        for index in offset + 1..<offset + length { value = value << 6 | UInt32(self[index] & 0x3F) }
        return Unicode.Scalar(value) ?? "\u{FFFD}"
    }

    /// The offset of the scalar that ends before `offset`, which is not the start.
    func scalarStart(before offset: Int) -> Int {
        var start = offset - 1
        while start > startIndex, self[start].isContinuationByte { start -= 1 }
        return start
    }
}
