// `vlmc emit`: any stage of the compiler as text.

import ArgumentParser
import CompilerDriver
import ComputeGraph
import Diagnostics
import ModelDescriptions
import PathKit
import Scheduling
import SourceEmission

/// Prints a stage of the compiler.
struct Emit: ParsableCommand {
    /// What can be printed.
    enum Stage: String, ExpressibleByArgument, CaseIterable {
        case description
        case graph
        case schedule
        case source
    }

    static let configuration = CommandConfiguration(
        abstract: "Print a stage of the compiler, or write the generated source.",
        discussion: "Passes over the graph, in order:\n"
            + Pipeline.graphPasses.map { "  \($0.name): \($0.summary)" }.joined(separator: "\n")
    )

    @Argument(help: "The TOML file that describes the model.")
    var file: String

    @Option(help: "What to print: \(Stage.allCases.map(\.rawValue).joined(separator: ", ")).")
    var stage: Stage = .source

    @Option(help: "With --stage graph: the last pass to run.")
    var after: String?

    @Option(name: .shortAndLong, help: "With --stage source: the directory to write the files to, instead of printing.")
    var output: String?

    @Flag(help: "With --stage source: one flat set of Swift files for a build plugin, instead of a package.")
    var module = false

    @OptionGroup var quantization: QuantizationOption

    @OptionGroup var runtime: RuntimeOption

    func validate() throws {
        if after != nil, stage != .graph { throw ValidationError("--after goes with --stage graph.") }
        if output != nil, stage != .source { throw ValidationError("--output goes with --stage source.") }
        if module, stage != .source { throw ValidationError("--module goes with --stage source.") }
        if let after, !Pipeline.graphPasses.contains(where: { $0.name == after }) {
            let hint = nearestName(to: after, among: Pipeline.graphPasses.map(\.name)).map { "; did you mean `\($0)`?" }
            throw ValidationError("there is no pass `\(after)`\(hint ?? "")")
        }
    }

    func run() throws {
        let input = DescriptionFile(path: file)
        try Terminal.reporting(input) {
            let description = try input.checked()
            Terminal.show(input.diagnostics, sources: input.sources)
            let pipeline = Pipeline(description, quantization: quantization.format)
            switch stage {
            case .description: try Terminal.print(ModelPrinter().print(pipeline.description))
            case .graph: try Terminal.print(GraphPrinter.text(of: try pipeline.graph(after: after)))
            case .schedule: try Terminal.print(SchedulePrinter.text(of: try pipeline.schedule()))
            case .source: try writeSource(pipeline, input)
            }
        }
    }

    private func writeSource(_ pipeline: Pipeline, _ input: DescriptionFile) throws {
        let layout: EmissionOptions.Layout =
            module
            ? .module(stem: Path(file).lastComponentWithoutExtension)
            : .package(runtime: try runtime.package().path)
        let tree = try pipeline.source(
            EmissionOptions(descriptionFile: Path(file).lastComponent, descriptionBytes: input.bytes, layout: layout)
        )
        guard let output else {
            for file in tree.files { try Terminal.print("// \(file.path)\n\n\(file.text)\n") }
            return
        }
        for file in tree.files {
            try AtomicFile.write(file.text, to: Path(output) + file.path)
        }
    }
}
