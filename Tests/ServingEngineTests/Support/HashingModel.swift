// A model whose next token is a hash of everything that its sequence holds, as read back from the cache.
// If a block is lost, shared wrongly, copied late or written twice, answers change. `HashingModel.answer` is the oracle.

import InputProcessing
import Synchronization
import TensorTypes

@testable import ModelRuntime

/// A model without weights.
final class HashingModel: CompiledModel, Sendable {
    static let vocabularySize = 300
    static let hidden = 4
    static let merge = 2
    static let imageToken: Int32 = 299

    static let manifest = ModelManifest(
        name: "hashing",
        generator: "tests",
        weights: WeightManifest([], groups: [], formats: WeightFormats(.f32), naming: TensorNaming()),
        memory: MemoryPlan(step: MemoryPlan.ArenaBytes(), logitRowBytes: 4 * vocabularySize),
        costs: CostPlan(step: CostPlan.Call()),
        decoder: DecoderConstants(
            layers: 2,
            hidden: hidden,
            vocabularySize: vocabularySize,
            contextLength: 4096,
            kvHeads: 1,
            headDim: 4,
            rotaryAxes: 3
        ),
        vision: VisionConstants(patchWidth: 1, merge: merge),
        tokenizer: TokenizerConstants(kind: "byte-level-bpe", file: "tokenizer.json", endOfText: []),
        chat: ChatConstants(format: "plain"),
        image: ImageConstants(
            processor: "qwen2-vl",
            resample: "bicubic",
            mean: [0, 0, 0],
            standardDeviation: [1, 1, 1],
            rescale: 1,
            minimumPixels: 1,
            maximumPixels: 1 << 20,
            patch: 1,
            temporalPatch: 1,
            merge: merge
        )
    )

    /// The steps so far: rows of each sequence.
    let steps = Mutex<[[Int]]>([])
    /// How many runs of rows with an adapter the steps had.
    let adapterRuns = Mutex<[Int]>([])
    /// What every step waits for.
    let gate: Gate?

    init(gate: Gate? = nil) { self.gate = gate }

    required init(weights: PackedWeights, device: CPUDevice, limits: ModelLimits) throws {
        preconditionFailure("made without weights")
    }

    /// What the model keeps of a row: its token, its rotary positions, its image feature and its adapter, in one number.
    static func row(token: Int32, positions: [Int32], feature: Float, adapter: Adapter? = nil) -> UInt32 {
        var hash: UInt32 = 2_166_136_261
        var words = [UInt32(bitPattern: token)] + positions.map { UInt32(bitPattern: $0) } + [feature.bitPattern]
        if let adapter { words.append(UInt32(truncatingIfNeeded: adapter.identity)) }
        for word in words {
            hash = (hash ^ word) &* 16_777_619
        }
        return hash
    }

    /// The logits after rows: different for every sequence of rows, and every adapter of the head.
    static func logits(after rows: [UInt32], adapter: Adapter? = nil) -> [Float] {
        var seed: UInt64 = 14_695_981_039_346_656_037 &+ (adapter?.identity ?? 0)
        for row in rows { seed = (seed ^ UInt64(row)) &* 1_099_511_628_211 }
        var generator = SeededGenerator(seed: seed)
        return (0..<vocabularySize).map { _ in Float(generator.nextUnit() * 8) }
    }

    func encodeImages(
        _ patches: UnsafePointer<Float>,
        layout: VisionLayout,
        adapter: Adapter?,
        into features: UnsafeMutablePointer<Float>,
        observer: StageObserver?
    ) {
        // A feature is the sum of its patches, and of what the adapter adds.
        let patchesPerToken = Self.merge * Self.merge
        for token in 0..<layout.tokenCount {
            let sum = (0..<patchesPerToken).reduce(Self.addend(adapter)) { $0 + patches[token * patchesPerToken + $1] }
            for column in 0..<Self.hidden { features[token * Self.hidden + column] = sum }
        }
    }

    func step(_ batch: RaggedBatch, cache: KeyValueCache, into logits: LogitPlaces, observer: StageObserver?) {
        gate?.pass()
        steps.withLock { $0.append(batch.sequences.map(\.rows.count)) }
        adapterRuns.withLock { $0.append(batch.adapters.runs.count) }
        func adapter(_ adapters: RowAdapters, _ row: Int) -> Adapter? {
            adapters.runs.first { $0.rows.contains(row) }?.adapter
        }
        var features = [Int: Float]()
        for run in batch.featureRuns {
            for (index, row) in run.rows.enumerated() { features[row] = run.features.row(run.firstFeature + index)[0] }
        }
        // The second layer, so that copies of blocks have to copy all layers.
        let pages = cache.pages(ofLayer: 1)
        let keys = pages.keys.assumingMemoryBound(to: UInt32.self)
        let values = pages.values.assumingMemoryBound(to: UInt32.self)
        let headWords = 4
        for row in 0..<batch.rowCount {
            let positions = (0..<3).map { batch.rotaryPositions[$0 * batch.rowCount + row] }
            let hash = Self.row(
                token: batch.tokens[row],
                positions: positions,
                feature: features[row] ?? 0,
                adapter: adapter(batch.adapters, row)
            )
            keys[Int(batch.slots[row]) * headWords] = hash
            values[Int(batch.slots[row]) * headWords] = ~hash
        }
        for sequence in batch.sequences {
            for place in sequence.logitRows {
                let last = Int(batch.logitRows[place]) - sequence.rows.lowerBound + sequence.firstIndex
                let context = (0...last).map { token -> UInt32 in
                    let slot = Int(sequence.blocks[token / 16]) * 16 + token % 16
                    let key = keys[slot * headWords]
                    precondition(values[slot * headWords] == ~key, "keys and values of different tokens")
                    return key
                }
                let headAdapter = adapter(batch.logitAdapters, place)
                write(Self.logits(after: context, adapter: headAdapter), at: place, logits)
            }
        }
    }

    private func write(_ row: [Float], at place: Int, _ places: LogitPlaces) {
        if place < places.writtenRows {
            for (index, value) in row.enumerated() { places.written[place * Self.vocabularySize + index] = value }
        } else {
            let best = row.indices.max { (row[$0], -$0) < (row[$1], -$1) } ?? 0
            let ordered = UInt64(row[best].bitPattern | 0x8000_0000) << 32 | UInt64(~UInt32(best))
            places.greatest[place - places.writtenRows] = ordered
        }
    }

    // MARK: The oracle

    /// The answer to a prompt of text, computed without any engine: greedy, of `count` tokens.
    static func answer(_ prompt: [Int32], count: Int, adapter: Adapter? = nil) -> [Int32] {
        let rows = prompt.enumerated().map { textRow($1, at: $0, adapter: adapter) }
        return answer(rows: rows, next: prompt.count, count: count, adapter: adapter)
    }

    /// The answer to a prompt that ends at rotary position `next`.
    static func answer(rows: [UInt32], next: Int, count: Int, adapter: Adapter? = nil) -> [Int32] {
        var rows = rows
        var tokens: [Int32] = []
        for index in 0..<count {
            let row = logits(after: rows, adapter: adapter)
            let best = row.indices.max { (row[$0], -$0) < (row[$1], -$1) } ?? 0
            tokens.append(Int32(best))
            rows.append(textRow(Int32(best), at: next + index, adapter: adapter))
        }
        return tokens
    }

    /// The row of a text token at a rotary position.
    static func textRow(_ token: Int32, at position: Int, adapter: Adapter? = nil) -> UInt32 {
        row(token: token, positions: [Int32](repeating: Int32(position), count: 3), feature: 0, adapter: adapter)
    }

    /// What an adapter adds to the features of images.
    static func addend(_ adapter: Adapter?) -> Float { Float(adapter?.identity ?? 0) * 1024 }
}
