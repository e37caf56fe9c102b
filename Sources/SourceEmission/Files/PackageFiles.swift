// The files around the sources of a generated package: manifest, read-me, and the program with its verbs.
// Manifest and read-me are templates (kernels/package); the verbs are in ModelCommands of the runtime.

import ComputeGraph
import ModelDescriptions
import Scheduling
import SwiftSyntax
import SwiftSyntaxBuilder

/// Writes the files around the sources.
struct PackageFiles {
    let schedule: Schedule
    let description: ModelDescription
    let type: String
    /// The directory of the runtime package.
    let runtime: String

    func files(_ options: EmissionOptions, sources: [(name: String, file: SwiftFile)]) throws -> [SourceTree.File] {
        let renderer = TemplateRenderer()
        let common: [String: any Sendable] = [
            "version": generatorVersion, "descriptionFile": options.descriptionFile,
            "descriptionHash": options.descriptionHash, "product": description.name,
        ]
        let manifest = try renderer.render(
            "package/Package.swift.stencil",
            common.merging(["module": type, "runtimePath": literal(runtime)]) { $1 }
        )
        let readMe = try renderer.render(
            "package/README.md.stencil",
            common.merging(["files": fileRows(sources), "memory": memoryRows, "command": options.command]) { $1 }
        )
        let program = SwiftFile(
            summary: ["The program: every verb of the command line over this one model."],
            imports: [type, "ModelCommands"],
            declarations: [
                """
                @main
                struct Program {
                    static func main() {
                        ModelProgram.run(\(raw: type).self)
                    }
                }
                """
            ]
        )
        let server = SwiftFile(
            summary: ["The server: this one model over OpenAI's API."],
            imports: [type, "Serving"],
            declarations: [
                """
                @main
                struct Server {
                    static func main() async {
                        await ServeProgram.run(\(raw: type).self)
                    }
                }
                """
            ]
        )
        return [
            SourceTree.File(path: "Package.swift", text: manifest),
            SourceTree.File(path: "README.md", text: readMe),
            SourceTree.File(path: "Sources/\(description.name)/Program.swift", text: program.text(options)),
            SourceTree.File(path: "Sources/serve/Server.swift", text: server.text(options)),
        ]
    }

    private func fileRows(_ sources: [(name: String, file: SwiftFile)]) -> [[String: String]] {
        sources.map { source in
            [
                "path": "Sources/\(type)/\(source.name).swift",
                "summary": source.file.summary.joined(separator: " "),
            ]
        }
    }

    private var memoryRows: [[String: String]] {
        var rows = [["name": "weights", "bytes": String(schedule.weightBytes)]]
        for routine in schedule.routines where routine.block.role == .entry {
            for (symbol, bytes) in routine.plan.bytesPerUnit.sorted(by: { $0.key < $1.key }) {
                rows.append([
                    "name": "arena of \(routine.block.name), for each of \(symbol.rawValue)", "bytes": "\(bytes)",
                ])
            }
        }
        return rows
    }
}
