// From a schedule to files: the last stage of the compiler.
// One file type per output in Files/; the vocabulary of calls in Routines/; formatting in Swift/.

import ComputeGraph
import Diagnostics
import ModelDescriptions
import Scheduling

/// The version that generated files name.
let generatorVersion = CompilerVersion.current.description

/// The generated files of `schedule`.
///
/// The same schedule and options give the same bytes: nothing depends on time, machine or the order of a dictionary.
///
/// - Throws: syntax errors of SwiftSyntax and `TemplateMismatch`: both are our own bugs.
public func emitSource(
    _ schedule: Schedule,
    of description: ModelDescription,
    options: EmissionOptions
) throws -> SourceTree {
    let type = typeName(ofModel: description.name)
    let sources: [(name: String, file: SwiftFile)] = [
        ("Model", try ModelFile(schedule: schedule, description: description, type: type).file()),
        ("Weights", try WeightsFile(schedule: schedule, description: description, type: type).file()),
        (
            "Vision",
            try RoutinesFile(
                schedule: schedule,
                type: type,
                entry: .encodeImages,
                summary: "The image encoder and the bridge to the decoder."
            ).file()
        ),
        (
            "Decoder",
            try RoutinesFile(
                schedule: schedule,
                type: type,
                entry: .step,
                summary: "The language model."
            ).file()
        ),
    ]
    switch options.layout {
    case .module(let stem):
        return SourceTree(
            sources.map { SourceTree.File(path: "\(stem).\($0.name).swift", text: $0.file.text(options)) }
        )
    case .package(let runtime):
        var files = sources.map {
            SourceTree.File(path: "Sources/\(type)/\($0.name).swift", text: $0.file.text(options))
        }
        files += try PackageFiles(schedule: schedule, description: description, type: type, runtime: runtime)
            .files(options, sources: sources)
        return SourceTree(files)
    }
}
