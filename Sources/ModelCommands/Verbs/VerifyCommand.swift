// `verify`: the model against outputs of the reference library, stage by stage.

import ArgumentParser
import Generation
import ModelRuntime
import TensorTypes

/// Compares the model with fixtures.
struct VerifyCommand<Model: CompiledModel>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "verify",
            abstract: "Compare the model with outputs of the reference library, stage by stage.",
            discussion: """
                A fixture is a JSON file and a safetensors file beside it, as Scripts/fixtures writes them: pixel \
                values, every block of the encoder, the merger, rotary positions, every layer, logits, greedy tokens.

                In f32 (the default here) each stage must agree within the fixture's tolerance and the tokens must be \
                the same. With --dtype bf16 or f16 the divergence of the logits from an f32 run of the same model must \
                not exceed that of the reference's own bf16 run. Integers have no such bound: `quantize --text` \
                measures what they cost.

                Exits with 2 if a stage differs.
                """
        )
    }

    @OptionGroup var loading: LoadingArguments

    @Option(name: .shortAndLong, help: ArgumentHelp("The JSON file of a fixture; may be repeated.", valueName: "file"))
    var fixture: [String]

    /// The format; single precision unless another is named.
    private var format: WeightFormat { WeightFormat.named(loading.dtype) ?? .f32 }

    func validate() throws {
        guard !format.isInteger else {
            throw ValidationError(
                "--dtype is f32, bf16 or f16 here, for which fixtures have bounds; "
                    + "`quantize --format \(format.name) --text FILE` tells what \(format.name) costs."
            )
        }
    }

    func run() throws {
        var failed = false
        for path in fixture {
            let fixture = try ParityFixture(path: path)
            StandardStreams.print("\(path)\n")
            let stages = format == .f32 ? try stageByStage(fixture) : try divergence(fixture)
            for stage in stages {
                let name = stage.name + String(repeating: " ", count: max(1, 24 - stage.name.count))
                let verdict = stage.agrees ? "agrees" : "DIFFERS"
                let error = ResultReport.scientific(stage.error)
                let tolerance = ResultReport.scientific(stage.tolerance)
                StandardStreams.print("  \(name) \(verdict)  \(error) of \(tolerance)\n")
                if !stage.agrees { failed = true }
            }
        }
        if failed { throw ExitCode(2) }
    }

    private func load(_ format: WeightFormat, chunk: Int? = nil) throws -> LoadedModel<Model> {
        var arguments = loading
        arguments.dtype = format.name
        if let chunk { arguments.chunk = chunk }
        return try arguments.load(Model.self, logitRows: Self.logitRows)
    }

    private static var logitRows: Int { 16 }

    private func stageByStage(_ fixture: ParityFixture) throws -> [VerifiedStage] {
        try Verifier(loaded: load(.f32), fixture: fixture).run()
    }

    /// The mean divergence of the logits of all prompt rows from those in f32.
    private func divergence(_ fixture: ParityFixture) throws -> [VerifiedStage] {
        let single = try Verifier(loaded: load(.f32), fixture: fixture).allLogits()
        let half = try Verifier(loaded: load(format), fixture: fixture).allLogits()
        let rows = zip(single, half).map(KullbackLeibler.divergence)
        let mean = rows.reduce(0, +) / Double(max(rows.count, 1))
        let (reference, factor) = fixture.bf16Divergence
        return [VerifiedStage(name: "KL(f32 || \(format.name))", error: mean, tolerance: reference * factor)]
    }
}
