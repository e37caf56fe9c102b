// Every diagnostic of the reader, triggered by one small change of a correct description: exact place, exact words.
// Read next: DiagnosticCasesOfText.swift.

import Diagnostics
import Testing

@testable import ModelDescriptions

/// A change of a correct description, and what is reported about it.
struct DiagnosticCase: Sendable, CustomTestStringConvertible {
    /// A piece of text, found exactly once, and what stands in its place.
    struct Edit: Sendable {
        var found: String
        var replacement: String

        static func replacing(_ found: String, with replacement: String) -> Edit {
            Edit(found: found, replacement: replacement)
        }
    }

    var title: String
    var base: String
    var edits: [Edit]
    var expected: [String]

    init(_ title: String, in base: String = Example.visionLanguage, _ edits: Edit..., gives expected: [String]) {
        self.title = title
        self.base = base
        self.edits = edits
        self.expected = expected
    }

    var testDescription: String { title }

    func text() throws -> String {
        var text = base
        for edit in edits {
            let places = text.ranges(of: edit.found)
            let place = try #require(places.count == 1 ? places.first : nil, "\(edit.found) must stand there once")
            text.replaceSubrange(place, with: edit.replacement)
        }
        return text
    }
}

struct ReaderDiagnosticsTests {
    @Test func `the examples are correct`() {
        for text in [Example.visionLanguage, Example.language, Example.interleaved] {
            let outcome = ModelReader().read(text, file: "m.toml")
            #expect(outcome.diagnostics == [])
            #expect(outcome.description != nil)
        }
    }

    @Test(
        arguments: DiagnosticCase.syntax + DiagnosticCase.versions + DiagnosticCase.keys + DiagnosticCase.kinds
            + DiagnosticCase.types + DiagnosticCase.contradictions
    )
    func `a wrong description is reported`(diagnosticCase: DiagnosticCase) throws {
        let outcome = ModelReader().read(try diagnosticCase.text(), file: "m.toml")
        #expect(outcome.diagnostics.map { "\($0)" } == diagnosticCase.expected.map { "m.toml:" + $0 })
        #expect(outcome.description == nil)
    }

    @Test func `everything that is wrong is reported at once, from top to bottom`() {
        let text = """
            schema = 1
            minimum-vlmc = "0.1.0"
            name = "Wrong"
            licence = "mit"

            [checkpoint]
            dtype = "bf17"

            [decoder]
            layers = "two"
            hidden = 50
            vocab = 256
            context = 0
            weights = ""
            norm = { kind = "rms_norm" }
            mlp = { kind = "gated-mlp", intermediate = -1, activation = "silu" }

            [decoder.attention]
            kind = "self-attention"
            heads = 3
            kv_heads = 1
            rope = { kind = "m-rope", theta = 1e6, sections = [1, 2], layout = "mixed" }

            [bridge]
            kind = "patch-merger"
            """
        let outcome = ModelReader().read(text, file: "m.toml")
        #expect(outcome.description == nil)
        #expect(
            outcome.diagnostics.map { $0.location.map { "\($0.line):\($0.column)" } } == [
                "1:1", "3:8", "4:1", "7:9", "10:10", "13:11", "14:11", "15:17", "16:44", "20:9", "21:1", "22:51",
                "22:68", "24:1", "24:1", "24:1",
            ]
        )
    }

    @Test func `text that is not UTF-8 is refused where it begins`() {
        let bytes = Array("schema = 1\nname = \"é".utf8) + [0xFF, 0x41]
        let outcome = ModelReader().read(bytes, file: "m.toml")
        #expect(
            outcome.diagnostics.map { "\($0)" } == ["m.toml:2:10: error: this is not TOML: the text is not UTF-8 here"]
        )
    }

    @Test func `valid bytes are read like text`() {
        let outcome = ModelReader().read(Array(Example.language.utf8), file: "m.toml")
        #expect(outcome.description?.name == "example")
    }

    @Test func `a file without end is refused before it is parsed`() {
        let text = String(repeating: "# all comment\n", count: 100_000)
        let outcome = ModelReader().read(text, file: "m.toml")
        #expect(
            outcome.diagnostics.map { "\($0)" } == [
                "m.toml:1:1: error: a description has at most 1048576 bytes; this file has more"
            ]
        )
    }

    @Test(arguments: [("", "a.", "a = 1"), ("[", "a.", "a]"), ("a = ", "[", ""), ("a = ", "{a=", "")])
    func `depth without end is refused before it is parsed`(start: String, piece: String, end: String) {
        let text = start + String(repeating: piece, count: 100_000) + end
        let outcome = ModelReader().read(text, file: "m.toml")
        #expect(outcome.diagnostics.map(\.message) == ["tables and arrays nest more than 32 deep here"])
    }

    @Test func `a description can be thrown for`() throws {
        #expect(try ModelReader().description(of: Example.language, file: "m.toml").decoder.layers == 2)
        #expect(throws: DiagnosticError.self) { try ModelReader().description(of: "x", file: "m.toml") }
    }

    @Test func `the compiler's version is the reader's`() {
        let newer = ModelReader(compiler: CompilerVersion(major: 2, minor: 0, patch: 0))
        let text = Example.language.replacing("\"0.1.0\"", with: "\"1.99.0\"")
        #expect(newer.read(text, file: "m.toml").description?.minimumCompiler.description == "1.99.0")
        #expect(ModelReader().read(text, file: "m.toml").description == nil)
    }
}
