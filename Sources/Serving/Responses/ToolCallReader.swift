// One call of a tool as it comes: {"name": "...", "arguments": {...}}, the arguments handed on piece by piece.

import JSONText

/// Reads the JSON text of a call.
struct ToolCallReader: Sendable {
    /// What the text was.
    enum Outcome: Sendable, Equatable {
        /// A call; these are its last pieces.
        case call([AnswerPiece])
        /// No call.
        case text(String)
    }

    private let index: Int
    private var text: [UInt8] = []
    private var name: String?
    /// Where the value of "arguments" begins.
    private var argumentsStart: Int?
    /// How much of the text has been looked at, and of the arguments been handed on.
    private var position = 0
    private var handedOn = 0
    private var argumentsEnd: Int?
    private var isAnnounced = false
    private var scanner = Scanner()

    init(index: Int) { self.index = index }

    /// Takes further text of the call.
    mutating func append(_ piece: String) -> [AnswerPiece] {
        text += piece.utf8
        while position < text.count {
            if let member = scanner.take(text[position], at: position) { note(member) }
            position += 1
        }
        return name == nil || argumentsStart == nil ? [] : handOn()
    }

    /// The end of the text.
    func finish() -> Outcome {
        if isAnnounced {
            var reader = self
            return .call(reader.handOn())
        }
        let whole = String(decoding: text, as: UTF8.self)
        guard let root = try? JSONDocument(whole).root, let name = root["name"]?.string else { return .text(whole) }
        // Without arguments, or with a name that stands behind them.
        var writer = JSONWriter()
        writer.value(root["arguments"] ?? JSONValue(.object([])))
        return .call([.toolCall(index: index, name: name), .toolArguments(index: index, writer.text)])
    }

    private mutating func note(_ member: Scanner.Member) {
        switch member.key {
        case "name":
            name = (try? JSONDocument(String(decoding: text[member.value], as: UTF8.self)))?.root.string
        case "arguments":
            argumentsStart = member.value.lowerBound
            if member.isComplete { argumentsEnd = member.value.upperBound }
        default: break
        }
    }

    private mutating func handOn() -> [AnswerPiece] {
        guard let name, let argumentsStart else { return [] }
        var pieces: [AnswerPiece] = []
        if !isAnnounced {
            isAnnounced = true
            handedOn = argumentsStart
            pieces.append(.toolCall(index: index, name: name))
        }
        let end = argumentsEnd ?? text.count
        guard end > handedOn else { return pieces }
        pieces.append(.toolArguments(index: index, String(decoding: text[handedOn..<end], as: UTF8.self)))
        handedOn = end
        return pieces
    }
}

extension ToolCallReader {
    /// Follows a JSON object and says where the values of its members are.
    fileprivate struct Scanner: Sendable {
        struct Member {
            let key: String
            let value: Range<Int>
            let isComplete: Bool
        }

        private var depth = 0
        private var isInString = false
        private var isEscaped = false
        private var key: [UInt8] = []
        private var isKey = true
        private var valueStart: Int?

        /// Takes the byte at `index`; gives a member whose value begins as an object, or is complete.
        mutating func take(_ byte: UInt8, at index: Int) -> Member? {
            if isInString {
                if depth == 1, isKey, byte != UInt8(ascii: "\"") || isEscaped { key.append(byte) }
                switch byte {
                case UInt8(ascii: "\\") where !isEscaped: isEscaped = true
                case UInt8(ascii: "\"") where !isEscaped: isInString = false
                default: isEscaped = false
                }
                return nil
            }
            let isSpace = byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
            var begins: Member?
            if depth == 1, !isKey, valueStart == nil, !isSpace, byte != UInt8(ascii: ":") {
                valueStart = index
                if byte == UInt8(ascii: "{") { begins = member(index..<index, isComplete: false) }
            }
            switch byte {
            case UInt8(ascii: "\""):
                isInString = true
                if depth == 1, isKey { key = [] }
            case UInt8(ascii: ":") where depth == 1: isKey = false
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: ",") where depth == 1: return endValue(before: index)
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 { return endValue(before: index) }
                if depth == 1 { return valueStart.map { member($0..<index + 1, isComplete: true) } }
            default: break
            }
            return begins
        }

        private mutating func endValue(before index: Int) -> Member? {
            defer {
                isKey = true
                valueStart = nil
            }
            return valueStart.map { member($0..<index, isComplete: true) }
        }

        private func member(_ value: Range<Int>, isComplete: Bool) -> Member {
            Member(key: String(decoding: key, as: UTF8.self), value: value, isComplete: isComplete)
        }
    }
}
