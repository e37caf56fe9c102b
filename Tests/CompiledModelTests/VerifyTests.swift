// `verify` agrees with transformers in every format that it takes; in which it does, Scripts/verify-parity tells of more
// models and conversations.

import ModelRuntime
import TensorTypes
import Testing

@testable import ModelCommands

@Suite struct VerifyTests {
    private func verify<Model: CompiledModel>(_ model: Model.Type, _ format: WeightFormat) throws {
        let name = Model.manifest.name
        try VerifyCommand<Model>.parse([
            "--quiet", "--weights", Files.checkpoint(name), "--cache", Files.cache, "--dtype", format.name,
            "--fixture", Files.fixtures.appendingPathComponent("parity/\(name)/two-turn.json").path,
        ]).run()
    }

    @Test(arguments: WeightFormat.all.filter { !$0.isInteger }) func everyFormat(_ format: WeightFormat) throws {
        try verify(TinySmollm2B.self, format)
        try verify(TinyQwen25vlA.self, format)
    }
}
