// Every phase of `bench` runs on compiled models with random weights, and counts what the model was compiled with.

import InputProcessing
import ModelRuntime
import TensorTypes
import Testing

@testable import ModelCommands

@Suite struct BenchTests {
    private func phases<Model: CompiledModel>(_ model: Model.Type, _ arguments: [String]) throws -> [MeasuredPhase] {
        let command = try BenchCommand<Model>.parse(["--synthetic", "--repetitions", "2"] + arguments)
        let machine = MachineRates(bytesPerSecond: 1e9, f32: 1e9, bf16: 1e9, int8: 1e9)
        return try command.load(command.plan(), ThreadPool(threads: 2), machine) { 3e9 }.run()
    }

    @Test func allPhasesOfAModelThatReadsImages() throws {
        let arguments = ["--prompt", "37", "--generate", "5", "--sequences", "3", "--image", "64x100", "--chunk", "16"]
        let phases = try phases(TinyQwen25vlA.self, arguments)
        #expect(phases.map(\.phase) == BenchPhase.allCases)
        // 56 x 112 pixels after resizing to multiples of 28, in patches of 14.
        #expect(phases.map(\.count) == [32, 32, 37, 1, 3])
        #expect(phases.map(\.seconds.count) == [2, 2, 2, 5, 5])
        #expect(phases.allSatisfy { $0.median > 0 && $0.bytes > 0 && $0.least.seconds > 0 })
        let prefill = CallSizes.step([(rows: 37, cached: 0)], logitRows: 1)
        let formats = TinyQwen25vlA.manifest.weights.formats
        let whole = CallWork(TinyQwen25vlA.manifest.costs.step, prefill, formats: formats, tokenBytes: 0)
        // Chunks add no operations, but read the weights again.
        #expect(phases[2].operations == whole.operations)
        #expect(phases[2].bytes > 2 * whole.bytes)
    }

    /// Every call of a step is counted, and no weight is left out of those that were read.
    @Test func profile() throws {
        let arguments = ["--prompt", "9", "--generate", "4", "--phases", "decode", "--profile", "--dtype", "bf16"]
        let phase = try #require(try phases(TinySmollm2B.self, arguments).first)
        let layers = Double(TinySmollm2B.manifest.decoder.layers)
        let counts = phase.calls.reduce(into: [:]) { $0[$1.call.operation, default: 0] += $1.count }
        #expect(counts["heads"] == layers && counts["attention"] == layers && counts["gated linear"] == layers)
        #expect(counts["linear"] == 2 * layers + 1 && counts["embed"] == 1 && counts["rotary table"] == 1)
        let embedded = phase.calls.reduce(0) { $0 + $1.weightBytes }
        #expect(embedded >= phase.bytes * 0.8 && embedded <= phase.bytes * 1.2)
        #expect(phase.calls.reduce(0) { $0 + $1.seconds } <= phase.mean)
    }

    @Test func aModelThatReadsNoImages() throws {
        let phases = try phases(TinySmollm2B.self, ["--prompt", "20", "--generate", "3", "--dtype", "f32"])
        #expect(phases.map(\.phase) == [.prefill, .decode, .batch])
    }
}
