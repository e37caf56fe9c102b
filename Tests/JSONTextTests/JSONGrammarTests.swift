// What the reader accepts and what it refuses, each refusal with its place and its reason.
// Not random input: JSONPropertyTests.swift does that.

import Testing

@testable import JSONText

@Suite struct JSONGrammarTests {
    static let accepted: [String] = [
        "null", "true", "false", "0", "-0", "1", "-1", "10", "123456789012345678901234567890",
        "0.0", "-0.0", "0.1", "1.5e3", "1E5", "1e+5", "1e-5", "0e0", "0E+00", "-12.75e-02", "1e400",
        #""""#, #""a""#, #"" ""#, #""\"\\\/\b\f\n\r\t""#, #""\u0000""#, #""\u00e9""#, #""\uFFFF""#,
        #""\ud83d\ude00""#, #""\uD834\uDD1E""#, "\"é\"", "\"한국어\"", "\"😀\"", "\"\u{7F}\"", "\"\u{FEFF}\"",
        "\"\u{2028}\u{2029}\"", "\"/\"", "[]", "[ ]", "[1]", "[1,2]", " [ 1 , 2 ] ", "[[]]", "[[],[]]", "[{}]",
        "{}", "{ }", #"{"a":1}"#, #"{"":0}"#, #"{"a":{"b":[]}}"#, "\t\r\n null \t\r\n", #"{"a":1,"A":2}"#,
        #"{"\u0061":1,"b":2}"#, "[null,true,false,0,\"\",[],{}]", "{\"\u{E9}\":1,\"e\u{301}\":2}",
        "{\"K\":1,\"\u{212A}\":2}",
    ]

    @Test(arguments: accepted) func accepts(text: String) throws {
        let document = try JSONDocument(text)
        // Skipping checks the same grammar without building anything.
        try withReader(Array(text.utf8)) { reader in
            try reader.skipValue()
            try reader.finish()
        }
        var writer = JSONWriter()
        writer.value(document.root)
        #expect(try JSONDocument(writer.text).root == document.root)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let text: [UInt8]
        let position: JSONPosition
        let what: JSONError.Problem

        init(_ text: String, _ line: Int, _ column: Int, _ what: JSONError.Problem) {
            self.init(Array(text.utf8), line, column, what)
        }

        init(_ text: [UInt8], _ line: Int, _ column: Int, _ what: JSONError.Problem) {
            self.text = text
            self.position = JSONPosition(line: line, column: column)
            self.what = what
        }

        var testDescription: String { String(decoding: text, as: UTF8.self).debugDescription }
    }

    static func byte(_ character: Unicode.Scalar, _ expected: String) -> JSONError.Problem {
        .unexpectedByte(UInt8(ascii: character), expected: expected)
    }

    static let refusals: [Refusal] = [
        Refusal("", 1, 1, .unexpectedEnd(expected: "a value")),
        Refusal(" \n ", 2, 2, .unexpectedEnd(expected: "a value")),
        Refusal("nul", 1, 4, .unexpectedEnd(expected: "'null'")),
        Refusal("nulL", 1, 4, byte("L", "'null'")),
        Refusal("True", 1, 1, byte("T", "a value")),
        Refusal("truefalse", 1, 5, .trailingContent(UInt8(ascii: "f"))),
        Refusal("NaN", 1, 1, byte("N", "a value")),
        Refusal("Infinity", 1, 1, byte("I", "a value")),
        Refusal("-Infinity", 1, 1, .malformedNumber),
        Refusal("'a'", 1, 1, byte("'", "a value")),
        Refusal("a", 1, 1, byte("a", "a value")),
        Refusal("// comment\n1", 1, 1, byte("/", "a value")),
        Refusal("1 // comment", 1, 3, .trailingContent(UInt8(ascii: "/"))),
        Refusal("1 2", 1, 3, .trailingContent(UInt8(ascii: "2"))),
        Refusal("[1]]", 1, 4, .trailingContent(UInt8(ascii: "]"))),
        Refusal("{}{}", 1, 3, .trailingContent(UInt8(ascii: "{"))),
        // Numbers.
        Refusal("-", 1, 1, .malformedNumber),
        Refusal("+1", 1, 1, byte("+", "a value")),
        Refusal("01", 1, 1, .malformedNumber),
        Refusal("-01", 1, 1, .malformedNumber),
        Refusal("00", 1, 1, .malformedNumber),
        Refusal(".5", 1, 1, byte(".", "a value")),
        Refusal("1.", 1, 1, .malformedNumber),
        Refusal("[1.]", 1, 2, .malformedNumber),
        Refusal("1.e5", 1, 1, .malformedNumber),
        Refusal("1e", 1, 1, .malformedNumber),
        Refusal("1e+", 1, 1, .malformedNumber),
        Refusal("1ee5", 1, 1, .malformedNumber),
        Refusal("--1", 1, 1, .malformedNumber),
        Refusal("0x10", 1, 2, .trailingContent(UInt8(ascii: "x"))),
        Refusal("1_000", 1, 2, .trailingContent(UInt8(ascii: "_"))),
        Refusal("１", 1, 1, .unexpectedByte(0xEF, expected: "a value")),
        // Strings.
        Refusal("\"", 1, 2, .unexpectedEnd(expected: "the closing quote of a string")),
        Refusal("\"abc", 1, 5, .unexpectedEnd(expected: "the closing quote of a string")),
        Refusal("\"abcdefghijklmnop", 1, 18, .unexpectedEnd(expected: "the closing quote of a string")),
        Refusal("\"\\\"", 1, 4, .unexpectedEnd(expected: "the closing quote of a string")),
        Refusal("\"\\", 1, 3, .unexpectedEnd(expected: "an escape")),
        Refusal("\"a\nb\"", 1, 3, .controlCharacter(0x0A)),
        Refusal("\"0123456\t89\"", 1, 9, .controlCharacter(0x09)),
        Refusal("\"\u{0}\"", 1, 2, .controlCharacter(0x00)),
        Refusal("\"\u{1F}\"", 1, 2, .controlCharacter(0x1F)),
        Refusal(#""\x41""#, 1, 2, .invalidEscape),
        Refusal(#""ab\'""#, 1, 4, .invalidEscape),
        Refusal(#""\U0041""#, 1, 2, .invalidEscape),
        Refusal(#""\u""#, 1, 2, .invalidEscape),
        Refusal(#""\u12""#, 1, 2, .invalidEscape),
        Refusal(#""\u12G4""#, 1, 2, .invalidEscape),
        Refusal(#""\u{41}""#, 1, 2, .invalidEscape),
        Refusal(#""\ud83d""#, 1, 2, .loneSurrogate),
        Refusal(#""\ud83dx""#, 1, 2, .loneSurrogate),
        Refusal(#""\ud83d\n""#, 1, 2, .loneSurrogate),
        Refusal(#""\ud83d\ud83d""#, 1, 2, .loneSurrogate),
        Refusal(#""\ud83d\u0041""#, 1, 2, .loneSurrogate),
        Refusal(#""\ude00""#, 1, 2, .loneSurrogate),
        Refusal(#""a\ude00\ud83d""#, 1, 3, .loneSurrogate),
        Refusal(#""\ud83d\u"#, 1, 2, .loneSurrogate),
        // Arrays and objects.
        Refusal("[", 1, 2, .unexpectedEnd(expected: "a value or ']'")),
        Refusal("[1", 1, 3, .unexpectedEnd(expected: "',' or ']'")),
        Refusal("[1,", 1, 4, .unexpectedEnd(expected: "a value")),
        Refusal("[1,]", 1, 4, byte("]", "a value")),
        Refusal("[,1]", 1, 2, byte(",", "a value")),
        Refusal("[1,,2]", 1, 4, byte(",", "a value")),
        Refusal("[1 2]", 1, 4, byte("2", "',' or ']'")),
        Refusal("[1}", 1, 3, byte("}", "',' or ']'")),
        Refusal("[1:2]", 1, 3, byte(":", "',' or ']'")),
        Refusal("{", 1, 2, .unexpectedEnd(expected: "a key or '}'")),
        Refusal("{]", 1, 2, byte("]", "a key or '}'")),
        Refusal("{1:2}", 1, 2, byte("1", "a key or '}'")),
        Refusal("{a:2}", 1, 2, byte("a", "a key or '}'")),
        Refusal("{,}", 1, 2, byte(",", "a key or '}'")),
        Refusal(#"{"a"}"#, 1, 5, byte("}", "':'")),
        Refusal(#"{"a","b"}"#, 1, 5, byte(",", "':'")),
        Refusal(#"{"a":}"#, 1, 6, byte("}", "a value")),
        Refusal(#"{"a":1"#, 1, 7, .unexpectedEnd(expected: "',' or '}'")),
        Refusal(#"{"a":1,}"#, 1, 8, byte("}", "a key")),
        Refusal(#"{"a":1 "b":2}"#, 1, 8, byte("\"", "',' or '}'")),
        Refusal(#"{"a":1]"#, 1, 7, byte("]", "',' or '}'")),
        Refusal("{\n  \"a\": 1,\n  \"b\": x\n}", 3, 8, byte("x", "a value")),
        Refusal("]", 1, 1, byte("]", "a value")),
        // White space that JSON does not have.
        Refusal("\u{A0}1", 1, 1, .unexpectedByte(0xC2, expected: "a value")),
        Refusal("1\u{0C}", 1, 2, .trailingContent(0x0C)),
        // Encoding.
        Refusal([0xEF, 0xBB, 0xBF, 0x31], 1, 1, .byteOrderMark),
        Refusal([0x22, 0xFF, 0x22], 1, 2, .invalidUTF8),
        Refusal([0x22, 0xC0, 0x80, 0x22], 1, 2, .invalidUTF8),
        Refusal([0x22, 0xE2, 0x82, 0x22], 1, 2, .invalidUTF8),
        Refusal([0x22, 0xED, 0xA0, 0x80, 0x22], 1, 2, .invalidUTF8),
        Refusal([0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], 1, 2, .invalidUTF8),
        Refusal([0x0A, 0x22, 0x80, 0x22], 2, 2, .invalidUTF8),
        Refusal([0xFE, 0xFF, 0x00, 0x31], 1, 1, .invalidUTF8),
    ]

    @Test(arguments: refusals) func refuses(refusal: Refusal) {
        let expected = JSONError(
            offset: offset(of: refusal.position, in: refusal.text),
            position: refusal.position,
            what: refusal.what
        )
        #expect(throws: expected) { try JSONDocument(refusal.text) }
        #expect(throws: expected) {
            try withReader(refusal.text) { reader in
                try reader.skipValue()
                try reader.finish()
            }
        }
    }

    @Test func refusesADuplicateKeyWhereItStands() {
        let text = "{\"a\": 1,\n \"b\": 2, \"\\u0061\": 3}"
        #expect(
            throws: JSONError(
                offset: 18,
                position: JSONPosition(line: 2, column: 10),
                what: .duplicateKey("a")
            )
        ) { try JSONDocument(text) }
    }

    @Test func nestingStopsAtTheLimit() throws {
        let nested = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
        _ = try JSONDocument(nested)
        let tooDeep = String(repeating: "[", count: 1_000_000)
        let error = JSONError(
            offset: 128,
            position: JSONPosition(line: 1, column: 129),
            what: .tooDeep(limit: 128)
        )
        #expect(throws: error) { try JSONDocument(tooDeep) }
        #expect(throws: error) { try withReader(Array(tooDeep.utf8)) { try $0.skipValue() } }
        #expect(throws: JSONError.self) { try JSONDocument("[[[]]]", depthLimit: 2) }
        _ = try JSONDocument("[[[]]]", depthLimit: 3)
        // Siblings are not depth.
        _ = try JSONDocument("[[],[],[{}]]", depthLimit: 3)
    }

    @Test func everyProblemSaysWhatWouldBeRight() {
        let problems: [JSONError.Problem] = [
            .unexpectedEnd(expected: "a value"), .unexpectedByte(0x20, expected: "':'"), .byteOrderMark, .invalidUTF8,
            .invalidEscape, .loneSurrogate, .controlCharacter(0x0A), .malformedNumber,
            .numberOutOfRange(literal: "1e5", type: "a 64-bit integer"), .duplicateKey("k"), .tooDeep(limit: 3),
            .trailingContent(0x01), .wrongKind(expected: "a string", found: "null"),
        ]
        let sentences = problems.map(\.description)
        #expect(Set(sentences).count == problems.count)
        #expect(sentences[1] == "expected ':', found a space")
        #expect(sentences[11] == "expected the end of the text, found byte 0x01")
        let error = JSONError(offset: 4, position: JSONPosition(line: 2, column: 3), what: .invalidUTF8)
        #expect(error.description == "2:3: the bytes are not valid UTF-8")
    }

    private func offset(of position: JSONPosition, in text: [UInt8]) -> Int {
        let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
        return lines[..<(position.line - 1)].reduce(0) { $0 + $1.count + 1 } + position.column - 1
    }
}

/// Runs `body` on a reader of `bytes`.
func withReader<Value>(_ bytes: [UInt8], _ body: (inout JSONReader) throws -> Value) throws -> Value {
    try bytes.withUnsafeBytes { raw in
        var reader = try JSONReader(raw)
        return try body(&reader)
    }
}
