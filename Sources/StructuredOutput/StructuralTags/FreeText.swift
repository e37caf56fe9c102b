// Text in valid UTF-8 that holds none of some texts, as an automaton of bytes; where one would be complete, a tag may go on.
// The classic automaton of many words (Aho and Corasick, 1975) beside that of UTF-8. Next: ../ConstraintLowering.swift.

/// Builds automata of free text.
struct FreeText {
    private struct WordState {
        var next: [UInt8: Int] = [:]
        var fallback = 0
        /// The words that end here, by index.
        var complete: [Int] = []
    }

    private var words: [WordState] = [WordState()]

    /// More bytes of excluded texts than this are refused.
    static let byteLimit = 8_000

    private init(_ texts: [[UInt8]]) {
        for (index, text) in texts.enumerated() {
            var state = 0
            for byte in text {
                if let next = words[state].next[byte] {
                    state = next
                } else {
                    words.append(WordState())
                    words[state].next[byte] = words.count - 1
                    state = words.count - 1
                }
            }
            words[state].complete.append(index)
        }
        var queue = words[0].next.sorted { $0.key < $1.key }.map(\.value)
        var first = 0
        while first < queue.count {
            let state = queue[first]
            first += 1
            for (byte, child) in words[state].next.sorted(by: { $0.key < $1.key }) {
                words[child].fallback = step(words[state].fallback, byte)
                words[child].complete += words[words[child].fallback].complete
                queue.append(child)
            }
        }
    }

    private func step(_ state: Int, _ byte: UInt8) -> Int {
        var state = state
        while true {
            if let next = words[state].next[byte] { return next }
            if state == 0 { return 0 }
            state = words[state].fallback
        }
    }

    /// Free text without `texts`, none of which is empty.
    ///
    /// - Parameter rest: what must follow where the text of an index is complete; nil if it must not become complete.
    ///   With `rest`, the automaton accepts only after that.
    static func automaton(excluding texts: [[UInt8]], rest: ((Int) -> Expression)? = nil) -> ByteAutomaton {
        let text = FreeText(texts)
        var automaton = ByteAutomaton()
        automaton.isAccepting[0] = rest == nil
        let end = rest == nil ? nil : automaton.addState(isAccepting: true)
        var numbers = [Place(word: 0, character: .boundary): 0]
        var open = [Place(word: 0, character: .boundary)]
        while let place = open.popLast() {
            let source = numbers[place] ?? 0
            for (bytes, target) in text.moves(from: place) {
                let complete = text.words[target.word].complete
                if !complete.isEmpty, rest == nil { continue }
                if numbers[target] == nil {
                    let number = automaton.addState(isAccepting: rest == nil && target.character == .boundary)
                    numbers[target] = number
                    // Nothing but a tag may follow a trigger.
                    if complete.isEmpty { open.append(target) }
                    if let rest, let end {
                        for index in complete {
                            automaton.calls[number].append(.init(expression: rest(index), target: end))
                        }
                    }
                }
                automaton.edges[source].append(.init(bytes: bytes, target: numbers[target] ?? 0))
            }
        }
        return automaton
    }

    /// A place in both automata.
    private struct Place: Hashable {
        let word: Int
        let character: TextState
    }

    /// Where bytes lead, in as few ranges as there are different targets next to each other.
    private func moves(from place: Place) -> [(ClosedRange<UInt8>, Place)] {
        var moves: [(ClosedRange<UInt8>, Place)] = []
        for byte in UInt8.min...UInt8.max {
            guard let character = place.character.next(byte) else { continue }
            let target = Place(word: step(place.word, byte), character: character)
            if let last = moves.last, last.1 == target, last.0.upperBound == byte - 1 {
                moves[moves.count - 1].0 = last.0.lowerBound...byte
            } else {
                moves.append((byte...byte, target))
            }
        }
        return moves
    }

    /// Any character of valid UTF-8.
    private enum TextState: Hashable {
        case boundary
        case inside(PlainText.State)

        func next(_ byte: UInt8) -> TextState? {
            switch self {
            case .boundary where byte < 0x80: .boundary
            case .boundary: PlainText.State.boundary.next(byte).map { .inside($0) }
            case .inside(let state): state.next(byte).map { $0 == .boundary ? .boundary : .inside($0) }
            }
        }
    }
}
