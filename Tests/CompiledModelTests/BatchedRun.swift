// Several sequences of a compiled model in common steps, each with its own prompt, images and adapter.
// Not a scheduler: who takes part in a step is drawn at random.

import Generation
import InputProcessing
import ModelRuntime
import TensorTypes
import Testing

/// What a sequence was given.
struct Answer: Equatable {
    var tokens: [Int32] = []
    /// The logits that each token was chosen from, one row after the other; none if only the greatest were kept.
    var logits: [UInt32] = []
}

/// Runs sequences of one model in common steps.
final class BatchedRun<Model: CompiledModel> {
    /// A sequence on its way.
    private struct Track {
        var tokens: [Int32]
        var positions: RotaryPositions
        var features: [(firstToken: Int, features: ImageFeatures)]
        let keepsLogits: Bool
        let adapter: Adapter?
        var table = BlockTable()
        var answer = Answer()

        var pending: Int { tokens.count - table.tokenCount }
    }

    private let loaded: LoadedModel<Model>
    private let cache: KeyValueCache
    private var allocator: BlockAllocator
    private let shape: BatchShape
    private let logits: StepLogits
    private var tracks: [Track] = []
    /// The sizes of the steps that were made: rows of each sequence.
    private(set) var steps: [[Int]] = []

    /// Sequences of these prompts, of which those at `greedy` keep no more of their logits than the greatest, and each with
    /// the adapter that `adapters` has for it.
    init(
        _ loaded: LoadedModel<Model>,
        _ prompts: [Prompt],
        greedy: Set<Int> = [],
        adapters: [Int: Adapter] = [:]
    ) throws {
        self.loaded = loaded
        let blocks = CacheGeometry.blockCount(tokens: loaded.limits.cacheTokens)
        cache = try KeyValueCache(
            loaded.manifest.decoder.cacheGeometry(loaded.limits.cachePrecision),
            blockCount: blocks
        )
        allocator = BlockAllocator(blockCount: blocks)
        shape = Model.batchShape(limits: loaded.limits, cacheBlocks: blocks)
        logits = StepLogits(
            rows: loaded.limits.logitRows,
            vocabularySize: loaded.manifest.decoder.vocabularySize
        )
        let merge = loaded.manifest.vision?.merge ?? 1
        for (index, prompt) in prompts.enumerated() {
            let positions = prompt.positions(axisCount: loaded.manifest.decoder.rotaryAxes, merge: merge)
            tracks.append(
                Track(
                    tokens: prompt.tokens,
                    positions: positions,
                    features: try encode(prompt.images, adapters[index]),
                    keepsLogits: !greedy.contains(index),
                    adapter: adapters[index]
                )
            )
        }
    }

    /// All images of a prompt in one call of the encoder.
    func encode(
        _ images: [Prompt.Image],
        _ adapter: Adapter? = nil
    ) throws -> [(firstToken: Int, features: ImageFeatures)] {
        guard !images.isEmpty else { return [] }
        let layout = try Model.visionLayout(of: images.map(\.grid), limits: loaded.limits)
        let features = ImageFeatures(count: layout.tokenCount, width: loaded.manifest.decoder.hidden)
        let pixels = images.flatMap(\.patches.patches)
        loaded.model.encodeImages(
            pixels,
            layout: layout,
            adapter: adapter,
            into: try #require(features.values.baseAddress),
            observer: nil
        )
        var first = 0
        return images.map { image in
            let count = image.grid.tokenCount(merge: loaded.manifest.vision?.merge ?? 1)
            let part = ImageFeatures(count: count, width: features.width)
            for row in 0..<count {
                part.values.baseAddress?.advanced(by: row * part.width)
                    .update(from: features.row(first + row), count: part.width)
            }
            first += count
            return (image.firstToken, part)
        }
    }

    /// Greedy answers of `count` tokens; `generator` decides who takes part in a step, and with how many rows.
    func answers(_ count: Int, _ generator: inout SeededGenerator) throws -> [Answer] {
        while tracks.contains(where: { $0.answer.tokens.count < count }) {
            var taken: [(track: Int, rows: Int)] = []
            for index in tracks.indices.shuffled(using: &generator) where tracks[index].answer.tokens.count < count {
                if Bool.random(using: &generator), !taken.isEmpty { continue }
                taken.append((index, Int.random(in: 1...tracks[index].pending, using: &generator)))
            }
            try step(taken)
        }
        return tracks.map(\.answer)
    }

    /// The greedy answer of `count` tokens to the only sequence, whose prompt is read in one step.
    func answer(_ count: Int) throws -> Answer {
        while tracks[0].answer.tokens.count < count { try step([(0, tracks[0].pending)]) }
        return tracks[0].answer
    }

    private func step(_ taken: [(track: Int, rows: Int)]) throws {
        var runs: [SequenceRows] = []
        for (index, rows) in taken {
            let first = tracks[index].table.tokenCount
            let isLast = rows == tracks[index].pending
            try tracks[index].table.append(rows, from: &allocator, in: cache)
            let range = first..<first + rows
            runs.append(
                SequenceRows(
                    tokens: Array(tracks[index].tokens[range]),
                    rotaryPositions: tracks[index].positions[range],
                    firstIndex: first,
                    blocks: tracks[index].table.blocks,
                    featureSpans: tracks[index].features.compactMap { image in
                        let overlap = range.clamped(
                            to: image.firstToken..<image.firstToken + image.features.count
                        )
                        guard !overlap.isEmpty else { return nil }
                        return SequenceRows.FeatureSpan(
                            firstRow: overlap.lowerBound - first,
                            features: image.features,
                            range: (overlap.lowerBound - image.firstToken)..<(overlap.upperBound - image.firstToken)
                        )
                    },
                    logitRows: isLast ? [rows - 1] : [],
                    isGreedy: !tracks[index].keepsLogits,
                    adapter: tracks[index].adapter
                )
            )
        }
        steps.append(taken.map(\.rows))
        let batch = try RaggedBatch(runs, shape: shape)
        loaded.model.step(batch, cache: cache, into: logits)
        for ((index, _), sequence) in zip(taken, batch.sequences) {
            for row in sequence.logitRows { try append(logits[row], to: &tracks[index]) }
        }
    }

    private func append(_ logits: RowLogits, to track: inout Track) throws {
        let token: Int32
        switch logits {
        case .all(let values):
            token = Int32(try #require(values.indices.max { values[$0] < values[$1] }))
            track.answer.logits += values.map(\.bitPattern)
            #expect(track.keepsLogits)
        case .greatest(let greatest):
            token = greatest.token
            #expect(!track.keepsLogits)
        }
        track.answer.tokens.append(token)
        track.tokens.append(token)
        track.positions.append(textTokens: 1)
    }
}
