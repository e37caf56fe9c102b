// `vlmc lint`: everything that is wrong with descriptions, all at once.

import ArgumentParser
import CompilerDriver
import Diagnostics

/// Checks descriptions.
struct Lint: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Report everything that is wrong with descriptions of models.",
        discussion: """
            Each problem is printed as path:line:column: error: message. Beyond the TOML itself, the model is expanded \
            and scheduled, so that a description that passes also compiles.
            """
    )

    @Argument(help: "TOML files that describe models.")
    var files: [String]

    func run() throws {
        var failed = false
        for path in files {
            let file = DescriptionFile(path: path)
            let diagnostics = file.lint()
            Terminal.show(diagnostics, sources: file.sources)
            if diagnostics.contains(where: { $0.severity == .error }) { failed = true }
        }
        if failed { throw ExitCode(1) }
    }
}
