// `vlmc compile`: a description to readable source and a binary.

import ArgumentParser
import CompilerDriver
import Foundation
import PathKit
import SourceEmission

/// Where the runtime sources are.
struct RuntimeOption: ParsableArguments {
    @Option(help: "The directory of vlmc's runtime package, if it is not found by itself.")
    var runtime: String?

    func package() throws -> RuntimePackage {
        let environment = ProcessInfo.processInfo.environment
        let executable = Bundle.main.executablePath ?? CommandLine.arguments[0]
        return try RuntimePackage(stated: runtime, environment: environment, executable: executable)
    }
}

/// Compiles a model.
struct Compile: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Generate the source of a model and build its binary.",
        discussion: """
            DIR/<model> is the binary, DIR/serve the server, and DIR/source the package it was built from, ready to be read, changed and built \
            with `swift build`. The first build compiles the runtime into a cache; later ones take seconds.
            """
    )

    @Argument(help: "The TOML file that describes the model.")
    var file: String

    @Option(name: .shortAndLong, help: "The directory for the binary and its source.")
    var output = "build"

    @Option(help: "The directory of the build cache; XDG_CACHE_HOME or ~/.cache by default.")
    var cache: String?

    @Flag(help: "Write the source and build nothing.")
    var sourceOnly = false

    @Flag(inversion: .prefixedNo, help: "Build the server, too.")
    var serve = true

    @Flag(name: .shortAndLong, help: "Show the output of the build.")
    var verbose = false

    @OptionGroup var quantization: QuantizationOption

    @OptionGroup var runtime: RuntimeOption

    func run() throws {
        let input = DescriptionFile(path: file)
        try Terminal.reporting(input) {
            let description = try input.checked()
            Terminal.show(input.diagnostics, sources: input.sources)
            let package = try runtime.package()
            let tree = try Pipeline(description, quantization: quantization.format).source(
                EmissionOptions(
                    descriptionFile: Path(file).lastComponent,
                    descriptionBytes: input.bytes,
                    layout: .package(runtime: package.path)
                )
            )
            let directory = Path(output)
            try Workspace.synchronise(tree, into: directory.absolute() + "source")
            Terminal.write("wrote \(directory + "source")")
            if sourceOnly { return }
            let workspace = Workspace(
                runtime: package,
                cache: cache,
                environment: ProcessInfo.processInfo.environment
            )
            let log = BuildLog(isVerbose: verbose)
            var built: [String] = []
            do {
                let products = [description.name] + (serve ? ["serve"] : [])
                for binary in try workspace.build(tree, products: products, log: { log.append($0) }) {
                    let copy = directory + Path(binary).lastComponent
                    try AtomicFile.copy(Path(binary), to: copy.absolute())
                    built.append(copy.string)
                }
            } catch {
                log.showFailure()
                throw error
            }
            Terminal.write("built \(built.joined(separator: " and "))")
        }
    }
}

/// The output of a build: shown at once if asked for, otherwise kept until it fails.
private final class BuildLog: @unchecked Sendable {
    private let isVerbose: Bool
    private var lines: [String] = []

    init(isVerbose: Bool) { self.isVerbose = isVerbose }

    func append(_ line: String) {
        if isVerbose { Terminal.write(line) } else { lines.append(line) }
    }

    func showFailure() {
        for line in lines { Terminal.write(line) }
    }
}
