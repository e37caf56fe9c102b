// What is in the text of an answer: words for the reader, thoughts, and calls of tools.
// Next: ToolCallReader.swift, which reads one call as it comes.

/// Something that an answer says.
enum AnswerPiece: Sendable, Equatable {
    /// Words for the reader.
    case content(String)
    /// Words that the model said to itself.
    case reasoning(String)
    /// A call of a tool begins.
    case toolCall(index: Int, name: String)
    /// Further arguments of a call: a piece of a JSON text.
    case toolArguments(index: Int, String)
}

/// How answers of one request are to be read.
struct AnswerFormat: Sendable {
    /// The marks around a call of a tool; nil if calls are mere text.
    var toolCallMarks: (begin: String, end: String)?
    /// The marks around thoughts; nil if thoughts are mere text.
    var reasoningMarks: (begin: String, end: String)?
    /// Whether the answer begins in the middle of a thought, whose opening mark the prompt had.
    var startsInReasoning = false
}

/// Reads one answer as it comes.
struct AnswerReader: Sendable {
    private enum Place {
        case content
        case reasoning
        case toolCall
    }

    private let format: AnswerFormat
    private var place: Place
    /// Text that may be the beginning of a mark.
    private var held = ""
    private var call: ToolCallReader?
    private var callCount = 0
    /// Whether white space that follows a mark is still to be left out.
    private var skipsSpace = false

    /// Calls so far.
    var toolCallCount: Int { callCount }

    init(_ format: AnswerFormat) {
        self.format = format
        place = format.startsInReasoning ? .reasoning : .content
    }

    /// Takes further text.
    mutating func append(_ text: String) -> [AnswerPiece] {
        guard format.toolCallMarks != nil || format.reasoningMarks != nil else {
            return text.isEmpty ? [] : [.content(text)]
        }
        held += text
        var pieces: [AnswerPiece] = []
        while let (before, next) = takeMark() {
            emit(before, into: &pieces)
            leave(into: &pieces)
            place = next
            skipsSpace = true
            if next == .toolCall { call = ToolCallReader(index: callCount) }
        }
        let certain = held.count - uncertainSuffix
        emit(String(held.prefix(certain)), into: &pieces)
        held.removeFirst(certain)
        return pieces
    }

    /// Takes the end.
    mutating func finish() -> [AnswerPiece] {
        var pieces: [AnswerPiece] = []
        emit(held, into: &pieces)
        held = ""
        leave(isCut: true, into: &pieces)
        return pieces
    }

    /// The marks that may come where the answer is.
    private var marks: [(text: String, next: Place)] {
        switch place {
        case .content:
            [
                format.toolCallMarks.map { ($0.begin, Place.toolCall) },
                format.reasoningMarks.map { ($0.begin, .reasoning) },
            ]
            .compactMap { $0 }
        case .reasoning: format.reasoningMarks.map { [($0.end, Place.content)] } ?? []
        case .toolCall: format.toolCallMarks.map { [($0.end, Place.content)] } ?? []
        }
    }

    /// The text before the first mark, and where it leads; nil without a whole mark.
    private mutating func takeMark() -> (before: String, next: Place)? {
        var first: (range: Range<String.Index>, next: Place)?
        for mark in marks {
            guard let range = held.firstRange(of: mark.text) else { continue }
            if first.map({ range.lowerBound < $0.range.lowerBound }) ?? true { first = (range, mark.next) }
        }
        guard let first else { return nil }
        let before = String(held[..<first.range.lowerBound])
        held = String(held[first.range.upperBound...])
        return (before, first.next)
    }

    /// Characters at the end of what is held that may begin a mark.
    private var uncertainSuffix: Int {
        var longest = 0
        for mark in marks {
            for count in stride(from: min(mark.text.count - 1, held.count), to: longest, by: -1)
            where mark.text.hasPrefix(String(held.suffix(count))) {
                longest = count
                break
            }
        }
        return longest
    }

    private mutating func emit(_ text: String, into pieces: inout [AnswerPiece]) {
        var text = Substring(text)
        if skipsSpace, place != .toolCall {
            text = text.drop { $0.isWhitespace }
            if !text.isEmpty { skipsSpace = false }
        }
        guard !text.isEmpty else { return }
        switch place {
        case .content: pieces.append(.content(String(text)))
        case .reasoning: pieces.append(.reasoning(String(text)))
        case .toolCall: pieces += call?.append(String(text)) ?? []
        }
    }

    /// Ends what the answer was in.
    ///
    /// - Parameter isCut: whether the answer ended there, without a mark.
    private mutating func leave(isCut: Bool = false, into pieces: inout [AnswerPiece]) {
        guard let reader = call else { return }
        call = nil
        switch reader.finish() {
        case .call(let rest):
            callCount += 1
            pieces += rest
        case .text(let text):
            // The model wrote something between the marks that is no call: the reader gets it as it is.
            let marks = format.toolCallMarks ?? ("", "")
            pieces.append(.content(marks.begin + text + (isCut ? "" : marks.end)))
        }
    }
}
