// The driver: stages by name, reports, and errors about files.

import CompilerDriver
import Foundation
import Scheduling
import SourceEmission
import TensorTypes
import TestSupport
import Testing

@Suite struct PipelineTests {
    @Test func passesRunInOrder() throws {
        let pipeline = Pipeline(try ModelFiles.description("tiny-qwen25vl-a"))
        let expanded = try pipeline.graph(after: "expand")
        let merged = try pipeline.graph(after: "merge-projections")
        let final = try pipeline.graph()
        func names(_ graph: some Any) -> Int {
            String(describing: graph).components(separatedBy: "attentionScores").count
        }
        #expect(expanded.block(named: "decoder.layer")?.operations.count ?? 0 > 20)
        #expect(names(merged) > 1)
        #expect(names(final) == 1)
    }

    @Test(arguments: ModelFiles.names()) func everyModelPassesLint(_ name: String) {
        let path = ModelFiles.repository.appendingPathComponent("models/\(name).toml").path
        #expect(DescriptionFile(path: path).lint().isEmpty)
    }

    @Test func filesThatCannotBeReadAreDiagnosed() {
        let missing = DescriptionFile(path: "no/such/file.toml")
        #expect(missing.diagnostics.map(\.message) == ["no/such/file.toml: there is no such file"])
        let directory = DescriptionFile(path: "/")
        #expect(directory.diagnostics.first?.message.contains("directory") == true)
    }

    @Test(arguments: WeightFormat.all) func everyFormatPassesLintAndIsDeclared(_ format: WeightFormat) throws {
        let path = ModelFiles.repository.appendingPathComponent("models/tiny-smollm2-a.toml")
        let text = try String(contentsOf: path, encoding: .utf8)
            .replacingOccurrences(of: "weights = \"bf16\"", with: "weights = \"\(format.name)\"")
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).toml")
        try Data(text.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let description = DescriptionFile(path: file.path)
        #expect(description.lint().isEmpty)
        let weights = try declaredWeights(of: Pipeline(description.checked()))
        let expected =
            format.weightBits < 8
            ? "WeightFormats(.\(format.name), exceptions: [.embeddings: .w8g32])" : "WeightFormats(.\(format.name))"
        #expect(weights.contains(expected))
    }

    @Test func theCommandLineOverridesTheFormat() throws {
        let pipeline = Pipeline(try ModelFiles.description("tiny-qwen25vl-a"), quantization: .w4g128)
        let weights = try declaredWeights(of: pipeline)
        #expect(
            weights.contains(
                "WeightFormats(.w4g128, exceptions: [.vision: .w8g32, .bridge: .w8g32, .embeddings: .w8g32])"
            )
        )
        #expect(weights.contains("`vlmc compile m.toml --quantize w4g128`"))
    }

    private func declaredWeights(of pipeline: Pipeline) throws -> String {
        let options = EmissionOptions(descriptionFile: "m.toml", descriptionBytes: [], layout: .module(stem: "m"))
        let file = try pipeline.source(options).files.first { $0.path == "m.Weights.swift" }
        return try #require(file).text
    }
}

@Suite struct ModelReportTests {
    @Test func memoryIsTheSumOfItsParts() throws {
        let description = try ModelFiles.description("qwen2.5-vl-3b")
        let schedule = try Pipeline(description).schedule()
        let limits = RunLimits(contextTokens: 32768, stepRows: 512, logitRows: 1, patches: 5118)
        let proof = MemoryProof(schedule, limits: limits, cacheElement: .bf16)
        #expect(proof.totalBytes == proof.parts.reduce(0) { $0 + $1.bytes })
        // 36 layers, keys and values, 2 heads of 128, 2 bytes.
        let cache = try #require(proof.parts.first { $0.name == "key-value cache" })
        #expect(cache.bytes == 32768 * 36 * 2 * 2 * 128 * 2)
    }

    @Test func parametersAreThoseOfThePublishedModel() throws {
        let schedule = try Pipeline(ModelFiles.description("qwen2.5-vl-3b")).schedule()
        #expect(schedule.parameterCounts.values.reduce(0, +) == 3_754_622_976)
    }

    @Test func textNamesMachineAndMemory() throws {
        let description = try ModelFiles.description("smollm2-360m")
        let report = ModelReport(
            description,
            schedule: try Pipeline(description).schedule(),
            contextTokens: 2048,
            maximumPixels: nil,
            stepRows: 512,
            cacheElement: .bf16,
            machine: Machine(name: "m", bytesPerSecond: 1e9, operationsPerSecond: 1e12),
            threads: 3
        )
        #expect(report.text.contains("decode a token after 2048"))
        #expect(report.text.contains("Least time on m"))
        #expect(report.text.contains("x 3 threads"))
    }
}
