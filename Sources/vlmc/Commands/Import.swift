// `vlmc import`: a Hugging Face directory to a description.

import ArgumentParser
import CompilerDriver
import Diagnostics
import ModelDescriptions
import PathKit

/// Writes the description of a published model.
struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write the description of a model from its Hugging Face directory.",
        discussion: """
            Reads config.json, generation_config.json, preprocessor_config.json, the tokenizer's files and the model \
            card; not the weights. What is not known is reported with its place: as an error where it changes what the \
            model computes, as a warning otherwise.
            """
    )

    @Argument(help: "A directory in the layout of Hugging Face.")
    var directory: String

    @Option(name: .shortAndLong, help: "The TOML file to write; standard output by default.")
    var output: String?

    @Option(help: "The name of the model; by default that of the TOML file, or of the directory.")
    var name: String?

    @Option(help: "The repository that the checkpoint comes from, such as Qwen/Qwen2.5-VL-3B-Instruct.")
    var source: String?

    @Option(help: "The element type of the weights, in place of what config.json says: f32, f16 or bf16.")
    var dtype: String?

    @Flag(help: "Replace the TOML file if it exists.")
    var force = false

    func validate() throws {
        if let dtype, !["f32", "f16", "bf16"].contains(dtype) {
            throw ValidationError("--dtype is f32, f16 or bf16, not `\(dtype)`.")
        }
    }

    func run() throws {
        try Terminal.reporting {
            let stem = output.map { Path($0).lastComponentWithoutExtension }
            let importer = HuggingFaceImporter(name: name ?? stem, source: source, elementType: dtype)
            let outcome = importer.importModel(at: directory)
            Terminal.show(outcome.diagnostics)
            guard let text = outcome.text else { throw ExitCode(1) }
            guard let output else {
                try Terminal.print(text)
                return
            }
            let path = Path(output)
            if path.exists, !force {
                throw DiagnosticError([.error("\(output) exists already; --force replaces it")])
            }
            try AtomicFile.write(text, to: path)
            Terminal.write("wrote \(output)")
        }
    }
}
