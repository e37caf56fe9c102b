// The build plugin: every TOML file among a target's sources becomes Swift sources of that target.
// It has no logic of its own; it says to SwiftPM what `vlmc emit` reads and writes.

import Foundation
import PackagePlugin

/// Generates the source of models inside the targets that describe them.
@main
struct VLMCompiler: BuildToolPlugin {
    /// One command for each description in `target`.
    func createBuildCommands(context: PluginContext, target: any Target) async throws -> [Command] {
        guard let module = target as? any SourceModuleTarget else { return [] }
        let descriptions = module.sourceFiles(withSuffix: "toml").map(\.url)
        if descriptions.isEmpty {
            Diagnostics.warning(
                "target \(target.name) uses the plugin VLMCompiler, but holds no TOML file that describes a model"
            )
        }
        let compiler = try context.tool(named: "vlmc").url
        let templates = try Self.templates()
        return descriptions.map { description in
            let stem = description.deletingPathExtension().lastPathComponent
            let directory = context.pluginWorkDirectoryURL.appending(path: stem, directoryHint: .isDirectory)
            let outputs = ["Model", "Weights", "Vision", "Decoder"].map {
                directory.appending(path: "\(stem).\($0).swift")
            }
            return .buildCommand(
                displayName: "Compiling model \(description.lastPathComponent)",
                executable: compiler,
                arguments: [
                    "emit", description.path, "--stage", "source", "--module", "--output", directory.path,
                ],
                inputFiles: [description] + templates,
                outputFiles: outputs
            )
        }
    }

    /// The templates that the compiler reads, so that a change of one generates anew.
    private static func templates() throws -> [URL] {
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let kernels = package.appending(path: "kernels", directoryHint: .isDirectory)
        let files = FileManager.default.enumerator(at: kernels, includingPropertiesForKeys: nil)
        let templates = files?.compactMap { $0 as? URL }.filter { $0.pathExtension == "stencil" } ?? []
        return templates.sorted { $0.path < $1.path }
    }
}
