// A vocabulary of the size and make of the published byte-level ones, from nothing but a seed.
// Not a tokenizer: nothing is encoded. Next: Workloads.swift.

import StructuredOutput

/// Invented tokens: all bytes, words with and without a space before them, numbers, punctuation and white space as code
/// and JSON have it, characters of other scripts whole and in parts.
struct SyntheticVocabulary {
    private var random: UInt64 = 0x5EED
    private var tokens: [[UInt8]] = []
    private var known: Set<[UInt8]> = []

    /// A vocabulary of `count` tokens, the last of which ends a text.
    static func vocabulary(count: Int) -> TokenVocabulary {
        var builder = SyntheticVocabulary()
        builder.fill(count: count - 1)
        return TokenVocabulary(tokens: builder.tokens + [nil], endTokens: [Int32(builder.tokens.count)])
    }

    /// A number below `bound`, the same in every run.
    mutating func below(_ bound: Int) -> Int {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((random >> 33) % UInt64(bound))
    }

    private mutating func add(_ token: [UInt8]) {
        if known.insert(token).inserted { tokens.append(token) }
    }

    private mutating func add(_ token: String) { add(Array(token.utf8)) }

    private mutating func word() -> String {
        let syllables = [
            "ta", "re", "in", "con", "de", "er", "st", "an", "men", "pro", "li", "o", "ver", "us", "qu", "ing",
        ]
        var word = ""
        for _ in 0...below(4) { word += syllables[below(syllables.count)] }
        for _ in 0..<below(3) { word.unicodeScalars.append(Unicode.Scalar(UInt8(97 + below(26)))) }
        return word
    }

    private mutating func fill(count: Int) {
        for byte in UInt8.min...UInt8.max { add([byte]) }
        for number in 0..<1000 { add(String(number)) }
        for length in 1...128 {
            add(String(repeating: " ", count: length))
            if length <= 32 {
                add("\n" + String(repeating: " ", count: length))
                add(String(repeating: "\n", count: length))
                add(String(repeating: "\t", count: length))
            }
        }
        let signs = [
            "\"", "{", "}", "[", "]", ":", ",", "\\", "/", "(", ")", "<", ">", "=", ".", ";", "-", "_", " ", "\n",
        ]
        for first in signs {
            for second in signs {
                add(first + second)
                for third in signs { add(first + second + third) }
            }
        }
        while tokens.count < count {
            var word = word()
            let kind = below(100)
            if kind < 18 {
                // Characters of two to four bytes, some cut in the middle.
                var text: [UInt8] = []
                for _ in 0...below(4) {
                    let scalar = [
                        0xE0 + below(0x100), 0x400 + below(0x100), 0x4E00 + below(0x5000), 0x1F300 + below(0x300),
                    ]
                    text += Unicode.Scalar(UInt32(scalar[below(4)])).map { Array(String($0).utf8) } ?? []
                }
                if kind < 2 { text.removeLast() }
                add(text)
                continue
            }
            if kind < 45 { word = word.prefix(1).uppercased() + word.dropFirst() }
            switch below(20) {
            case 0: add(word + "\"")
            case 1: add("\"" + word)
            case 2: add(signs[below(signs.count)] + word)
            case 3: add(word + "_" + self.word())
            case 4...11: add(" " + word)
            default: add(word)
            }
        }
    }
}
