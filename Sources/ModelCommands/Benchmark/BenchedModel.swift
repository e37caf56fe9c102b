// A model as `bench` runs it: weights of a checkpoint or random ones, no tokenizer, tokens drawn from a seed.
// Not the timing (BenchRun.swift), and not a conversation (GenerationSession in Generation).

import Generation
import ModelRuntime
import TensorTypes

/// A compiled model with a cache, and sequences in it.
final class BenchedModel<Model: CompiledModel> {
    let model: Model
    let device: CPUDevice
    let weights: PackedWeights
    let limits: ModelLimits
    let formats: WeightFormats
    /// The adapter that all sequences and images use.
    let adapter: Adapter?
    private let cache: KeyValueCache
    private let shape: BatchShape
    private var allocator: BlockAllocator
    private var tables: [BlockTable]
    private let logits: StepLogits
    private var generator: SeededGenerator

    /// A model whose cache has room for `limits.cacheTokens` tokens, in blocks of their own for each of `sequences`.
    ///
    /// - Throws: `MemoryRefused`, and what the model's initialiser throws.
    init(
        _ weights: PackedWeights,
        pool: ThreadPool,
        kernels: CPUKernelSet,
        tunings: ProductTunings = [:],
        limits: ModelLimits,
        sequences: Int,
        seed: UInt64,
        adapter: Adapter? = nil
    ) throws {
        self.weights = weights
        self.adapter = adapter
        self.limits = limits
        formats = weights.manifest.formats
        device = CPUDevice(
            pool: pool,
            kernels: kernels,
            for: weights.manifest,
            adapterRank: limits.adapters.rank
        )
        device.tunings = tunings
        model = try Model(weights: weights, device: device, limits: limits)
        let blocks = CacheGeometry.blockCount(tokens: limits.cacheTokens)
        cache = try KeyValueCache(Model.manifest.decoder.cacheGeometry(limits.cachePrecision), blockCount: blocks)
        allocator = BlockAllocator(blockCount: blocks)
        shape = Model.batchShape(limits: limits, cacheBlocks: blocks)
        tables = [BlockTable](repeating: BlockTable(), count: sequences)
        logits = StepLogits(rows: limits.logitRows, vocabularySize: Model.manifest.decoder.vocabularySize)
        generator = SeededGenerator(seed: seed)
    }

    /// Bytes that a token takes in the cache.
    var tokenBytes: Int { cache.geometry.tokenBytes }

    /// Bytes that were planned: weights, adapters, cache, arena, logits, patches, features and scratch.
    var plannedBytes: Int {
        Model.memoryByteCount(limits: limits, weightBytes: weights.byteCount) + device.scratchByteCount
    }

    /// Forgets all tokens of all sequences but the first `count` of each.
    func truncate(to count: Int) {
        for index in tables.indices where tables[index].tokenCount > count {
            tables[index].truncate(to: count, in: &allocator)
        }
    }

    /// Reads `tokens` random tokens into the first sequence, `limits.rows` at a time, and gives the last one's logits.
    func prefill(tokens: Int) throws {
        while tables[0].tokenCount < tokens {
            let rows = min(limits.rows, tokens - tables[0].tokenCount)
            try step(sequences: 1, rows: rows, logits: tables[0].tokenCount + rows == tokens)
        }
    }

    /// Gives every other sequence a copy of the first one's keys and values, in blocks of its own.
    func copyFirstSequence() throws {
        for index in tables.indices.dropFirst() {
            tables[index].truncate(to: 0, in: &allocator)
            try tables[index].append(tables[0].tokenCount, from: &allocator, in: cache)
            for (source, target) in zip(tables[0].blocks, tables[index].blocks) {
                cache.copyBlock(source, to: target)
            }
        }
    }

    /// One token for each of the first `sequences` sequences, with its logits.
    func decode(sequences: Int) throws { try step(sequences: sequences, rows: 1, logits: true) }

    private func step(sequences: Int, rows: Int, logits wantsLogits: Bool) throws {
        let decoder = Model.manifest.decoder
        var runs: [SequenceRows] = []
        for index in 0..<sequences {
            let first = tables[index].tokenCount
            try tables[index].append(rows, from: &allocator, in: cache)
            let positions = (first..<first + rows).map { Int32($0) }
            let words = 0..<Int32(decoder.vocabularySize)
            runs.append(
                SequenceRows(
                    tokens: positions.map { _ in Int32.random(in: words, using: &generator) },
                    rotaryPositions: [[Int32]](repeating: positions, count: decoder.rotaryAxes),
                    firstIndex: first,
                    blocks: tables[index].blocks,
                    logitRows: wantsLogits ? [rows - 1] : [],
                    adapter: adapter
                )
            )
        }
        model.step(try RaggedBatch(runs, shape: shape), cache: cache, into: logits)
    }
}
