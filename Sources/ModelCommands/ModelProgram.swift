// The program of a compiled model: its verbs over one model type. Generated packages call `ModelProgram.run`.
// One file per verb in Verbs/, shared options in Options/.

import ArgumentParser
import ModelRuntime

/// The command line of a compiled model.
public enum ModelProgram {
    /// Parses the arguments of the process, runs the verb they name, and exits.
    ///
    /// Exit codes: 0 success; 1 the model, a file or a request is at fault; 2 verification found a difference;
    /// 64 wrong arguments; 130 interrupted.
    ///
    /// - Parameter arguments: The arguments behind the program's name; nil for those of the process.
    public static func run<Model: CompiledModel>(_ model: Model.Type, arguments: [String]? = nil) {
        Interruption.install()
        ModelCommand<Model>.main(arguments)
    }
}

/// The root of the command line.
struct ModelCommand<Model: CompiledModel>: ParsableCommand {
    static var configuration: CommandConfiguration {
        let name = Model.manifest.name
        return CommandConfiguration(
            commandName: name,
            abstract: "\(name), compiled by \(Model.manifest.generator).",
            discussion: """
                A first session, with a checkpoint in the layout of Hugging Face:

                  \(name) info --weights DIR
                  \(name) generate --weights DIR --image page.jpg --prompt "Read this document."
                  \(name) chat --weights DIR

                The first run packs the weights into DIR/.vlmc (or --cache); later runs map them and start at once.
                """,
            version: Model.manifest.generator,
            subcommands: [
                GenerateCommand<Model>.self, ChatCommand<Model>.self, VerifyCommand<Model>.self,
                QuantizeCommand<Model>.self, TuneCommand<Model>.self, BenchCommand<Model>.self,
                InfoCommand<Model>.self,
            ]
        )
    }
}
