// Work and memory of schedules against formulas over the published dimensions of Qwen2.5-VL-3B.
// Dimensions are from the checkpoint's config.json; the formulas count multiply-adds of matrix products and attention.

import ComputeGraph
import TensorTypes
import TestSupport
import Testing

@testable import Scheduling

@Suite struct CostTests {
    private let rows = CostExpression(.symbolic(.rows))
    private let context = CostExpression(.symbolic(.context))

    private func schedule(_ name: String) throws -> Schedule {
        let description = try ModelFiles.description(name)
        let graph = try GraphExpansion.graph(of: description)
        return try makeSchedule(of: streamSoftmax(mergeProjections(graph)), for: description)
    }

    @Test func expressionsAddAndMultiply() {
        let cost = (rows + 2) * (context * 3 + rows)
        #expect(cost.description == "6*context + 3*context*rows + 2*rows + 1*rows*rows")
        #expect(cost.value(with: [.rows: 5, .context: 7]) == Double((5 + 2) * (7 * 3 + 5)))
        #expect(cost.value(with: [.rows: 5]) == 35)
        #expect(CostExpression(.symbolic(.patches) / 4).value(with: [.patches: 6]) == 1.5)
        #expect(CostExpression(0).description == "0")
        #expect((rows * 0).description == "0")
        var sum = CostExpression(1)
        sum += 2
        #expect(sum == 3)
    }

    @Test func operationsOfAStep() throws {
        let schedule = try schedule("qwen2.5-vl-3b")
        let step = try #require(schedule.routine(named: GraphExpansion.step))
        let cost = CostModel(schedule, cacheElement: .bf16).cost(of: step)
        let (tokens, keys, logits) = (100.0, 3000.0, 2.0)
        let perLayer = 2048 * (2048 + 256 + 256) + 2048 * 2048 + 3 * 2048 * 11008
        let products = 2 * tokens * 36 * Double(perLayer)
        let attention = 4 * tokens * keys * 36 * 16 * 128
        let head = 2 * logits * 2048 * 151936
        let found = cost.operations.value(
            with: [.rows: Int(tokens), .context: Int(keys), .logitRows: Int(logits)])
        #expect(found == products + attention + head)

        // Every matrix of a layer is read once, and the head; of the embedding only the rows that are looked up.
        let matrices = Double(36 * perLayer + 2048 * 151936) * 2 + tokens * 2048 * 2
        let vectors = Double(36 * (2048 + 2560 + 2048) + 2048) * 4
        let weightBytes = cost.weightBytes.value(with: [.rows: Int(tokens)])
        #expect(weightBytes == matrices + vectors)
    }

    /// Windows bound the keys of 28 layers, the patches of all images those of 4.
    @Test func operationsOfTheEncoder() throws {
        let schedule = try schedule("qwen2.5-vl-3b")
        let encode = try #require(schedule.routine(named: GraphExpansion.encodeImages))
        let cost = CostModel(schedule, cacheElement: .bf16).cost(of: encode)
        let patches = 1024.0
        let perLayer = 1280 * 3840 + 1280 * 1280 + 3 * 1280 * 3420
        let merger = 5120 * 5120 + 5120 * 2048
        let products = 2 * patches * Double(32 * perLayer + 1176 * 1280) + 2 * patches / 4 * Double(merger)
        let attention = 4 * patches * 1280 * (28 * 64 + 4 * patches)
        #expect(cost.operations.value(with: [.patches: Int(patches)]) == products + attention)
    }

    @Test func memoryIsTheSumOfItsParts() throws {
        let schedule = try schedule("qwen2.5-vl-3b")
        let limits = RunLimits(contextTokens: 1000, stepRows: 64, logitRows: 1, patches: 256)
        let scratch = MemoryProof.Part(name: "scratch", bytes: 12345, formula: "as the device says")
        let proof = MemoryProof(schedule, limits: limits, cacheElement: .bf16, device: [scratch])
        func bytes(_ name: String) throws -> Int {
            try #require(proof.parts.first { $0.name == name }, "\(name)").bytes
        }
        #expect(proof.totalBytes == proof.parts.reduce(0) { $0 + $1.bytes })
        // 36 layers of 2 heads of 128 keys and values; the context in whole panels of 16 tokens.
        #expect(schedule.cacheBytesPerToken(.bf16) == 36 * 2 * 2 * 128 * 2)
        #expect(try bytes("key-value cache") == 36 * 2 * 2 * 128 * 2 * 1008)
        // One arena serves both entries in turn; which of them sizes it depends on the limits.
        let encode = try #require(schedule.routine(named: GraphExpansion.encodeImages))
        #expect(try bytes("arena, sized by encode-images") == encode.plan.arenaBytes(with: limits.sizes))
        let fewPatches = RunLimits(contextTokens: 1000, stepRows: 64, logitRows: 1, patches: 16)
        let smaller = MemoryProof(schedule, limits: fewPatches, cacheElement: .bf16)
        let arena = try #require(smaller.parts.first { $0.name == "arena, sized by step" })
        #expect(arena.bytes == 64 * 52736 + 16 * 8192)
        #expect(try bytes("scratch") == 12345)
        #expect(try bytes("step: tokens") == 64 * 4)
        #expect(try bytes("step: logits") == 151936 * 4)
        #expect(try bytes("encode-images: patches") == 256 * 1176 * 4)
        // Parameters as in transformers, packed with at most one panel of 16 outputs too many per half of a matrix.
        #expect(schedule.parameterCounts.values.reduce(0, +) == 3_754_622_976)
        let exact = 3_754_622_976 * 2
        #expect(try bytes("weights") >= exact)
        #expect(try bytes("weights") < exact + exact / 200)
    }

    @Test func rooflineIsTheSlowerOfBoth() {
        let machine = Machine(name: "test", bytesPerSecond: 100, operationsPerSecond: 1000)
        var cost = StepCost()
        cost.weightBytes = 150
        cost.activationBytes = rows * 50
        cost.operations = rows * 1000
        let few = RooflineTime(cost, sizes: [.rows: 1], on: machine)
        #expect(few.seconds == 2)
        #expect(few.limit == .bandwidth)
        let many = RooflineTime(cost, sizes: [.rows: 10], on: machine)
        #expect(many.seconds == 10)
        #expect(many.limit == .compute)
        #expect(RooflineTime(cost.repeated(3), sizes: [.rows: 1], on: machine).seconds == 6)
        #expect((cost + cost) == cost.repeated(2))
    }
}
