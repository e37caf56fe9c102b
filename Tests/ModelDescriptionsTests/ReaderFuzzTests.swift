// Damaged descriptions: the reader always ends, with a description or with errors that lie in the text.
// Bounded: a fixed number of damages from fixed seeds; `Scripts/fuzz 100` does 100 times as many.

import Diagnostics
import Foundation
import TestRandomness
import Testing

@testable import ModelDescriptions

struct ReaderFuzzTests {
    /// Pieces that mean something to TOML, so that damage is more than noise.
    private static let pieces: [String] = [
        "[", "]", "{", "}", "\"", "'", "\"\"\"", "'''", "=", ",", ".", "#", "\n", "\r\n", "\\", "\\u0000",
        "\\U0001F600",
        "[[", "]]", "a.b", "kind", "1e400", "-1", "0x7f", "nan", "inf", "true", "1979-05-27", "9223372036854775808",
        "한",
        "\u{0}", "\u{FEFF}", " ", "\t", "vision", "decoder", "{ kind = \"mlp\" }", "[decoder]", "[[decoder]]", "0",
    ]

    /// How many times the usual number of damages is tried.
    private static let rounds = FuzzRounds.factor

    private static func damage(_ text: String, _ generator: inout SeededGenerator) -> String {
        var scalars = Array(text.unicodeScalars)
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0...scalars.count, using: &generator)
            let end = min(scalars.count, place + Int.random(in: 0...12, using: &generator))
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: scalars.removeSubrange(place..<end)
            case 1:
                scalars.insert(
                    contentsOf: pieces.randomElement(using: &generator)?.unicodeScalars ?? "".unicodeScalars,
                    at: place
                )
            case 2:
                scalars.replaceSubrange(
                    place..<end,
                    with: (pieces.randomElement(using: &generator) ?? "").unicodeScalars
                )
            case 3:
                scalars.insert(
                    contentsOf: Array(scalars[place..<end]),
                    at: Int.random(in: 0...scalars.count, using: &generator)
                )
            default: scalars.removeSubrange(place...)
            }
            if scalars.isEmpty { break }
        }
        return String(String.UnicodeScalarView(scalars))
    }

    /// Lines of the examples in another order, some twice, some left out: mostly TOML, mostly wrong.
    private static func shuffle(_ text: String, _ generator: inout SeededGenerator) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
            let from = Int.random(in: 0..<lines.count, using: &generator)
            let to = Int.random(in: 0..<lines.count, using: &generator)
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: lines.swapAt(from, to)
            case 1: lines.insert(lines[from], at: to)
            default: if lines.count > 1 { lines.remove(at: from) }
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func check(_ text: String) throws {
        let outcome = ModelReader().read(text, file: "f")
        let hasErrors = outcome.diagnostics.contains { $0.severity == .error }
        #expect((outcome.description == nil) == hasErrors, "\(text)")
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        for diagnostic in outcome.diagnostics {
            let place = try #require(diagnostic.location, "\(diagnostic)")
            #expect(place.line >= 1 && place.line <= lines.count + 1 && place.column >= 1, "\(diagnostic)\n\(text)")
            #expect(!diagnostic.message.isEmpty)
        }
        try TOMLScannerTests.checkAgreement(text)
        if let description = outcome.description {
            let printed = ModelPrinter().print(description)
            #expect(ModelReader().read(printed, file: "p").description == description)
        }
    }

    @Test(arguments: 0..<8)
    func `damaged text is read or refused`(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        for _ in 0..<50 * Self.rounds {
            let base = Bool.random(using: &generator) ? Example.visionLanguage : Example.language
            try Self.check(Self.damage(base, &generator))
        }
    }

    @Test(arguments: 0..<8)
    func `shuffled lines are read or refused`(seed: Int) throws {
        var generator = SeededGenerator(seed: 1000 + UInt64(seed))
        for _ in 0..<30 * Self.rounds {
            let base = Bool.random(using: &generator) ? Example.visionLanguage : Example.language
            try Self.check(Self.shuffle(base, &generator))
        }
    }

    @Test func `damaged bytes are read or refused`() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<100 * Self.rounds {
            var bytes = Array(Example.language.utf8)
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            let outcome = ModelReader().read(bytes, file: "f")
            #expect((outcome.description == nil) == outcome.diagnostics.contains { $0.severity == .error })
        }
    }
}
