// Vocabularies for tests: bytes and pieces of texts, cut anywhere, also inside characters; and the fixtures' tokenizers.
// Next: ../GrammarPropertyTests.swift.

import JSONText
import TestRandomness

@testable import StructuredOutput

enum RandomVocabulary {
    /// Characters beside the alphabet of random grammars.
    static let moreCharacters = "x\"\\\n ñ本"

    /// Pieces of the alphabet's texts: the bytes of its characters, and longer pieces.
    static func ofAlphabet(using generator: inout SeededGenerator) -> TokenVocabulary {
        let all = RandomExpression.alphabet + Array(moreCharacters)
        var tokens: Set<[UInt8]> = Set(String(all).utf8.map { [$0] })
        while tokens.count < 90 {
            let text = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                // The alphabet mostly, or little would be allowed.
                let count = Int.random(in: 0..<6, using: &generator) == 0 ? all.count : RandomExpression.alphabet.count
                return all[Int.random(in: 0..<count, using: &generator)]
            }
            var bytes = Array(String(text).utf8)
            if Bool.random(using: &generator) { bytes.removeFirst(Int.random(in: 0..<bytes.count, using: &generator)) }
            if Bool.random(using: &generator) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator)) }
            tokens.insert(bytes)
        }
        return vocabulary(tokens.sorted { $0.lexicographicallyPrecedes($1) }.map { $0 })
    }

    /// All bytes and the pieces of JSON texts.
    static let ofJSON: TokenVocabulary = {
        var generator = SeededGenerator(seed: 17)
        let pieces = [
            "{", "}", "[", "]", "\"", "\":", "\": ", "\", \"", "\"}", "},", ", ", "{\"", "[{\"", "\n", "\n  ", "    ",
            "\t",
            "true", "false", "null", "nu", "ll", "12", "0.", "-", "e+", "\\u", "\\ud8", "3d", "\\\"", "\\n", "name",
            " the", "a", "é", "日本", "😀", "2024-", "-01", "https://", "@x", ".com", "ab", "abc", "xyz", "::", "ff",
            "\"a\"", "\"b\"", "\"kind\"", "value", "item", "1", "2", "00", "99", "true,", "false}", "<tool_call>", "</",
        ]
        var tokens: [[UInt8]] = (UInt8.min...UInt8.max).map { [$0] }
        tokens += pieces.map { Array($0.utf8) }
        for _ in 0..<200 {
            let text = (0..<2).flatMap { _ in Array(pieces[Int.random(in: 0..<pieces.count, using: &generator)].utf8) }
            let start = Int.random(in: 0..<text.count, using: &generator)
            tokens.append(Array(text[start...]))
        }
        // Numbers with what may follow them, and long words: subtrees that are looked at as a whole, and long tokens.
        for number in 100..<160 {
            tokens += ["\(number)", "\(number),", "\(number)}", "\(number)]"].map { Array($0.utf8) }
        }
        for count in 1...24 { tokens += ["w", "w\""].map { Array((String(repeating: "w", count: count) + $0).utf8) } }
        return vocabulary(tokens)
    }()

    /// The tokens with two special ones behind them, of which the last ends a text.
    static func vocabulary(_ tokens: [[UInt8]]) -> TokenVocabulary {
        TokenVocabulary(tokens: tokens + [nil, nil], endTokens: [Int32(tokens.count + 1)])
    }

    /// The vocabulary of a byte-level `tokenizer.json` of the fixtures.
    static func ofFixture(_ name: String) throws -> TokenVocabulary {
        let file = try JSONDocument(TestFiles.bytes("../Fixtures/tokenizers/\(name)/tokenizer.json"))
        let added = file.root["added_tokens"]?.array ?? []
        var tokens: [[UInt8]?] = []
        func set(_ id: Int, _ bytes: [UInt8]?) {
            while tokens.count <= id { tokens.append(nil) }
            tokens[id] = bytes
        }
        for member in file.root["model"]?["vocab"]?.object ?? [] {
            set(member.value.integer ?? 0, byteLevel(member.key))
        }
        var ends: Set<Int32> = []
        for token in added {
            let id = token["id"]?.integer ?? 0
            let text = token["content"]?.string ?? ""
            set(id, token["special"]?.boolean == true ? nil : Array(text.utf8))
            if text == "<|im_end|>" || text == "<|endoftext|>" { ends.insert(Int32(id)) }
        }
        return TokenVocabulary(tokens: tokens, endTokens: ends)
    }

    /// The bytes that a byte-level token writes as characters: printable Latin-1 is itself, others follow from U+0100.
    private static func byteLevel(_ token: String) -> [UInt8] {
        var bytes: [UInt32: UInt8] = [:]
        var next: UInt32 = 0x100
        for byte in UInt8.min...UInt8.max {
            let isItself = (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
            bytes[isItself ? UInt32(byte) : next] = byte
            if !isItself { next += 1 }
        }
        return token.unicodeScalars.compactMap { bytes[$0.value] }
    }
}
