// Whole schedules: goldens of the models that parity is shown with, and what is refused.
// That schedules compute what graphs say: Execution/ScheduleMeaningTests.swift.

import ComputeGraph
import Diagnostics
import ModelDescriptions
import TensorTypes
import TestSupport
import Testing

@testable import Scheduling

@Suite struct ScheduleGraphTests {
    private func schedule(_ description: ModelDescription) throws -> Schedule {
        let graph = try GraphExpansion.graph(of: description)
        return try makeSchedule(of: streamSoftmax(mergeProjections(graph)), for: description)
    }

    private func messages(_ description: ModelDescription) -> [String] {
        do {
            _ = try schedule(description)
            return []
        } catch let error as DiagnosticError {
            return error.diagnostics.map(\.message)
        } catch {
            return ["\(error)"]
        }
    }

    @Test(arguments: ["qwen2.5-vl-3b"] + ModelFiles.names(prefix: "tiny-"))
    func golden(_ name: String) throws {
        try Golden.check(SchedulePrinter.text(of: schedule(ModelFiles.description(name))), "\(name).txt")
    }

    /// Every published model becomes a schedule, and in it only what no kernel computes together stands alone.
    @Test(arguments: ModelFiles.names())
    func projectionsTakeEverythingWithThem(_ name: String) throws {
        for routine in try schedule(ModelFiles.description(name)).routines where routine.block.role != .entry {
            #expect(
                routine.steps.map(\.call.name)
                    == (routine.steps.contains { $0.call.name == "gated-linear" }
                        ? ["project-heads", "attention", "linear", "gated-linear", "linear"]
                        : ["project-heads", "attention", "linear", "linear", "linear"]),
                "\(routine.block.name)"
            )
        }
    }

    @Test func refusesHeadsThatFillNoRegister() {
        #expect(
            Set(messages(TinyDescriptions.text)) == ["heads are 8 wide, but kernels take multiples of 16 up to 256"]
        )
        let wide = TinyDescriptions.decoder(headDim: 272)
        let description = TinyDescriptions.description("wide", decoder: wide, vision: nil)
        #expect(messages(description) == ["heads are 272 wide, but kernels take multiples of 16 up to 256"])
    }

    @Test func everyMatrixHasTheFormatOfItsClass() throws {
        var description = try ModelFiles.description("tiny-qwen25vl-a")
        description.quantization = ModelDescription.Quantization(weights: .w4g128, exceptions: [.mlp: .w8])
        let planned = try schedule(description)
        var found: [ModelDescription.Quantization.TensorClass: Set<WeightFormat>] = [:]
        for routine in planned.routines {
            for (id, weight) in routine.block.weights {
                guard let tensorClass = weight.tensorClass else { continue }
                found[tensorClass, default: []].insert(try #require(routine.matrices[id]).format)
            }
        }
        #expect(found[.attention] == [.w4g128] && found[.mlp] == [.w8])
        #expect(found[.vision] == [.w8g32] && found[.bridge] == [.w8g32] && found[.embeddings] == [.w8g32])
        #expect(planned.weightByteCounts.values.reduce(0, +) == planned.weightBytes)
    }

    @Test func refusesWhatCannotBeGrouped() throws {
        let graph = try GraphExpansion.graph(of: TinyDescriptions.text)
        #expect(throws: DiagnosticError.self) { try makeSchedule(of: graph, for: TinyDescriptions.text) }
    }

    @Test func gatesAreInterleavedByPanels() throws {
        let schedule = try schedule(ModelFiles.description("tiny-qwen25vl-a"))
        let layer = try #require(schedule.routine(named: GraphExpansion.decoderLayer))
        let orders = Dictionary(
            uniqueKeysWithValues: layer.matrices.map { (layer.block[$0.key].name, $0.value.rowOrder) }
        )
        #expect(
            orders == [
                "attentionQueryKeyValue": .stacked, "attentionOutput": .stacked, "mlpGateUp": .alternatingPanels,
                "mlpDown": .stacked,
            ]
        )
        #expect(schedule.routine(named: "nothing") == nil)
    }
}
