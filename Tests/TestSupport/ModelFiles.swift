// Descriptions as they are committed in models/.
// Not the tiny ones that are put together in code: see TinyDescriptions.swift.

import Foundation
import ModelDescriptions

/// The descriptions of the folder models/.
public enum ModelFiles {
    /// The root of the repository.
    public static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The names of all descriptions whose name begins with `prefix`, without `.toml`, sorted.
    public static func names(prefix: String = "") -> [String] {
        let folder = repository.appendingPathComponent("models").path
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.filter { $0.hasPrefix(prefix) && $0.hasSuffix(".toml") }.map { String($0.dropLast(5)) }.sorted()
    }

    /// The description `models/<name>.toml`.
    public static func description(_ name: String) throws -> ModelDescription {
        let file = repository.appendingPathComponent("models/\(name).toml")
        let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        return try ModelReader().description(of: text, file: "models/\(name).toml")
    }
}
