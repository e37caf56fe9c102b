// Schedules compute what their graphs say: kernel calls by their documented meaning, values in their planned memory.
// The strongest test of grouping and planning there is without kernels.

import ComputeGraph
import ModelDescriptions
import TestSupport
import Testing

@testable import ReferenceInterpreter
@testable import Scheduling

/// The routines of `graph`, grouped and planned, and what is wrong with their plans.
func routines(of graph: Graph) throws -> (routines: [Routine], violations: [String]) {
    var routines: [Routine] = []
    var plans: [String: BufferPlan] = [:]
    var violations: [String] = []
    for block in graph.blocks {
        let steps = try groupKernels(of: block)
        let plan = try planBuffers(of: block, steps: steps, callees: plans)
        plans[block.name] = plan
        let routine = Routine(block: block, steps: steps, plan: plan, matrices: [:])
        violations += BufferPlanVerifier.violations(in: routine, callees: plans)
        routines.append(routine)
    }
    return (routines, violations)
}

/// The largest error of the scheduled entry against the graph's, over all results.
func scheduleError(
    _ routines: [Routine],
    _ name: String,
    of graph: Graph,
    plain: Graph,
    sizes: [DimensionSymbol: Int],
    cacheLayers: Int,
    seed: UInt64
) throws -> Double {
    let weights = try Batch.weights(of: plain, seed: seed)
    guard let block = plain.block(named: name) else { return .infinity }
    let arguments = try Batch.arguments(for: block, sizes: sizes, cacheLayers: cacheLayers, seed: seed)
    let expected = try Interpreter(plain, weights: weights).run(name, with: arguments)
    let found = try runSchedule(routines, name, with: arguments, weights: weights, sizes: sizes)
    var error = 0.0
    for (result, value) in expected.results {
        guard let tensor = value.tensor else { continue }
        let one = Batch.relativeError(found.results[result]?.elements ?? [], tensor.elements)
        error = one.isNaN || error.isNaN ? .nan : max(error, one)
    }
    for (layer, sequences) in (expected.cache?.layers ?? []).enumerated() {
        for (index, sequence) in sequences.enumerated() {
            guard let other = found.cache?.layers[layer][index] else { return .infinity }
            for (left, right) in [(other.keys, sequence.keys), (other.values, sequence.values)] {
                let one = Batch.relativeError(left, right)
                error = one.isNaN || error.isNaN ? .nan : max(error, one)
            }
        }
    }
    return error
}

/// Models as a test argument.
struct ModelArgument: CustomTestStringConvertible, Sendable {
    let description: ModelDescription
    var testDescription: String { description.name }

    /// Those put together in code, and the tiny ones of models/.
    static let all: [ModelArgument] =
        TinyDescriptions.all.map(ModelArgument.init(description:))
        + ModelFiles.names(prefix: "tiny-").compactMap { name in
            // One that cannot be read fails the tests of ModelDescriptions.
            (try? ModelFiles.description(name)).map(ModelArgument.init(description:))
        }
}

@Suite struct ScheduleMeaningTests {
    @Test(arguments: ModelArgument.all)
    func ofModels(_ argument: ModelArgument) throws {
        let plain = try GraphExpansion.graph(of: argument.description)
        let fused = streamSoftmax(mergeProjections(plain))
        let (routines, violations) = try routines(of: fused)
        #expect(violations == [])
        let square = (argument.description.vision?.merge ?? 1) * (argument.description.vision?.merge ?? 1)
        let sizes: [DimensionSymbol: Int] = [.rows: 10, .imageRows: 4, .logitRows: 5, .patches: 8 * square]
        for block in plain.blocks where block.role == .entry {
            let error = try scheduleError(
                routines,
                block.name,
                of: fused,
                plain: plain,
                sizes: sizes,
                cacheLayers: argument.description.decoder.layers,
                seed: 7
            )
            #expect(error <= 1e-12, "\(block.name)")
        }
    }

    @Test func ofRandomGraphs() throws {
        var calls: Set<String> = []
        var scheduled = 0
        let seeds: Range<UInt64> = 0..<300
        for seed in seeds {
            let plain = try RandomGraph.graph(seed: seed)
            #expect(GraphVerifier.violations(in: plain) == [], "seed \(seed)")
            let fused = streamSoftmax(mergeProjections(plain))
            #expect(GraphVerifier.violations(in: fused) == [], "seed \(seed)")
            do {
                let (routines, violations) = try routines(of: fused)
                #expect(violations == [], "seed \(seed)")
                let error = try scheduleError(
                    routines,
                    "entry",
                    of: fused,
                    plain: plain,
                    sizes: RandomGraph.sizes,
                    cacheLayers: 0,
                    seed: seed
                )
                #expect(error <= 1e-12, "seed \(seed)")
                calls.formUnion(routines.flatMap(\.steps).map(\.call.name))
                scheduled += 1
            } catch is UnscheduledOperation {
                // Heads that are rotated or scores that are kept in ways no kernel knows: refused, never miscompiled.
                continue
            }
        }
        #expect(scheduled > seeds.count / 2)
        let wanted: Set = [
            "linear", "gated-linear", "project-heads", "attention", "rms-norm", "layer-norm", "silu", "add", "multiply",
            "columns", "gather-rows", "scatter-rows", "layers",
        ]
        #expect(wanted.subtracting(calls).isEmpty)
    }
}
