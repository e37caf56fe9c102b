// What an import reports: each message triggered by one small change of a checkpoint of the fixtures.
// Read next: ImportCasesOfConfig.swift.

import Diagnostics
import Foundation
import TestRandomness
import Testing

@testable import ModelDescriptions

/// A change of one file of a checkpoint, and what is reported about it.
struct ImportCase: Sendable, CustomTestStringConvertible {
    var title: String
    var checkpoint: String
    var file: HuggingFaceFiles.Name
    var edits: [DiagnosticCase.Edit]
    var expected: [String]

    init(
        _ title: String,
        in checkpoint: String,
        _ file: HuggingFaceFiles.Name,
        _ edits: DiagnosticCase.Edit...,
        gives expected: [String]
    ) {
        self.title = title
        self.checkpoint = checkpoint
        self.file = file
        self.edits = edits
        self.expected = expected
    }

    var testDescription: String { title }

    /// The files of a checkpoint, which diagnostics call by their names alone.
    static func files(of checkpoint: String) throws -> HuggingFaceFiles {
        var files = try HuggingFaceFiles(
            readingFrom: TestFiles.checkpoints.appendingPathComponent(checkpoint).path
        )
        files.directory = ""
        return files
    }

    func files() throws -> HuggingFaceFiles {
        var files = try Self.files(of: checkpoint)
        var text = String(decoding: try #require(files.contents[file]), as: UTF8.self)
        for edit in edits {
            let places = text.ranges(of: edit.found)
            let place = try #require(places.count == 1 ? places.first : nil, "\(edit.found) must stand there once")
            text.replaceSubrange(place, with: edit.replacement)
        }
        files.contents[file] = Array(text.utf8)
        return files
    }
}

struct ImportDiagnosticsTests {
    private func report(_ files: HuggingFaceFiles, _ importer: HuggingFaceImporter = .init(name: "m")) -> [String] {
        importer.importModel(files).diagnostics.map { "\($0)" }
    }

    @Test(
        arguments: ImportCase.shape + ImportCase.fields + ImportCase.rotary + ImportCase.dimensions
            + ImportCase.otherFiles
    )
    func `a changed checkpoint is reported`(importCase: ImportCase) throws {
        let outcome = HuggingFaceImporter(name: "m").importModel(try importCase.files())
        #expect(outcome.diagnostics.map { "\($0)" } == importCase.expected)
        let hasErrors = outcome.diagnostics.contains { $0.severity == .error }
        #expect((outcome.description == nil) == hasErrors)
        #expect((outcome.text == nil) == hasErrors)
    }

    @Test func `everything that is wrong is reported at once, in every file`() throws {
        var files = try ImportCase.files(of: "tiny-qwen25vl-a")
        func change(_ name: HuggingFaceFiles.Name, _ edits: [(String, String)]) throws {
            var text = String(decoding: try #require(files.contents[name]), as: UTF8.self)
            for (found, replacement) in edits {
                #expect(text.contains(found))
                text = text.replacing(found, with: replacement)
            }
            files.contents[name] = Array(text.utf8)
        }
        try change(
            .config,
            [("\"num_hidden_layers\": 3", "\"num_hidden_layers\": \"3\""), ("\"mrope\"", "\"spiral\"")]
        )
        try change(.generationConfig, [("\"do_sample\": true", "\"num_beams\": 2")])
        #expect(
            report(files) == [
                "config.json:23:24: error: `num_hidden_layers` is the string \"3\", but must be an integer",
                "config.json:27:13: error: `type` is \"spiral\", which is not covered; known are \"default\", \"mrope\", "
                    + "\"linear\", \"llama3\" and \"yarn\"",
                "generation_config.json:4:16: error: `num_beams` is 2: it searches with beams, which is not covered; only "
                    + "1 or null can be imported",
            ]
        )
    }

    // MARK: - Missing and damaged files

    @Test func `a directory without config.json is no checkpoint`() {
        #expect(report(HuggingFaceFiles(directory: "d", contents: [:])) == ["error: there is no config.json in d"])
    }

    @Test func `a directory that is not there is reported`() {
        let missing = TestFiles.folder.appendingPathComponent("NoSuchFolder").path
        let outcome = HuggingFaceImporter().importModel(at: missing)
        #expect(outcome.diagnostics == [.error("there is no directory \(missing)")])
        let file = TestFiles.folder.appendingPathComponent("TestFiles.swift").path
        #expect(HuggingFaceImporter().importModel(at: file).diagnostics == [.error("there is no directory \(file)")])
    }

    @Test func `an encoder needs an image processor`() throws {
        var files = try ImportCase.files(of: "tiny-qwen25vl-a")
        files.contents[.preprocessorConfig] = nil
        #expect(
            report(files) == [
                "error: there is no preprocessor_config.json beside config.json: how images become patches is not known"
            ]
        )
    }

    @Test func `a file that holds no object is reported`() throws {
        var files = try ImportCase.files(of: "tiny-smollm2-a")
        files.contents[.generationConfig] = Array("[1]".utf8)
        files.contents[.tokenizerConfig] = Array("{".utf8)
        #expect(
            report(files) == [
                "generation_config.json:1:1: error: this file must hold a JSON object",
                "tokenizer_config.json:1:2: error: this is not JSON: expected a key or '}', found the end of the text",
            ]
        )
    }

    @Test func `a tokenizer of another kind is refused`() throws {
        var files = try ImportCase.files(of: "tiny-smollm2-a")
        files.contents[.tokenizer] = Array("{\"added_tokens\": [],\n\"model\": {\"type\": \"Unigram\"}}".utf8)
        #expect(
            report(files) == [
                "tokenizer.json:2:19: error: this tokenizer is of the kind \"Unigram\", but only \"BPE\" is covered"
            ]
        )
        files.contents[.tokenizer] = Array("[]".utf8)
        #expect(report(files).first?.hasPrefix("tokenizer.json:1:1: error: this is not JSON: ") == true)
    }

    @Test func `a template that is not UTF-8 is refused`() throws {
        var files = try ImportCase.files(of: "tiny-smollm2-b")
        files.contents[.chatTemplate] = [0x41, 0xFF]
        #expect(report(files) == ["chat_template.jinja:1:1: error: this chat template is not UTF-8"])
    }

    @Test func `a file of absurd size is not read`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("vlmc-import-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(count: 4_194_305).write(to: folder.appendingPathComponent("config.json"))
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("README.md"),
            withIntermediateDirectories: true
        )
        let diagnostics = HuggingFaceImporter().importModel(at: folder.path).diagnostics
        #expect(diagnostics.count == 2)
        #expect(diagnostics.first?.message.hasPrefix("this file cannot be ") == true)
        #expect(diagnostics.last?.message == "this file has more than 4194304 bytes, too many for a config.json")
    }

    @Test func `a checkpoint that names no end of text is refused`() throws {
        var files = try ImportCase.files(of: "tiny-smollm2-a")
        files.contents[.generationConfig] = Array("{}".utf8)
        files.contents[.tokenizerConfig] = nil
        let config = String(decoding: try #require(files.contents[.config]), as: UTF8.self)
        files.contents[.config] = Array(config.replacing("\"eos_token_id\": 2", with: "\"eos_token_id\": null").utf8)
        #expect(report(files) == ["error: no file says which token ends a text (`eos_token_id`)"])
    }

    @Test func `an element type may be stated`() throws {
        let files = try ImportCase.files(of: "tiny-smollm2-a")
        let outcome = HuggingFaceImporter(name: "m", elementType: "f16").importModel(files)
        #expect(outcome.description?.checkpoint.elementType == .f16)
        #expect(outcome.description?.quantization.weights.name == "f16")
        #expect(
            report(files, HuggingFaceImporter(name: "m", elementType: "i8")) == [
                "error: the stated element type is \"i8\", but must be f32, f16 or bf16"
            ]
        )
    }

    @Test func `damaged configurations are imported or refused`() throws {
        var generator = SeededGenerator(seed: 3)
        let original = try ImportCase.files(of: "tiny-qwen25vl-f")
        let names: [HuggingFaceFiles.Name] = [
            .config, .generationConfig, .preprocessorConfig, .tokenizerConfig, .tokenizer,
        ]
        for _ in 0..<60 * FuzzRounds.factor {
            var files = original
            let name = names.randomElement(using: &generator) ?? .config
            var bytes = try #require(files.contents[name])
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                let pieces: [String] = [
                    "\"", "{", "}", "[", "]", ",", "-", "1e999", "null", "\\u0000", "99999999999999999999",
                ]
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1:
                    bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...40, using: &generator)))
                default: bytes.insert(contentsOf: (pieces.randomElement(using: &generator) ?? "").utf8, at: place)
                }
                if bytes.isEmpty { break }
            }
            files.contents[name] = bytes
            let outcome = HuggingFaceImporter(name: "m").importModel(files)
            #expect((outcome.description == nil) == outcome.diagnostics.contains { $0.severity == .error })
        }
    }
}
