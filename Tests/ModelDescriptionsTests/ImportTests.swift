// Imports of whole checkpoints: the tiny ones of the fixtures and the published configurations, each compared byte by
// byte with its file in models/, which is what the import writes.

import Diagnostics
import Foundation
import TensorTypes
import Testing

@testable import ModelDescriptions

struct ImportTests {
    @Test(arguments: TestFiles.folders(in: TestFiles.checkpoints))
    func `a tiny checkpoint gives its model`(name: String) throws {
        let directory = TestFiles.checkpoints.appendingPathComponent(name).path
        let outcome = HuggingFaceImporter(name: name).importModel(at: directory)
        #expect(outcome.diagnostics == [])
        let text = try #require(outcome.text)
        try TestFiles.check(text, isIn: TestFiles.models.appendingPathComponent("\(name).toml"))
        #expect(ModelReader().read(text, file: "m.toml").description == outcome.description)
    }

    /// The files that are published beside the weights of a model, and its repository.
    struct PublishedModel: Sendable, CustomTestStringConvertible {
        var name: String
        var source: String
        var chatTemplate: String

        var testDescription: String { name }

        func files() throws -> HuggingFaceFiles {
            let folder = TestFiles.publishedModels.appendingPathComponent(name)
            var contents: [HuggingFaceFiles.Name: [UInt8]] = [:]
            for name in HuggingFaceFiles.Name.allCases {
                contents[name] = try? TestFiles.bytes(folder.appendingPathComponent(name.rawValue))
            }
            let template = TestFiles.chatTemplates.appendingPathComponent("\(chatTemplate).jinja")
            contents[.chatTemplate] = try TestFiles.bytes(template)
            return HuggingFaceFiles(directory: name, contents: contents)
        }
    }

    static let publishedModels = [
        PublishedModel(name: "qwen2.5-vl-3b", source: "Qwen/Qwen2.5-VL-3B-Instruct", chatTemplate: "qwen2.5-vl"),
        PublishedModel(name: "qwen2.5-vl-7b", source: "Qwen/Qwen2.5-VL-7B-Instruct", chatTemplate: "qwen2.5-vl"),
        PublishedModel(name: "qwen2.5-vl-72b", source: "Qwen/Qwen2.5-VL-72B-Instruct", chatTemplate: "qwen2.5-vl"),
        PublishedModel(name: "qwen2-vl-2b", source: "Qwen/Qwen2-VL-2B-Instruct", chatTemplate: "qwen2-vl"),
        PublishedModel(name: "qwen2-vl-7b", source: "Qwen/Qwen2-VL-7B-Instruct", chatTemplate: "qwen2-vl"),
        PublishedModel(
            name: "smollm2-360m",
            source: "HuggingFaceTB/SmolLM2-360M-Instruct",
            chatTemplate: "smollm2"
        ),
    ]

    @Test(arguments: publishedModels)
    func `a published configuration gives its model`(model: PublishedModel) throws {
        let outcome = HuggingFaceImporter(name: model.name, source: model.source).importModel(try model.files())
        #expect(
            outcome.diagnostics == [
                .warning("there is no tokenizer.json beside config.json; a compiled model will need one")
            ]
        )
        let text = try #require(outcome.text)
        try TestFiles.check(text, isIn: TestFiles.models.appendingPathComponent("\(model.name).toml"))
        #expect(ModelReader().read(text, file: "m.toml").description == outcome.description)
    }

    @Test func `every published configuration is imported`() {
        #expect(TestFiles.folders(in: TestFiles.publishedModels) == Self.publishedModels.map(\.name).sorted())
    }

    @Test func `an import gives the same text each time`() throws {
        let directory = TestFiles.checkpoints.appendingPathComponent("tiny-qwen25vl-a").path
        let importer = HuggingFaceImporter(name: "a")
        let texts = Set((0..<5).compactMap { _ in importer.importModel(at: directory).text })
        #expect(texts.count == 1)
    }
}
