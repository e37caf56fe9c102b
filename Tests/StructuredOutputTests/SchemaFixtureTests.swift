// Schemas with texts that Python's `jsonschema` judged, and texts made by walks that it judges in turn.
// Made and checked by Scripts/schema-fixtures/generate. Next: SchemaKeywordTests.swift.

import JSONText
import TestRandomness
import Testing

@testable import StructuredOutput

@Suite struct SchemaFixtureTests {
    private struct Fixture {
        let name: String
        let schema: JSONValue
        let valid: [String]
        let invalid: [String]
    }

    private static func fixtures() throws -> [Fixture] {
        try TestFiles.bytes("Fixtures/schemas.jsonl").split(separator: 0x0A).map { line in
            let root = try JSONDocument(Array(line)).root
            return Fixture(
                name: try #require(root["name"]?.string),
                schema: try #require(root["schema"]),
                valid: try #require(root["valid"]?.array).compactMap(\.string),
                invalid: try #require(root["invalid"]?.array).compactMap(\.string)
            )
        }
    }

    @Test func textsAreAcceptedIfTheirValuesAreValid() throws {
        let compiler = ConstraintCompiler(vocabulary: RandomVocabulary.ofJSON)
        var accepted = 0
        var refused = 0
        for fixture in try Self.fixtures() {
            let compiled = try compiler.compile(.jsonSchema(JSONSchema(fixture.schema)))
            for text in fixture.valid {
                var state = ConstraintState(compiled)
                for (index, byte) in text.utf8.enumerated() {
                    // The first 256 tokens are the bytes.
                    let isAllowed = state.allowedTokens().contains(Int32(byte))
                    #expect(isAllowed, "\(fixture.name): \(text), byte \(index)")
                    guard isAllowed, state.accept(Int32(byte)) else { break }
                }
                #expect(state.isComplete, "\(fixture.name): \(text)")
                accepted += 1
            }
            for text in fixture.invalid {
                var state = ConstraintState(compiled)
                let isAccepted = state.accept(bytes: text.utf8) && state.isComplete
                #expect(!isAccepted, "\(fixture.name): \(text)")
                refused += 1
            }
        }
        #expect(accepted > 1_000 && refused > 1_000)
    }

    /// Masks are made from tries, tops of stacks and what lies below; `accept` moves byte by byte and knows none of that.
    @Test func masksAllowWhatIsAccepted() throws {
        var generator = SeededGenerator(seed: 12)
        var counts = [0, 0]
        for fixture in try Self.fixtures() {
            let compiled = try Checks.compiled(.jsonSchema(JSONSchema(fixture.schema)))
            for text in fixture.valid.prefix(2) {
                // Somewhere in a valid text, and from there on at random.
                var state = ConstraintState(compiled)
                _ = state.accept(bytes: text.utf8.prefix(Int.random(in: 0..<text.utf8.count, using: &generator)))
                for _ in 0..<2 * FuzzRounds.factor {
                    let mask = state.allowedTokens()
                    for token in 0..<Int32(compiled.vocabulary.size) {
                        var copy = state
                        let isAccepted = copy.accept(token)
                        if mask.contains(token) != isAccepted {
                            Issue.record("\(fixture.name), \(text): token \(token)")
                        }
                        counts[isAccepted ? 1 : 0] += 1
                    }
                    guard let token = mask.tokens.randomElement(using: &generator), state.accept(token) else { break }
                    if state.isEnded { break }
                }
            }
        }
        #expect(counts[0] > 100_000 && counts[1] > 20_000, "\(counts)")
    }

    /// What walks end in is recorded, and `Scripts/schema-fixtures/generate --check` has judged what is recorded.
    @Test func walksEndInTheRecordedTexts() throws {
        let compiler = ConstraintCompiler(vocabulary: RandomVocabulary.ofJSON)
        var lines = ""
        var count = 0
        for (index, fixture) in try Self.fixtures().enumerated() {
            let compiled = try compiler.compile(.jsonSchema(JSONSchema(fixture.schema)))
            var generator = SeededGenerator(seed: UInt64(index))
            var texts: [String] = []
            for _ in 0..<12 where texts.count < 6 {
                guard let bytes = RandomWalk.text(compiled, using: &generator) else { continue }
                texts.append(try #require(String(validating: bytes, as: UTF8.self), "\(fixture.name): \(bytes)"))
            }
            #expect(!texts.isEmpty, "no walk through \(fixture.name) ended")
            count += texts.count
            var writer = JSONWriter()
            writer.object { writer in
                writer.key("name")
                writer.string(fixture.name)
                writer.key("texts")
                writer.array { writer in
                    for text in texts { writer.string(text) }
                }
            }
            lines += writer.text + "\n"
        }
        #expect(count > 900)
        if TestFiles.isRecording {
            try TestFiles.write(lines, to: "Fixtures/walks.jsonl")
            Issue.record("walks.jsonl was recorded; judge it with Scripts/schema-fixtures/generate --check")
        } else {
            let recorded = try String(decoding: TestFiles.bytes("Fixtures/walks.jsonl"), as: UTF8.self)
            #expect(lines == recorded)
        }
    }
}
