// Where the tests find committed files, and how they compare with them.
// Not the files' contents.

import Foundation
import Testing

enum TestFiles {
    /// The folder of this test target.
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    /// The root of the repository.
    static let repository = folder.deletingLastPathComponent().deletingLastPathComponent()
    /// The descriptions that users begin with.
    static let models = repository.appendingPathComponent("models")
    /// Tiny checkpoints of every family.
    static let checkpoints = repository.appendingPathComponent("Tests/Fixtures/checkpoints")
    /// Chat templates as published.
    static let chatTemplates = repository.appendingPathComponent("Tests/Fixtures/chat-templates")
    /// Configurations as published.
    static let publishedModels = folder.appendingPathComponent("PublishedModels")

    /// The names of the folders in `folder`, sorted.
    static func folders(in folder: URL) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { name in
            var isFolder: ObjCBool = false
            let path = folder.appendingPathComponent(name).path
            return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
        }.sorted()
    }

    static func bytes(_ file: URL) throws -> [UInt8] {
        Array(try Data(contentsOf: file))
    }

    static func text(_ file: URL) throws -> String {
        try #require(String(validating: try bytes(file), as: UTF8.self), "\(file.lastPathComponent) must be UTF-8")
    }

    /// Compares `text` with a committed file; `VLMC_RECORD_GOLDENS=1` writes the file instead, and fails.
    static func check(_ text: String, isIn file: URL) throws {
        if ProcessInfo.processInfo.environment["VLMC_RECORD_GOLDENS"] == "1" {
            try Data(text.utf8).write(to: file, options: .atomic)
            Issue.record("\(file.lastPathComponent) was recorded; look at the difference, then run again without it")
            return
        }
        #expect(try Self.text(file) == text, "\(file.lastPathComponent) is not what the import writes")
    }
}
