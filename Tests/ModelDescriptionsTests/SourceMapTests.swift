// Places by key path, and key paths by place.

import Diagnostics
import Testing

@testable import ModelDescriptions

struct SourceMapTests {
    private func sources() throws -> SourceMap {
        try ModelReader().description(of: Example.visionLanguage, file: "m.toml").sources
    }

    @Test func `a value has its place, and a default the place of its table`() throws {
        let sources = try sources()
        #expect(sources.span(of: "decoder.attention.kv-heads")?.start.description == "m.toml:57:12")
        #expect(sources.span(of: "decoder.mlp.bias")?.start.description == "m.toml:68:1")
        #expect(sources.span(of: "vision.attention.full-attention-layers[1]")?.start.description == "m.toml:30:29")
        #expect(sources.span(of: "vision.attention.full-attention-layers[9]")?.start.description == "m.toml:30:25")
        #expect(sources.span(of: "checkpoint.renamed.\"model.visual.\"")?.start.description == "m.toml:11:67")
        #expect(sources.span(of: "nothing.of.this") == nil)
    }

    @Test func `a place has the innermost key path`() throws {
        let sources = try sources()
        func keyPath(_ line: Int, _ column: Int) -> String? {
            sources.keyPath(at: SourceLocation(file: "m.toml", line: line, column: column))
        }
        #expect(keyPath(57, 13) == "decoder.attention.kv-heads")
        #expect(keyPath(57, 3) == "decoder.attention.kv-heads")
        #expect(keyPath(30, 29) == "vision.attention.full-attention-layers[1]")
        #expect(keyPath(22, 39) == "vision.norm.epsilon")
        #expect(keyPath(54, 5) == "decoder.attention")
        #expect(keyPath(1, 1) == nil)
        #expect(sources.keyPath(at: SourceLocation(file: "other", line: 57, column: 13)) == nil)
    }

    @Test func `where a description was written is no part of what it says`() throws {
        let moved = Example.language.replacing("[decoder]", with: "# moved\n\n[decoder]")
        let reader = ModelReader()
        let first = try reader.description(of: Example.language, file: "a")
        let second = try reader.description(of: moved, file: "b")
        #expect(first == second)
        #expect(first.sources.span(of: "decoder") != second.sources.span(of: "decoder"))
    }
}
