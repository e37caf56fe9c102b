// A model for tests of arguments, which read what it says of itself.

import ModelRuntime
import TensorTypes

/// A model that is described and never loaded.
final class DescribedModel: CompiledModel {
    static let manifest = ModelManifest(
        name: "described",
        generator: "test",
        weights: WeightManifest([], formats: WeightFormats(.bf16)),
        memory: MemoryPlan(step: MemoryPlan.ArenaBytes(perRow: 64), logitRowBytes: 64),
        costs: CostPlan(step: CostPlan.Call()),
        decoder: DecoderConstants(
            layers: 1,
            hidden: 16,
            vocabularySize: 16,
            contextLength: 1024,
            kvHeads: 1,
            headDim: 16,
            rotaryAxes: 1
        ),
        tokenizer: TokenizerConstants(kind: "byte-level-bpe", file: "tokenizer.json", endOfText: []),
        chat: ChatConstants(format: "plain")
    )

    init(weights: PackedWeights, device: CPUDevice, limits: ModelLimits) throws {}

    func step(
        _ batch: RaggedBatch,
        cache: KeyValueCache,
        into logits: LogitPlaces,
        observer: StageObserver?
    ) {}
}
