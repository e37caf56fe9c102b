// Weights are packed with the kernels that the caller chose, which may not be the best of this CPU.

import CPUKernels
import Synchronization
import TensorTypes
import Testing

@testable import ModelRuntime

/// Calls of the set below.
private let packedPanels = Atomic<Int>(0)

/// The scalar kernels, but that they count the panels that they pack.
private let countingKernels: CPUKernelSet? = {
    guard var table = CPUKernelSet.named("scalar")?.table.pointee else { return nil }
    table.pack_panels = { arguments in
        packedPanels.add(Int(arguments.pointee.panels), ordering: .relaxed)
        return CPUKernelSet.named("scalar")?.table.pointee.pack_panels(arguments) ?? -1
    }
    let memory = UnsafeMutablePointer<vlmc_cpu_kernels>.allocate(capacity: 1)
    memory.initialize(to: table)
    return CPUKernelSet(table: memory)
}()

@Suite(.serialized) struct ChosenKernelsTests {
    private let folder: TemporaryFolder
    private let pool = ThreadPool(threads: 2)
    private let kernels: CPUKernelSet

    init() throws {
        folder = try TemporaryFolder()
        kernels = try #require(countingKernels)
        packedPanels.store(0, ordering: .relaxed)
    }

    private func matched(_ format: WeightFormat) throws -> MatchedWeights {
        try folder.write(safetensors(SmallModel.tensors()), to: Checkpoint.fileName)
        return try MatchedWeights(SmallModel.manifest(format), in: Checkpoint(path: folder.path))
    }

    /// Panels of all matrices of the small model: 5 + 2, and 3 + 6 in each of two layers.
    private static let panels = 25

    @Test(arguments: WeightFormat.all) func packACheckpoint(_ format: WeightFormat) throws {
        let weights = try PackedWeights.open(matched(format), pool: pool, kernels: kernels)
        #expect(packedPanels.load(ordering: .relaxed) == Self.panels)
        // Header and index end where the first matrix begins; sums of errors are rounded in the order of each set.
        let first = 4096
        let chosen = try contents(of: weights.path)[first...]
        let best = try PackedWeights.open(matched(format), cacheFolder: folder["best"], pool: pool)
        #expect(try contents(of: best.path)[first...] == chosen, "weights are the same on every set")
    }

    @Test func packRandomWeights() throws {
        _ = try PackedWeights.synthetic(SmallModel.manifest(), pool: pool, kernels: kernels)
        #expect(packedPanels.load(ordering: .relaxed) == Self.panels)
    }

    @Test func quantiseACheckpoint() throws {
        let quantizer = try CheckpointQuantizer(matched(.bf16), format: .w8, pool: pool, kernels: kernels)
        try folder.write("{}".utf8, to: "config.json")
        _ = try quantizer.write(to: folder["copy"])
        #expect(packedPanels.load(ordering: .relaxed) > 0)
    }
}
