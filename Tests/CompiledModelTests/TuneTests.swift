// `tune` on compiled models: it remembers a choice, and what is loaded afterwards runs as chosen.
// What is chosen depends on times, so that nothing is said of it here: Tests/ModelCommandsTests/Tuning.

import Foundation
import Generation
import ModelRuntime
import TensorTypes
import Testing

@testable import ModelCommands

@Suite(.enabled(if: !CPUKernelSet.isNamed)) struct TuneTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("vlmc-\(UUID().uuidString)").path

    private func tune<Model: CompiledModel>(_ model: Model.Type, _ arguments: [String]) throws -> TuningReport {
        let shared = ["--synthetic", "--cache", folder, "--threads", "2", "--seconds", "0", "--quiet"]
        return try TuneCommand<Model>.parse(shared + arguments).tuned()
    }

    private func load(_ notices: inout [String]) throws -> LoadedModel<TinySmollm2B> {
        var found: [String] = []
        let loaded = try CompiledModelTests.load(
            TinySmollm2B.self,
            change: { $0.cacheFolder = folder },
            callbacks: PackingCallbacks(onEvent: { if case .notice(let notice) = $0 { found.append("\(notice)") } })
        )
        notices = found
        return loaded
    }

    @Test func whatIsChosenIsUsed() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var notices: [String] = []
        let before = try load(&notices)
        #expect(!before.isTuned)
        let report = try tune(TinySmollm2B.self, ["--dtype", "f32"])
        #expect(report.outcome.phases.map(\.phase) == TuningPhase.allCases)
        // Heads, attention's output, a gated pair, its output, and the head of the model.
        #expect(report.outcome.phases.allSatisfy { $0.products.count == 5 })
        #expect(FileManager.default.fileExists(atPath: report.path))
        let after = try load(&notices)
        #expect(after.isTuned && notices.isEmpty)
        #expect(after.device.kernelSet.description == report.outcome.chosen.kernels)
        #expect(after.device.tunings == report.outcome.chosen.products)

        // A choice of other parameters changes the way of reading, and not an answer.
        let kinds = Set(report.outcome.phases.flatMap(\.products).compactMap { ProductKind($0.call) })
        let tuning = try #require(ProductTuning(aheadBytes: 640, smallChunkBytes: 64, longQuarters: 1))
        let other = ModelTuning(
            kernels: before.device.kernelSet.description,
            products: Dictionary(uniqueKeysWithValues: kinds.map { ($0, tuning) })
        )
        try TuningStore(cacheFolder: folder).write(other, for: report.key)
        let changed = try load(&notices)
        #expect(changed.device.tunings.count == kinds.count && kinds.count == 10)
        let answers = try [before, changed].map { loaded in
            try GenerationSession(loaded).generate(try loaded.prompt("hello"), greedy(12)).tokens
        }
        #expect(answers[0] == answers[1])
    }

    private func benched(_ arguments: [String]) throws -> BenchRun<TinySmollm2B> {
        let command = try BenchCommand<TinySmollm2B>.parse(arguments)
        let machine = MachineRates(bytesPerSecond: 1e9, f32: 1e9, bf16: 1e9, int8: 1e9)
        return try command.load(command.plan(), ThreadPool(threads: 2), machine) { 1e9 }
    }

    @Test func benchUsesIt() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let key = TuningKey(TinySmollm2B.manifest, formats: .standard(.f32), threads: 2)
        let slowest = try #require(CPUKernelSet.named("scalar"))
        try TuningStore(cacheFolder: folder).write(ModelTuning(kernels: "\(slowest)", products: [:]), for: key)
        let checkpoint = Files.checkpoint("tiny-smollm2-b")
        let run = try benched(["--weights", checkpoint, "--cache", folder, "--dtype", "f32", "--prompt", "4"])
        #expect(run.isTuned)
        #expect(run.benched.device.kernelSet.description == "scalar")
    }

    @Test func aDamagedFileIsToldAndIgnored() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let key = TuningKey(TinySmollm2B.manifest, formats: .standard(.f32), threads: 2)
        let path = try TuningStore(cacheFolder: folder).write(ModelTuning(kernels: "scalar", products: [:]), for: key)
        try Data("{".utf8).write(to: URL(fileURLWithPath: path))
        var notices: [String] = []
        let loaded = try load(&notices)
        #expect(!loaded.isTuned)
        #expect(loaded.device.kernelSet.description == CPUKernelSet.best.description)
        #expect(notices.count == 1 && notices[0].contains(path) && notices[0].contains("is not used"))
    }

    @Test func aModelThatReadsImages() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let report = try tune(TinyQwen25vlA.self, ["--dtype", "w4g32", "--json"])
        #expect(try !report.json().isEmpty)
        #expect(report.key.formats.hasPrefix("w4g32, "))
    }
}
