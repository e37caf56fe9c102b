// Runs a model once with one candidate, for the tuner: real matrices in the order of a step, so that weights come from
// memory as they do in use. Not the choice: Tuner.swift.

import ArgumentParser
import Generation
import ModelRuntime

/// A model that can run with any of some kernel sets.
final class TuningRun<Model: CompiledModel> {
    /// Tokens of the prompt.
    let prompt: Int
    /// Tokens that each sequence has when one more is decoded.
    let context: Int
    /// Sequences of a batch.
    let sequences: Int

    private let weights: PackedWeights
    private let pool: ThreadPool
    private let precision: CacheGeometry.Precision
    private var models: [String: BenchedModel<Model>] = [:]

    /// A model with these weights, none of whose kernels have run yet.
    init(_ weights: PackedWeights, pool: ThreadPool, sequences: Int = 8) {
        self.weights = weights
        self.pool = pool
        self.sequences = sequences
        let most = Model.manifest.decoder.contextLength
        prompt = min(512, most)
        context = min(128, most - 1)
        precision = weights.manifest.formats.standard == .f32 ? .f32 : .bf16
    }

    /// Runs a phase once.
    ///
    /// - Throws: `ExitCode` after Ctrl-C, `MemoryRefused`, and what the model's initialiser throws.
    func run(_ phase: TuningPhase, _ setup: TuningSetup) throws -> TuningSample {
        if Interruption.isRequested { throw ExitCode(Interruption.exitCode) }
        let model = try model(setup.kernels)
        model.device.tunings = setup.products
        if phase == .prefill { model.truncate(to: 0) }
        let profile = CallProfile()
        model.device.profile = profile
        defer { model.device.profile = nil }
        let clock = ContinuousClock()
        let elapsed = try clock.measure {
            switch phase {
            case .decode: try model.decode(sequences: 1)
            case .batch: try model.decode(sequences: sequences)
            case .prefill: try model.prefill(tokens: prompt)
            }
        }
        model.device.profile = nil
        model.truncate(to: context)
        if phase == .prefill { try model.copyFirstSequence() }
        let products = profile.totals.filter { $0.key.matrix != nil }
        return TuningSample(
            seconds: elapsed / .seconds(1),
            products: products.mapValues(\.seconds),
            counts: products.mapValues(\.calls)
        )
    }

    /// The model with a kernel set. Its sequences have been read, so that all its memory has been touched.
    private func model(_ kernels: String) throws -> BenchedModel<Model> {
        if let model = models[kernels] { return model }
        guard let set = CPUKernelSet.named(kernels) else { throw UnusableKernelSet(name: kernels) }
        let block = CacheGeometry.blockTokens
        let limits = ModelLimits(
            rows: max(prompt, sequences),
            logitRows: sequences,
            patches: 0,
            imageFeatures: 0,
            cacheTokens: max(prompt + block, sequences * (context + 2 * block)),
            cachePrecision: precision
        )
        let model = try BenchedModel<Model>(
            weights,
            pool: pool,
            kernels: set,
            limits: limits,
            sequences: sequences,
            seed: 0
        )
        try model.prefill(tokens: prompt)
        model.truncate(to: context)
        try model.copyFirstSequence()
        models[kernels] = model
        return model
    }

    /// The kernel sets that are worth a try beside the default, the most capable first: all that this CPU runs but plain
    /// C and the one for tests.
    static func others(than standard: CPUKernelSet) -> [String] {
        CPUKernelSet.allNames.reversed().filter { name in
            name != standard.description && name != "scalar" && !name.hasSuffix("-emulated")
                && CPUKernelSet.named(name) != nil
        }
    }
}
