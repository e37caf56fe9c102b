// The bytes of a plan, and the arena and observer that generated code uses.

import Testing

@testable import ModelRuntime

@Suite struct MemoryPlanTests {
    private let plan = MemoryPlan(
        step: .init(perRow: 100, perImageRow: 10, perLogitRow: 1000),
        encodeImages: .init(perPatch: 50),
        logitRowBytes: 400,
        imageFeatureBytes: 32
    )

    @Test func arenaIsThatOfTheLargerCall() {
        let text = ModelLimits(rows: 20, logitRows: 3, cacheTokens: 100)
        #expect(plan.arenaByteCount(text) == 32 * 110 + 16 * 1000)
        let images = ModelLimits(rows: 20, logitRows: 3, patches: 1001, imageFeatures: 250, cacheTokens: 100)
        #expect(plan.arenaByteCount(images) == 1008 * 50)
    }

    @Test func everythingTogether() {
        let limits = ModelLimits(rows: 16, logitRows: 2, imageFeatures: 5, cacheTokens: 33, cachePrecision: .bf16)
        let geometry = CacheGeometry(layers: 2, kvHeads: 1, headDim: 16, precision: .bf16)
        let arena = 16 * 110 + 16 * 1000
        let expected = arena + 2 * 400 + 5 * 32 + 3 * geometry.blockBytes + 12_345
        #expect(plan.byteCount(limits, cache: geometry, weightBytes: 12_345) == expected)
    }

    @Test func unitsAreRoundedUp() {
        #expect([0, 1, 16, 17].map(MemoryPlan.units) == [0, 16, 16, 32])
    }
}

@Suite struct ArenaTests {
    @Test func isAlignedAndZero() throws {
        let arena = try Arena(byteCount: 10_000)
        #expect(UInt(bitPattern: arena.start) % 4096 == 0)
        let floats = arena.start.floats(at: 9996)
        #expect(floats[0] == 0)
        floats[0] = 3
        #expect(arena.start.load(fromByteOffset: 9996, as: Float.self) == 3)
        #expect(throws: Never.self) { try Arena(byteCount: 0) }
        withExtendedLifetime(arena) {}
    }
}

@Suite struct StageObserverTests {
    @Test func seesTheRows() {
        var seen: [String] = []
        let observer = StageObserver { rows in
            seen.append("\(rows.stage) \(rows.layer ?? -1) \(rows.rowCount) \(rows.width) \(Array(rows.values))")
        }
        let values: [Float] = [1, 2, 3, 4, 5, 6, 7]
        values.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return }
            observer.observe("layer", layer: 4, start, rows: 2, width: 3)
            observer.observe("norm", start, rows: 1, width: 1)
        }
        #expect(seen == ["layer 4 2 3 [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]", "norm -1 1 1 [1.0]"])
    }
}
