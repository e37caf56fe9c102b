// Lints every file in models/, and reads back what is printed of each.
// Not whether the models are what was published: ImportTests compares them with that.

import Diagnostics
import Foundation
import Testing

@testable import ModelDescriptions

struct ModelsFolderTests {
    static var files: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: TestFiles.models.path)) ?? []
        return names.filter { $0.hasSuffix(".toml") }.sorted()
    }

    @Test func `the folder holds the models that are promised, and tiny ones`() {
        let promised = [
            "qwen2-vl-2b.toml", "qwen2-vl-7b.toml", "qwen2.5-vl-3b.toml", "qwen2.5-vl-72b.toml", "qwen2.5-vl-7b.toml",
            "smollm2-360m.toml",
        ]
        let tiny = TestFiles.folders(in: TestFiles.checkpoints).map { "\($0).toml" }
        #expect(tiny.count >= 10)
        #expect(Self.files == (promised + tiny).sorted())
    }

    @Test(arguments: files)
    func `every model is correct`(file: String) throws {
        let text = try TestFiles.text(TestFiles.models.appendingPathComponent(file))
        let outcome = ModelReader().read(text, file: file)
        #expect(outcome.diagnostics == [])
        let description = try #require(outcome.description)
        #expect("\(description.name).toml" == file)
        let printed = ModelPrinter().print(description)
        #expect(ModelReader().read(printed, file: file).description == description)
    }

    @Test(arguments: files)
    func `every key of a model knows its place`(file: String) throws {
        let text = try TestFiles.text(TestFiles.models.appendingPathComponent(file))
        let sources = try ModelReader().description(of: text, file: file).sources
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (keyPath, entry) in sources.entries where !keyPath.hasSuffix("]") {
            let line = lines[entry.key.start.line - 1]
            let key = line.dropFirst(entry.key.start.column - 1)
            let last =
                keyPath.hasSuffix("\"") ? keyPath.split(separator: "\"").last : keyPath.split(separator: ".").last
            #expect(key.drop { $0 == "\"" }.hasPrefix(try #require(last)), "\(keyPath)")
        }
    }

    @Test func `lines fit a screen`() throws {
        for file in Self.files {
            let text = try TestFiles.text(TestFiles.models.appendingPathComponent(file))
            #expect(text.split(separator: "\n").allSatisfy { $0.count <= 120 }, "\(file)")
            #expect(text.hasSuffix("\n") && !text.hasSuffix("\n\n"), "\(file)")
        }
    }
}
