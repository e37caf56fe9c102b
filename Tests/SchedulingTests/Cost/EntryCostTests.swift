// The constants that a compiled model carries are the figures of CostModel, for every model.

import ComputeGraph
import TensorTypes
import TestSupport
import Testing

@testable import Scheduling

@Suite struct EntryCostTests {
    private func schedule(_ name: String) throws -> Schedule {
        let description = try ModelFiles.description(name)
        let graph = try GraphExpansion.graph(of: description)
        return try makeSchedule(of: streamSoftmax(mergeProjections(graph)), for: description)
    }

    @Test(arguments: ModelFiles.names())
    func constantsAreTheFiguresOfTheCostModel(_ name: String) throws {
        let schedule = try schedule(name)
        let sizes: [DimensionSymbol: Int] = [.rows: 96, .logitRows: 3, .context: 777, .patches: 1024]
        for routine in schedule.routines where routine.block.role == .entry {
            let constants = EntryCost(of: routine, in: schedule)
            let expressions = CostModel(schedule, cacheElement: .bf16).cost(of: routine)
            let operations = constants.productOperations + constants.attentionOperations
            #expect(operations.value(with: sizes) == expressions.operations.value(with: sizes))
            #expect(constants.products.allSatisfy { $0.packedWeights >= $0.weights && $0.weights > 0 })
            let formats = Set(schedule.routines.flatMap { $0.matrices.values.map(\.format) })
            guard formats == [.bf16] else { continue }
            let packed = constants.products.reduce(0) { $0 + $1.packedWeights }
            let embedded = 96 * constants.embeddedNumbers
            let bytes = expressions.weightBytes.value(with: sizes)
            #expect(Double(2 * (packed + embedded) + constants.vectorBytes) == bytes, "\(routine.block.name)")
        }
    }

    /// Dimensions from config.json of the checkpoint.
    @Test func constantsOfPublishedModel() throws {
        let schedule = try schedule("qwen2.5-vl-3b")
        let step = try #require(schedule.routine(named: GraphExpansion.step))
        let cost = EntryCost(of: step, in: schedule)
        #expect(cost.products.map(\.tensorClass) == [.attention, .mlp, .embeddings])
        let attention = 36 * (2048 * (2048 + 256 + 256) + 2048 * 2048)
        #expect(cost.products.map(\.weights) == [attention, 36 * 3 * 2048 * 11008, 2048 * 151936])
        #expect(cost.embeddedNumbers == 2048)
        #expect(cost.attentionOperations.description == "\(4 * 36 * 16 * 128)*context*rows")
    }
}
