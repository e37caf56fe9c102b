// Cuts a template into text and tags, and strips the white space that tags take with them (trim_blocks, lstrip_blocks).
// Not the inside of tags: ExpressionLexer.swift. Next: Parser.swift.

/// *Source* jinja2@3.1.6:lexer.py, with the settings of transformers@5.23.0:utils/chat_template_utils.py.
struct Lexer {
    let source: [UInt8]
    let places: TemplatePlaces
    var offset = 0
    var tokens: [Token] = []
    /// Whether what was consumed last ended a line; white space before a tag may then go.
    private var startsLine = true

    /// A lexer of a text whose line ends may be of any kind; one at its very end does not count.
    init(_ text: [UInt8], file: String) {
        source = Lexer.normalised(text)
        places = TemplatePlaces(file: file, source: source)
    }

    private static func normalised(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        for (index, byte) in text.enumerated() {
            switch byte {
            case UInt8(ascii: "\r"): result.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "\n") where index > 0 && text[index - 1] == UInt8(ascii: "\r"): break
            default: result.append(byte)
            }
        }
        if result.last == UInt8(ascii: "\n") { result.removeLast() }
        return result
    }

    private enum Tag {
        case block, output, comment
        case raw(bodyStart: Int)
    }

    mutating func run() throws(TemplateError) -> [Token] {
        while offset < source.count {
            let start = offset
            guard let (tagStart, tag) = nextTag() else {
                appendData(start..<source.count, at: start)
                offset = source.count
                break
            }
            let sign = source.indices.contains(tagStart + 2) ? source[tagStart + 2] : 0
            let isSigned = sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+")
            var stripsLine = true
            if case .output = tag { stripsLine = false }
            appendData(stripped(start..<tagStart, sign: isSigned ? sign : 0, stripsLine: stripsLine), at: start)
            offset = tagStart + (isSigned ? 3 : 2)
            switch tag {
            case .comment: try skipComment(from: tagStart)
            case .raw(let bodyStart):
                startsLine = source[bodyStart - 1] == UInt8(ascii: "\n")
                offset = bodyStart
                try lexRaw(from: tagStart)
            case .block:
                tokens.append(Token(kind: .blockBegin, offset: tagStart))
                try lexTag(from: tagStart, isBlock: true)
            case .output:
                tokens.append(Token(kind: .outputBegin, offset: tagStart))
                try lexTag(from: tagStart, isBlock: false)
            }
            startsLine = source[offset - 1] == UInt8(ascii: "\n")
        }
        tokens.append(Token(kind: .end, offset: source.count))
        return tokens
    }

    private func nextTag() -> (Int, Tag)? {
        var index = offset
        while index + 1 < source.count {
            if source[index] == UInt8(ascii: "{") {
                switch source[index + 1] {
                case UInt8(ascii: "{"): return (index, .output)
                case UInt8(ascii: "#"): return (index, .comment)
                case UInt8(ascii: "%"): return (index, rawBodyStart(index).map { .raw(bodyStart: $0) } ?? .block)
                default: break
                }
            }
            index += 1
        }
        return nil
    }

    /// Where the text behind `{% raw %}` starts, if that is what stands at `index`.
    private func rawBodyStart(_ index: Int) -> Int? {
        guard let end = wordEnd("raw", behindTagAt: index) else { return nil }
        if has("%}", at: end) { return end + 2 }
        return has("-%}", at: end) ? WhiteSpace.end(from: end + 3, in: source) : nil
    }

    /// Where the white space behind a word ends, if the word is the first one of the tag at `index`.
    private func wordEnd(_ word: String, behindTagAt index: Int) -> Int? {
        var start = index + 2
        if start < source.count, source[start] == UInt8(ascii: "-") || source[start] == UInt8(ascii: "+") { start += 1 }
        start = WhiteSpace.end(from: start, in: source)
        return has(word, at: start) ? WhiteSpace.end(from: start + word.utf8.count, in: source) : nil
    }

    func has(_ text: String, at index: Int) -> Bool {
        index + text.utf8.count <= source.count
            && source[index..<index + text.utf8.count].elementsEqual(text.utf8)
    }

    /// The part of a text before a tag that the tag leaves.
    private func stripped(_ text: Range<Int>, sign: UInt8, stripsLine: Bool) -> Range<Int> {
        let bareStart = WhiteSpace.start(before: text.upperBound, downTo: text.lowerBound, in: source)
        if sign == UInt8(ascii: "-") { return text.lowerBound..<bareStart }
        guard sign != UInt8(ascii: "+"), stripsLine else { return text }
        let lineEnd = source[text].lastIndex(of: UInt8(ascii: "\n"))
        let lineStart = lineEnd.map { $0 + 1 } ?? text.lowerBound
        guard lineEnd != nil || startsLine, bareStart <= lineStart else { return text }
        return text.lowerBound..<lineStart
    }

    private mutating func appendData(_ range: Range<Int>, at start: Int) {
        guard !range.isEmpty else { return }
        tokens.append(Token(kind: .data(Array(source[range])), offset: start))
    }

    /// Skips what the end of a tag takes with it. `end` is where `%}` or `#}` starts.
    private mutating func skipEnd(at end: Int, from bodyStart: Int) {
        offset = end + 2
        let sign = end > bodyStart ? source[end - 1] : 0
        if sign == UInt8(ascii: "-") {
            offset = WhiteSpace.end(from: offset, in: source)
        } else if sign != UInt8(ascii: "+"), offset < source.count, source[offset] == UInt8(ascii: "\n") {
            offset += 1
        }
    }

    private mutating func skipComment(from tagStart: Int) throws(TemplateError) {
        let bodyStart = offset
        // An opening at the very end passes in jinja2, here as for `raw`.
        if bodyStart == source.count { return }
        guard let end = TextPattern(Array("#}".utf8)).first(in: source, bodyStart..<source.count) else {
            throw places.error(.syntax, at: tagStart, "this comment has no end; expected '#}'")
        }
        skipEnd(at: end, from: bodyStart)
    }

    private mutating func lexRaw(from tagStart: Int) throws(TemplateError) {
        let bodyStart = offset
        if bodyStart == source.count { return }
        let pattern = TextPattern(Array("{%".utf8))
        var searched = bodyStart
        while let index = pattern.first(in: source, searched..<source.count) {
            searched = index + 2
            guard let wordEnd = wordEnd("endraw", behindTagAt: index) else { continue }
            let isSigned = has("-%}", at: wordEnd) || has("+%}", at: wordEnd)
            guard isSigned || has("%}", at: wordEnd) else { continue }
            let sign = source[index + 2]
            let isTagSigned = sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+")
            appendData(stripped(bodyStart..<index, sign: isTagSigned ? sign : 0, stripsLine: true), at: bodyStart)
            skipEnd(at: isSigned ? wordEnd + 1 : wordEnd, from: wordEnd)
            return
        }
        throw places.error(.syntax, at: tagStart, "'{% raw %}' has no end; expected '{% endraw %}'")
    }

    /// Skips the end of the block or output that is being read, if it stands here.
    mutating func skipTagEnd(isBlock: Bool) -> Bool {
        let end = isBlock ? "%}" : "}}"
        if has(end, at: offset) {
            // An output takes no line end with it.
            if isBlock { skipEnd(at: offset, from: offset) } else { offset += 2 }
            return true
        }
        if has("-" + end, at: offset) {
            offset = WhiteSpace.end(from: offset + 3, in: source)
            return true
        }
        guard isBlock, has("+%}", at: offset) else { return false }
        offset += 3
        return true
    }
}
