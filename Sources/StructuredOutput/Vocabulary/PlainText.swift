// Plain text: whole UTF-8 characters that stand in a JSON string as they are (no quote, backslash or control character).
// Also the small automaton of UTF-8 that finds how much of it an automaton takes. Next: ../Masks/PlainReach.swift.

enum PlainText {
    /// A state between the bytes of a character: what is still to come.
    enum State: Int, CaseIterable {
        case boundary
        case one, two, three
        /// After E0, ED, F0 and F4, whose next byte is limited.
        case afterE0, afterED, afterF0, afterF4

        /// The state after `byte`, or nil if plain text cannot hold it here.
        func next(_ byte: UInt8) -> State? {
            switch (self, byte) {
            case (.boundary, 0x22), (.boundary, 0x5C), (.boundary, 0x00...0x1F): nil
            case (.boundary, 0x20...0x7F): .boundary
            case (.boundary, 0xC2...0xDF): .one
            case (.boundary, 0xE0): .afterE0
            case (.boundary, 0xED): .afterED
            case (.boundary, 0xE1...0xEF): .two
            case (.boundary, 0xF0): .afterF0
            case (.boundary, 0xF1...0xF3): .three
            case (.boundary, 0xF4): .afterF4
            case (.one, 0x80...0xBF): .boundary
            case (.two, 0x80...0xBF), (.afterE0, 0xA0...0xBF), (.afterED, 0x80...0x9F): .one
            case (.three, 0x80...0xBF), (.afterF0, 0x90...0xBF), (.afterF4, 0x80...0x8F): .two
            default: nil
            }
        }
    }

    /// How many characters plain text has; nil if `bytes` is no plain text.
    static func characterCount(of bytes: [UInt8]) -> Int? {
        var state = State.boundary
        var count = 0
        for byte in bytes {
            guard let next = state.next(byte) else { return nil }
            if next == .boundary { count += 1 }
            state = next
        }
        return state == .boundary ? count : nil
    }
}
