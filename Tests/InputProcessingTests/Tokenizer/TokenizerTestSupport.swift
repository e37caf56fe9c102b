// What the tokenizer tests share: fixtures, small tokenizers written as JSON, and random text with a fixed seed.
// Not tests. Next: TokenizerFixtureTests.swift.

import JSONText
import TestRandomness

@testable import InputProcessing

/// The committed outputs of the reference library, described in Tests/Fixtures/README.md.
enum TokenizerFixtures {
    static let folder = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/Fixtures/"

    static func bytes(_ path: String) throws -> [UInt8] {
        try FileReading.bytes(of: folder + path, limit: 1 << 26)
    }

    static func json(_ path: String) throws -> JSONValue {
        try JSONDocument(try bytes(path)).root
    }

    /// The values of a file of one JSON value a line.
    static func jsonLines(_ path: String) throws -> [JSONValue] {
        try bytes(path).split(separator: 0x0A).map { try JSONDocument(Array($0)).root }
    }

    static func tokenizer(_ kind: String) throws -> Tokenizer {
        try Tokenizer(contentsOf: folder + "tokenizers/\(kind)/tokenizer.json")
    }
}

extension JSONValue {
    /// The array of ids that the value is.
    var ids: [Int32]? { array?.compactMap { $0.integer.map(Int32.init(truncatingIfNeeded:)) } }
}

/// A `tokenizer.json` in parts; every part is the JSON text of a member.
struct TokenizerText {
    var addedTokens = "[]"
    var normalizer = "null"
    var preTokenizer = "null"
    var postProcessor = "null"
    var decoder = "null"
    /// The members of the model behind its type.
    var model = #""vocab": {}, "merges": []"#

    var text: String {
        """
        {"version": "1.0", "truncation": null, "padding": null, "added_tokens": \(addedTokens),
        "normalizer": \(normalizer), "pre_tokenizer": \(preTokenizer), "post_processor": \(postProcessor),
        "decoder": \(decoder), "model": {"type": "BPE", \(model)}}
        """
    }

    func load() throws(TokenizerError) -> Tokenizer { try Tokenizer(json: Array(text.utf8)) }

    static let byteLevel =
        #"{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}"#

    /// A byte-level tokenizer whose vocabulary is the 256 bytes, ids 0...255, and what the merges make of them.
    static func byteLevel(merges: [(String, String)] = [], addedTokens: String = "[]") -> TokenizerText {
        var text = TokenizerText(addedTokens: addedTokens, preTokenizer: byteLevel, decoder: byteLevel)
        text.model = model(
            vocabulary: (0...255).map { String(decoding: ByteAlphabet.encoding(of: UInt8($0)), as: UTF8.self) }
                + merges.map { $0 + $1 },
            merges: merges
        )
        return text
    }

    /// The members of a model whose vocabulary has the ids 0, 1, ... in order.
    static func model(vocabulary: [String], merges: [(String, String)] = [], options: String = "") -> String {
        var writer = JSONWriter()
        writer.object { writer in
            for (id, token) in vocabulary.enumerated() {
                writer.key(token)
                writer.integer(id)
            }
        }
        let vocabularyText = writer.text
        writer = JSONWriter()
        writer.array { writer in
            for (left, right) in merges { writer.string("\(left) \(right)") }
        }
        return options + #""vocab": \#(vocabularyText), "merges": \#(writer.text)"#
    }

    /// The text of an added token.
    static func addedToken(_ text: String, _ id: Int, _ flags: String...) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("id")
            writer.integer(id)
            writer.key("content")
            writer.string(text)
            for flag in ["single_word", "lstrip", "rstrip", "normalized", "special"] {
                writer.key(flag)
                writer.boolean(flags.contains(flag))
            }
        }
        return writer.text
    }
}

/// Random text with a fixed sequence (SplitMix64): letters, marks, digits, spaces, emoji, and what tokens are made of.
struct TextFuzzer: RandomNumberGenerator {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func next() -> UInt64 { generator.next() }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &self)]
    }

    private static let pieces = [
        " ", "  ", "\n", "\r\n", "\t", "a", "the", "It's", "'LL", "1234", "½", "é", "e\u{301}", "한국어",
        "\u{1112}\u{1161}\u{11AB}",
        "漢字", "😀", "👩\u{200D}👩\u{200D}👧", "🇰🇷", "<|im_start|>", "<|im_end", "<s>", "▁", "Ġ", "<0x41>", "ﬁ", "\u{0}",
        "\u{FFFD}",
        "--", "...", "def f(x):", "\u{3000}", "\u{200B}", "مَرْحَبًا", "ῼ",
    ]

    private static let ranges: [ClosedRange<UInt32>] = [
        0x20...0x7E, 0xA0...0x24F, 0x300...0x36F, 0x370...0x5FF, 0x900...0x97F, 0x1100...0x11FF, 0x3041...0x30FF,
        0x4E00...0x4FFF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0x1F300...0x1F64F, 0x0...0x10FFFF,
    ]

    mutating func text(pieces count: Int) -> String {
        var scalars = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...count, using: &self) {
            if Bool.random(using: &self) {
                scalars.append(contentsOf: pick(Self.pieces).unicodeScalars)
            } else if let scalar = Unicode.Scalar(UInt32.random(in: pick(Self.ranges), using: &self)) {
                scalars.append(scalar)
            }
        }
        return String(scalars)
    }
}
