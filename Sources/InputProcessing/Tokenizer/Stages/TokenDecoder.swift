// Turns token texts back into text, a token at a time: whole decoding is streaming decoding that has come to its end.
// Not the lookup of a token's text. Next: ../StreamingDecoder.swift.

/// The steps of a file's `decoder`, in order, sequences written out.
struct TokenDecoder: Sendable {
    enum Step: Sendable {
        /// Reads each token in the byte alphabet and the whole as UTF-8, errors replaced by U+FFFD; one text comes out.
        case byteLevel
        /// Reads runs of tokens such as `<0xE2>` as UTF-8; a run that is not valid becomes one U+FFFD a token.
        case byteFallback
        /// Joins the tokens to one text.
        case fuse
        /// Replaces every match.
        case replace(PatternScanner, with: [UInt8])
        /// Removes up to so many of a character from either end.
        case strip(character: [UInt8], start: Int, stop: Int)
        /// Writes a character as a space, or as nothing in the first token.
        case metaspace(replacement: [UInt8], dropsFirst: Bool)
        /// Writes the mark at the end of words as a space, or as nothing in the last token.
        case wordSuffix([UInt8])
        /// Puts a space between tokens.
        case joinWithSpaces
    }

    /// A step, and whether what reaches it are pieces of one text instead of tokens.
    struct Stage: Sendable {
        let step: Step
        let isFused: Bool
    }

    let stages: [Stage]

    init(steps: [Step]) {
        var isFused = false
        stages = steps.map { step in
            defer {
                switch step {
                case .byteLevel, .fuse: isFused = true
                case .byteFallback, .replace, .strip, .metaspace, .wordSuffix, .joinWithSpaces: break
                }
            }
            return Stage(step: step, isFused: isFused)
        }
    }

    /// What the stages remember between two tokens.
    struct State: Sendable {
        fileprivate struct Memory: Sendable {
            var pending: [UInt8] = []
            var isFirst = true
            var count = 0
        }

        fileprivate var memories: [Memory]
    }

    func makeState() -> State { State(memories: stages.map { _ in State.Memory() }) }

    /// Takes a token, valid UTF-8, and appends the text that is certain after it.
    func push(_ token: ArraySlice<UInt8>, _ state: inout State, to output: inout [UInt8]) {
        push(token, at: 0, &state, to: &output)
    }

    /// Appends the text that was held back for tokens that will not come.
    func finish(_ state: inout State, to output: inout [UInt8]) {
        for index in stages.indices { finish(at: index, &state, to: &output) }
    }

    /// What a token adds in the middle of a text. Only here can a character stay in pieces: the bytes may be a part of
    /// one.
    func bytes(of token: ArraySlice<UInt8>) -> [UInt8] {
        var bytes = Array(token)
        for stage in stages {
            switch stage.step {
            case .byteLevel:
                var decoded: [UInt8] = []
                ByteAlphabet.appendDecoded(bytes[...], to: &decoded)
                bytes = decoded
            case .byteFallback: if let byte = BytePairModel.fallbackByte(bytes[...]) { return [byte] }
            case .replace(let pattern, let replacement): Normalizer.replace(pattern, with: replacement, in: &bytes)
            case .metaspace(let replacement, _): bytes = Self.replacing(replacement, with: [0x20], in: bytes[...])
            case .wordSuffix(let suffix): bytes = Self.replacing(suffix, with: [0x20], in: bytes[...])
            case .strip(let character, let start, let stop):
                if !stage.isFused {
                    bytes = Array(Self.stripped(bytes[...], of: character, start: start, stop: stop))
                }
            case .fuse, .joinWithSpaces: break
            }
        }
        return bytes
    }

    private func push(_ token: ArraySlice<UInt8>, at index: Int, _ state: inout State, to output: inout [UInt8]) {
        guard index < stages.count else {
            output += token
            return
        }
        let isFused = stages[index].isFused
        switch stages[index].step {
        case .byteLevel:
            ByteAlphabet.appendDecoded(token, to: &state.memories[index].pending)
            let complete = Self.completePrefix(of: state.memories[index].pending)
            guard complete > 0 else { return }
            let text = Self.repaired(state.memories[index].pending[..<complete])
            state.memories[index].pending.removeSubrange(..<complete)
            push(text, at: index + 1, &state, to: &output)
        case .byteFallback:
            if let byte = BytePairModel.fallbackByte(token) {
                state.memories[index].pending.append(byte)
            } else {
                finish(at: index, &state, to: &output)
                push(token, at: index + 1, &state, to: &output)
            }
        case .fuse:
            push(token, at: index + 1, &state, to: &output)
        case .replace(let pattern, let replacement):
            // A match may reach from one piece of a text into the next: then only the whole text is certain.
            if isFused {
                state.memories[index].pending += token
            } else {
                var text = Array(token)
                Normalizer.replace(pattern, with: replacement, in: &text)
                push(text[...], at: index + 1, &state, to: &output)
            }
        case .strip(let character, let start, let stop):
            let text =
                isFused
                ? Self.stripped(token, of: character, start: start, stop: stop, &state.memories[index])
                : Self.stripped(token, of: character, start: start, stop: stop)
            push(text, at: index + 1, &state, to: &output)
        case .metaspace(let replacement, let dropsFirst):
            let isFirst = state.memories[index].isFirst
            state.memories[index].isFirst = false
            let space: [UInt8] = isFirst && dropsFirst ? [] : [0x20]
            push(Self.replacing(replacement, with: space, in: token)[...], at: index + 1, &state, to: &output)
        case .wordSuffix(let suffix):
            let previous = state.memories[index].pending
            let isFirst = state.memories[index].isFirst
            state.memories[index].pending = Array(token)
            state.memories[index].isFirst = false
            guard !isFirst else { return }
            push(Self.replacing(suffix, with: [0x20], in: previous[...])[...], at: index + 1, &state, to: &output)
        case .joinWithSpaces:
            let isFirst = state.memories[index].isFirst
            state.memories[index].isFirst = false
            push(isFirst ? token : ([0x20] + token)[...], at: index + 1, &state, to: &output)
        }
    }

    private func finish(at index: Int, _ state: inout State, to output: inout [UInt8]) {
        let pending = state.memories[index].pending
        state.memories[index].pending = []
        guard !pending.isEmpty else { return }
        switch stages[index].step {
        case .byteLevel:
            push(Self.repaired(pending[...]), at: index + 1, &state, to: &output)
        case .byteFallback:
            if (try? UTF8Span(validating: pending.span)) != nil {
                push(pending[...], at: index + 1, &state, to: &output)
            } else {
                for _ in pending { push([0xEF, 0xBF, 0xBD], at: index + 1, &state, to: &output) }
            }
        case .replace(let pattern, let replacement):
            var text = pending
            Normalizer.replace(pattern, with: replacement, in: &text)
            push(text[...], at: index + 1, &state, to: &output)
        case .wordSuffix(let suffix):
            push(Self.replacing(suffix, with: [], in: pending[...])[...], at: index + 1, &state, to: &output)
        case .fuse, .strip, .metaspace, .joinWithSpaces: break
        }
    }

    // MARK: Pieces

    /// How many bytes can be read as UTF-8 whatever follows: all but a scalar at the end that is complete so far.
    private static func completePrefix(of bytes: [UInt8]) -> Int {
        var start = bytes.count
        while start > 0, bytes.count - start < 3 {
            start -= 1
            let lead = bytes[start]
            if lead & 0xC0 == 0x80 { continue }
            let length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1
            guard lead <= 0xF4, bytes.count - start < length else { return bytes.count }
            // The second byte decides whether the sequence can become a scalar at all.
            if start + 1 < bytes.count {
                let second = bytes[start + 1]
                let isPossible =
                    switch lead {
                    case 0xE0: second >= 0xA0
                    case 0xED: second < 0xA0
                    case 0xF0: second >= 0x90
                    case 0xF4: second < 0x90
                    default: true
                    }
                guard isPossible else { return bytes.count }
            }
            return start
        }
        return bytes.count
    }

    /// UTF-8 with U+FFFD for every maximal part that is not.
    private static func repaired(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        if (try? UTF8Span(validating: bytes.span)) != nil { return bytes }
        return Array(String(decoding: bytes, as: UTF8.self).utf8)[...]
    }

    private static func replacing(
        _ pattern: [UInt8],
        with replacement: [UInt8],
        in text: ArraySlice<UInt8>
    ) -> [UInt8] {
        guard !pattern.isEmpty else { return Array(text) }
        var output: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            if text[index...].starts(with: pattern) {
                output += replacement
                index += pattern.count
            } else {
                output.append(text[index])
                index += 1
            }
        }
        return output
    }

    /// A whole token without up to `start` characters before it and `stop` behind it.
    private static func stripped(
        _ token: ArraySlice<UInt8>,
        of character: [UInt8],
        start: Int,
        stop: Int
    ) -> ArraySlice<UInt8> {
        var text = token
        for _ in 0..<start where text.starts(with: character) { text = text.dropFirst(character.count) }
        for _ in 0..<stop where text.suffix(character.count).elementsEqual(character) {
            text = text.dropLast(character.count)
        }
        return text
    }

    /// The same for a text that comes in pieces: characters that may be its last ones are held back.
    private static func stripped(
        _ piece: ArraySlice<UInt8>,
        of character: [UInt8],
        start: Int,
        stop: Int,
        _ memory: inout State.Memory
    ) -> ArraySlice<UInt8> {
        var text = piece
        while memory.isFirst, !text.isEmpty {
            guard memory.count < start, text.starts(with: character) else {
                memory.isFirst = false
                memory.count = 0
                break
            }
            text = text.dropFirst(character.count)
            memory.count += 1
        }
        guard stop > 0, !text.isEmpty else { return text }
        var output: [UInt8] = []
        for _ in 0..<memory.count { output += character }
        output += text
        memory.count = 0
        while memory.count < stop, output.suffix(character.count).elementsEqual(character) {
            output.removeLast(character.count)
            memory.count += 1
        }
        return output[...]
    }
}
