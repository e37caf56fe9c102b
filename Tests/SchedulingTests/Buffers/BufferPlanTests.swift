// Plans of models and of random graphs: what shares memory, how much there is, and that damaged plans are found out.
// That values survive in planned memory is also tested by running schedules: Execution/ScheduleMeaningTests.swift.

import ComputeGraph
import TestRandomness
import TestSupport
import Testing

@testable import Scheduling

extension BufferPlan {
    /// The plan with some of its parts exchanged.
    func changed(
        buffers: [Buffer]? = nil,
        storage: [ValueID: Storage]? = nil,
        bytesPerUnit: [DimensionSymbol: Int]? = nil,
        calleeOffsets: [Int: Int]? = nil
    ) -> BufferPlan {
        BufferPlan(
            buffers: buffers ?? self.buffers,
            storage: storage ?? self.storage,
            bytesPerUnit: bytesPerUnit ?? self.bytesPerUnit,
            calleeOffsets: calleeOffsets ?? self.calleeOffsets
        )
    }
}

extension Routine {
    /// The routine with another plan.
    func planned(_ plan: BufferPlan) -> Routine { Routine(block: block, steps: steps, plan: plan, matrices: matrices) }
}

@Suite struct BufferPlanTests {
    private static let rows = Dimension.symbolic(.rows)

    /// Four chained products and the plan of their memory: `a` is read by the last one, too.
    private func chain() throws -> (routine: Routine, ids: [ValueID]) {
        var builder = BlockBuilder(name: "entry", role: .entry, keyPath: "test")
        let x = builder.parameter("x", .tensor(.real(Self.rows, 8)))
        func linear(_ x: ValueID, _ name: String, _ builder: inout BlockBuilder) throws -> ValueID {
            let weight = Weight(
                name: "\(name)-weight",
                tensorClass: .mlp,
                sources: [Weight.Source(tensor: name, shape: [8, 8])]
            )
            return try builder.append(.linear(bias: false), [x, builder.weight(weight)], named: name)
        }
        let a = try linear(x, "a", &builder)
        let b = try linear(a, "b", &builder)
        let c = try linear(b, "c", &builder)
        let d = try linear(c, "d", &builder)
        let product = try builder.append(.multiply, [a, d], named: "product")
        let last = try linear(product, "last", &builder)
        let (routines, violations) = try routines(
            of: Graph(name: "test", blocks: [builder.build(results: [last])])
        )
        #expect(violations == [])
        return (try #require(routines.first), [a, b, c, d, product, last])
    }

    private func buffer(_ id: ValueID, _ routine: Routine) throws -> Buffer {
        guard case .buffer(let index)? = routine.plan.storage[id] else {
            throw UnplannableRoutine(block: "test", message: "\(id) is in no buffer")
        }
        return routine.plan.buffers[index]
    }

    @Test func memoryIsUsedAgain() throws {
        let (routine, ids) = try chain()
        // `a` lives throughout, b, c and d by turns in two places, and the product takes over `a` or `d`.
        #expect(routine.plan.bytesPerUnit == [.rows: 3 * 32])
        #expect(try buffer(ids[1], routine).offsetPerUnit == buffer(ids[3], routine).offsetPerUnit)
        #expect(try buffer(ids[4], routine).values.count == 2)
        #expect(routine.plan.storage[ids[5]] == .output(ids[5]))
        #expect(routine.plan.storage[routine.block.parameters[0]] == .parameter(routine.block.parameters[0]))
        #expect(routine.plan.arenaBytes(with: [.rows: 17]) == 96 * 32)
        #expect(routine.plan.arenaBytes(with: [:]) == 0)
    }

    @Test func layersGiveBackTheirRowsWhereTheyGotThem() throws {
        for description in TinyDescriptions.all {
            let graph = streamSoftmax(mergeProjections(try GraphExpansion.graph(of: description)))
            for routine in try routines(of: graph).routines where routine.block.role != .entry {
                let block = routine.block
                #expect(routine.plan.storage[block.results[0]] == .parameter(block.parameters[0]))
            }
        }
    }

    @Test func refusesLayersThatEndElsewhere() throws {
        var builder = BlockBuilder(name: "layer", role: .layer(count: 2), keyPath: "test")
        let x = builder.parameter("x", .tensor(.real(Self.rows, 8)))
        let order = builder.parameter("order", .tensor(.index(Self.rows)))
        let moved = try builder.append(.gatherRows(group: 1), [x, order], named: "moved")
        let block = builder.build(results: [moved])
        let failure = #expect(throws: UnplannableRoutine.self) {
            try planBuffers(of: block, steps: groupKernels(of: block), callees: [:])
        }
        #expect(
            failure?.description == "layer: a layer gives back its rows where it got them, but moved lies elsewhere"
        )
    }

    @Test func refusesValuesWhoseSizeIsFixed() throws {
        var builder = BlockBuilder(name: "entry", role: .entry, keyPath: "test")
        let x = builder.parameter("x", .tensor(.real(4, 8)))
        let first = try builder.append(.activation(.relu), [x], named: "first")
        let second = try builder.append(.activation(.relu), [first], named: "second")
        let third = try builder.append(.add, [first, second], named: "third")
        let block = builder.build(results: [third])
        #expect(throws: UnplannableRoutine.self) {
            try planBuffers(of: block, steps: groupKernels(of: block), callees: [:])
        }
    }

    // MARK: Damaged plans

    private func violations(_ routine: Routine, _ plan: BufferPlan) -> [String] {
        BufferPlanVerifier.violations(in: routine.planned(plan), callees: [:])
    }

    @Test func findsOverlaps() throws {
        let (routine, ids) = try chain()
        var buffers = routine.plan.buffers
        let target = try buffer(ids[0], routine).offsetPerUnit
        guard case .buffer(let index)? = routine.plan.storage[ids[2]] else { return }
        buffers[index].offsetPerUnit = target + 16
        #expect(
            violations(routine, routine.plan.changed(buffers: buffers))
                .contains("step 4 reads a, overwritten by c in step 2")
        )
    }

    @Test func findsSwappedValues() throws {
        let (routine, ids) = try chain()
        var storage = routine.plan.storage
        (storage[ids[0]], storage[ids[1]]) = (storage[ids[1]], storage[ids[0]])
        let found = violations(routine, routine.plan.changed(storage: storage))
        #expect(!found.isEmpty)
    }

    @Test func findsMissingMemory() throws {
        let (routine, ids) = try chain()
        var storage = routine.plan.storage
        storage[ids[1]] = nil
        #expect(
            violations(routine, routine.plan.changed(storage: storage))
                == ["step 1 writes b, which has no memory", "step 2 reads b, which has no memory"]
        )
        storage[ids[1]] = .buffer(99)
        #expect(
            violations(routine, routine.plan.changed(storage: storage))
                == ["b lies in buffer 99, which does not exist"]
        )
    }

    @Test func findsWritesToWeightsAndArguments() throws {
        let (routine, ids) = try chain()
        var storage = routine.plan.storage
        storage[ids[1]] = .weight
        #expect(
            violations(routine, routine.plan.changed(storage: storage))
                == ["step 1 writes the weight b", "step 2 reads b as a weight"]
        )
        storage[ids[1]] = .parameter(routine.block.parameters[0])
        #expect(
            violations(routine, routine.plan.changed(storage: storage))
                == ["step 1 writes b over the argument x"]
        )
    }

    @Test func findsResultsOverOperands() throws {
        let (routine, ids) = try chain()
        var storage = routine.plan.storage
        storage[ids[1]] = storage[ids[2]]
        #expect(
            violations(routine, routine.plan.changed(storage: storage))
                == ["step 2 writes c over b, which it reads"]
        )
    }

    @Test func findsTooLittleMemory() throws {
        let (routine, _) = try chain()
        #expect(violations(routine, routine.plan.changed(bytesPerUnit: [.rows: 95])).count == 1)
        #expect(violations(routine, routine.plan.changed(bytesPerUnit: [:])).count == routine.plan.buffers.count)
        var buffers = routine.plan.buffers
        let old = buffers[1]
        buffers[1] = Buffer(
            values: old.values,
            name: old.name,
            symbol: old.symbol,
            bytesPerUnit: old.bytesPerUnit - 4,
            firstStep: old.firstStep,
            lastStep: old.lastStep,
            offsetPerUnit: old.offsetPerUnit
        )
        #expect(
            violations(routine, routine.plan.changed(buffers: buffers)).first?.contains("does not fit into") == true
        )
        buffers[1] = Buffer(
            values: old.values,
            name: old.name,
            symbol: .patches,
            bytesPerUnit: old.bytesPerUnit,
            firstStep: old.firstStep,
            lastStep: old.lastStep,
            offsetPerUnit: old.offsetPerUnit
        )
        #expect(!violations(routine, routine.plan.changed(buffers: buffers)).isEmpty)
        buffers[1] = old
        buffers[1].offsetPerUnit = -16
        #expect(!violations(routine, routine.plan.changed(buffers: buffers)).isEmpty)
    }

    @Test func findsLayersInOthersMemory() throws {
        let graph = streamSoftmax(mergeProjections(try GraphExpansion.graph(of: TinyDescriptions.windowed)))
        let (routines, _) = try routines(of: graph)
        let plans = Dictionary(uniqueKeysWithValues: routines.map { ($0.block.name, $0.plan) })
        let routine = try #require(routines.first { $0.block.name == GraphExpansion.step })
        let offsets = routine.plan.calleeOffsets
        let step = try #require(offsets.keys.first)
        #expect(
            BufferPlanVerifier.violations(in: routine, callees: [:])
                == ["step \(step) runs layers of decoder.layer, whose memory is not known"]
        )
        // The layers' part is the largest and so lies first; what the step reads and writes lies behind it.
        #expect(offsets == [step: 0])
        let inside = routine.planned(routine.plan.changed(calleeOffsets: [step: 16]))
        #expect(
            BufferPlanVerifier.violations(in: inside, callees: plans).contains {
                $0.hasPrefix("step \(step) runs layers of decoder.layer in the memory of ")
            }
        )
        let outside = routine.planned(routine.plan.changed(calleeOffsets: [step: 1 << 40]))
        #expect(
            BufferPlanVerifier.violations(in: outside, callees: plans)
                == ["step \(step) runs layers of decoder.layer, whose memory is not in the arena"]
        )
        let missing = routine.planned(routine.plan.changed(calleeOffsets: [:]))
        #expect(!BufferPlanVerifier.violations(in: missing, callees: plans).isEmpty)
    }

    @Test func findsAStaleArgument() throws {
        // The layer's rows are read again after its result has been written over them.
        var builder = BlockBuilder(name: "layer", role: .layer(count: 2), keyPath: "test")
        let x = builder.parameter("x", .tensor(.real(Self.rows, 8)))
        let first = try builder.append(.activation(.relu), [x], named: "first")
        let second = try builder.append(.multiply, [first, x], named: "second")
        let block = builder.build(results: [second])
        let steps = try groupKernels(of: block)
        let plan = try planBuffers(of: block, steps: steps, callees: [:])
        let routine = Routine(block: block, steps: steps, plan: plan, matrices: [:])
        #expect(BufferPlanVerifier.violations(in: routine, callees: [:]) == [])
        var storage = plan.storage
        storage[first] = .parameter(x)
        #expect(
            violations(routine, plan.changed(storage: storage))
                == ["step 1 reads x, but its memory holds something else"]
        )
    }

    /// Random damage to plans of random graphs: what the verifier lets pass still computes the right numbers, and
    /// most damage it does not let pass.
    @Test func whatTheVerifierPassesIsHarmless() throws {
        var generator = SeededGenerator(seed: 77)
        var (caught, passed) = (0, 0)
        for seed in UInt64(2000)..<2120 {
            let plain = try RandomGraph.graph(seed: seed)
            let fused = streamSoftmax(mergeProjections(plain))
            guard let (good, _) = try? routines(of: fused) else { continue }
            let plans = Dictionary(uniqueKeysWithValues: good.map { ($0.block.name, $0.plan) })
            for _ in 0..<3 {
                var damaged = good
                guard let plan = damage(good[1].plan, with: &generator) else { continue }
                damaged[1] = good[1].planned(plan)
                if BufferPlanVerifier.violations(in: damaged[1], callees: plans).isEmpty {
                    passed += 1
                    let error = try scheduleError(
                        damaged,
                        "entry",
                        of: fused,
                        plain: plain,
                        sizes: RandomGraph.sizes,
                        cacheLayers: 0,
                        seed: seed
                    )
                    #expect(error <= 1e-12, "seed \(seed): \(plan)")
                } else {
                    caught += 1
                }
            }
        }
        #expect(caught > passed)
        #expect(passed > 10)
    }

    private func damage(_ plan: BufferPlan, with generator: inout SeededGenerator) -> BufferPlan? {
        guard !plan.buffers.isEmpty else { return nil }
        switch Int.random(in: 0..<4, using: &generator) {
        case 0, 1:
            var buffers = plan.buffers
            let index = Int.random(in: buffers.indices, using: &generator)
            let room = (plan.bytesPerUnit[buffers[index].symbol] ?? 0) - buffers[index].bytesPerUnit
            buffers[index].offsetPerUnit = Int.random(in: 0...max(room / 16, 0), using: &generator) * 16
            return plan.changed(buffers: buffers)
        case 2:
            let values = plan.storage.filter { if case .buffer = $0.value { true } else { false } }.keys.sorted()
            guard let left = values.randomElement(using: &generator),
                let right = values.randomElement(using: &generator), left != right
            else { return nil }
            var storage = plan.storage
            (storage[left], storage[right]) = (storage[right], storage[left])
            return plan.changed(storage: storage)
        default:
            guard let step = plan.calleeOffsets.keys.sorted().first else { return nil }
            let size = plan.bytesPerUnit[.rows] ?? 0
            return plan.changed(calleeOffsets: [step: Int.random(in: 0...size / 16, using: &generator) * 16])
        }
    }
}
