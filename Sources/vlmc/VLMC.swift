// The command line of the compiler: arguments, files and exit codes. The work is done in CompilerDriver.
// One file per verb in Commands/.

import ArgumentParser
import Foundation
import ModelDescriptions

/// The compiler's program.
@main
enum Program {
    static func main() {
        // A limit on file sizes then fails the write, which can be told, and does not end the process.
        signal(SIGXFSZ, SIG_IGN)
        VLMC.main()
    }
}

/// The root of the command line.
struct VLMC: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vlmc",
        abstract: "Compile a vision-language model, described by one TOML file, into one fast binary.",
        discussion: """
            A first session:

              vlmc import ~/Qwen2.5-VL-3B-Instruct -o qwen2.5-vl-3b.toml
              vlmc lint qwen2.5-vl-3b.toml
              vlmc report qwen2.5-vl-3b.toml --context 32768
              vlmc compile qwen2.5-vl-3b.toml -o build
              build/qwen2.5-vl-3b generate --weights ~/Qwen2.5-VL-3B-Instruct --image page.jpg --prompt "Read this."

            Exit codes: 0 success, 1 the model or a file is at fault (every error is printed with its place), \
            64 wrong arguments.
            """,
        version: CompilerVersion.current.description,
        subcommands: [Import.self, Lint.self, Report.self, Compile.self, Emit.self]
    )
}
