// When an answer ends by its text: stop strings, found across the borders of tokens.
// Not tokens (StopRule.swift). Works on UTF-8 bytes; what it hands out is cut between characters only.

/// Passes text on, except what may be the beginning of a stop string, until one is complete.
///
/// The stop string that is complete first ends the text, however the text is cut into pieces; of several that are
/// complete at the same place, the longest.
public struct StopMatcher: Sendable {
    /// Text that is now certain.
    public struct Output: Sendable, Hashable {
        /// Text to pass on; may be empty.
        public let text: String
        /// The stop string that ended the text, or nil if it goes on.
        public let stop: String?
    }

    private var automata: [PrefixAutomaton]
    private let stops: [String]
    private let includesStop: Bool
    private var held: [UInt8] = []
    private var isFinished = false

    /// A matcher for these stop strings, none of them empty.
    public init(_ stops: [String], includesStop: Bool = false) {
        precondition(!stops.contains(""), "an empty stop string ends every text")
        self.stops = stops
        self.includesStop = includesStop
        automata = stops.map { PrefixAutomaton(Array($0.utf8)) }
    }

    /// Takes more text. With `allowsStop` false a stop string that is complete here ends nothing.
    public mutating func append(_ text: String, allowsStop: Bool = true) -> Output {
        guard !isFinished else { return Output(text: "", stop: nil) }
        for byte in text.utf8 {
            held.append(byte)
            var complete: Int?
            for index in automata.indices where automata[index].advance(byte) {
                if stops[index].utf8.count > complete.map({ stops[$0].utf8.count }) ?? 0 { complete = index }
            }
            if allowsStop, let complete {
                isFinished = true
                if !includesStop { held.removeLast(stops[complete].utf8.count) }
                return Output(text: release(held.count), stop: stops[complete])
            }
        }
        let uncertain = automata.map(\.matched).max() ?? 0
        return Output(text: release(held.count - uncertain), stop: nil)
    }

    /// The text still held back, when no more follows.
    public mutating func finish() -> String {
        isFinished = true
        return release(held.count)
    }

    private mutating func release(_ count: Int) -> String {
        let text = String(decoding: held.prefix(count), as: UTF8.self)
        held.removeFirst(count)
        return text
    }
}

/// Follows how much of a pattern the bytes so far end with.
///
/// *Source*: Knuth, Morris and Pratt 1977.
private struct PrefixAutomaton: Sendable {
    private let pattern: [UInt8]
    /// For each matched length, the length to go on with when the next byte does not fit.
    private let fallback: [Int]
    /// The length of the longest proper beginning of the pattern that the bytes end with.
    private(set) var matched = 0

    init(_ pattern: [UInt8]) {
        self.pattern = pattern
        var fallback = [0, 0]
        var length = 0
        for index in pattern.indices.dropFirst() {
            while length > 0, pattern[index] != pattern[length] { length = fallback[length] }
            if pattern[index] == pattern[length] { length += 1 }
            fallback.append(length)
        }
        self.fallback = fallback
    }

    /// Takes the next byte and says whether the pattern ends with it.
    mutating func advance(_ byte: UInt8) -> Bool {
        while matched > 0, pattern[matched] != byte { matched = fallback[matched] }
        if pattern[matched] == byte { matched += 1 }
        guard matched == pattern.count else { return false }
        matched = fallback[matched]
        return true
    }
}
