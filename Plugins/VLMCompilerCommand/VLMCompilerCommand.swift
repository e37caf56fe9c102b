// The command plugin: `swift package vlmc ...` runs the compiler with these arguments in the package's directory.
// It has no logic of its own.

import Foundation
import PackagePlugin

/// Runs the compiler from within a package that depends on it.
@main
struct VLMCompilerCommand: CommandPlugin {
    /// Runs `vlmc` with `arguments`.
    func performCommand(context: PluginContext, arguments: [String]) async throws {
        let process = Process()
        process.executableURL = try context.tool(named: "vlmc").url
        process.arguments = arguments
        process.currentDirectoryURL = context.package.directoryURL
        try process.run()
        process.waitUntilExit()
        if process.terminationStatus != 0 {
            Diagnostics.error("vlmc ended with status \(process.terminationStatus)")
        }
    }
}
