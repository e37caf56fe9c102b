// Several sequences in one step give what each gives alone, whatever part of their work each brings to it.

import Generation
import InputProcessing
import ModelRuntime
import TensorTypes
import Testing

/// Runs sequences of one model in common steps.
private final class BatchedRun<Model: CompiledModel> {
    /// A sequence on its way.
    private struct Track {
        var tokens: [Int32]
        var positions: RotaryPositions
        var features: [(firstToken: Int, features: ImageFeatures)]
        var table = BlockTable()
        var answer: [Int32] = []

        var pending: Int { tokens.count - table.tokenCount }
    }

    private let loaded: LoadedModel<Model>
    private let cache: KeyValueCache
    private var allocator: BlockAllocator
    private let shape: BatchShape
    private var tracks: [Track] = []
    /// The sizes of the steps that were made: rows of each sequence.
    private(set) var steps: [[Int]] = []

    init(_ loaded: LoadedModel<Model>, _ prompts: [Prompt]) throws {
        self.loaded = loaded
        let blocks = CacheGeometry.blockCount(tokens: loaded.limits.cacheTokens)
        cache = try KeyValueCache(
            loaded.manifest.decoder.cacheGeometry(loaded.limits.cachePrecision),
            blockCount: blocks
        )
        allocator = BlockAllocator(blockCount: blocks)
        shape = Model.batchShape(limits: loaded.limits, cacheBlocks: blocks)
        let merge = loaded.manifest.vision?.merge ?? 1
        for prompt in prompts {
            let positions = prompt.positions(axisCount: loaded.manifest.decoder.rotaryAxes, merge: merge)
            tracks.append(
                Track(tokens: prompt.tokens, positions: positions, features: try encode(prompt.images))
            )
        }
    }

    /// All images of a prompt in one call of the encoder.
    private func encode(_ images: [Prompt.Image]) throws -> [(firstToken: Int, features: ImageFeatures)] {
        guard !images.isEmpty else { return [] }
        let layout = try Model.visionLayout(of: images.map(\.grid), limits: loaded.limits)
        let features = ImageFeatures(count: layout.tokenCount, width: loaded.manifest.decoder.hidden)
        let pixels = images.flatMap(\.patches.patches)
        loaded.model.encodeImages(
            pixels,
            layout: layout,
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
    func answers(_ count: Int, _ generator: inout SeededGenerator) throws -> [[Int32]] {
        while tracks.contains(where: { $0.answer.count < count }) {
            var taken: [(track: Int, rows: Int)] = []
            for index in tracks.indices.shuffled(using: &generator) where tracks[index].answer.count < count {
                if Bool.random(using: &generator), !taken.isEmpty { continue }
                taken.append((index, Int.random(in: 1...tracks[index].pending, using: &generator)))
            }
            try step(taken)
        }
        return tracks.map(\.answer)
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
                    logitRows: isLast ? [rows - 1] : []
                )
            )
        }
        steps.append(taken.map(\.rows))
        let batch = try RaggedBatch(runs, shape: shape)
        let vocabulary = loaded.manifest.decoder.vocabularySize
        var logits = [Float](repeating: .nan, count: max(1, batch.logitRows.count) * vocabulary)
        loaded.model.step(batch, cache: cache, into: &logits, observer: nil)
        var row = 0
        for (index, _) in taken where tracks[index].pending == 0 {
            let values = logits[row * vocabulary..<(row + 1) * vocabulary]
            let best = try #require(values.indices.max { values[$0] < values[$1] })
            let token = Int32(best - row * vocabulary)
            tracks[index].answer.append(token)
            tracks[index].tokens.append(token)
            tracks[index].positions.append(textTokens: 1)
            row += 1
        }
    }
}

@Suite struct BatchingTests {
    private func check<Model: CompiledModel>(
        _ model: Model.Type,
        _ questions: [(String, [String])],
        weights: WeightFormat = .f32,
        cache: CacheGeometry.Precision = .f32
    ) throws {
        let loaded = try load(model) { options in
            options.logitRows = questions.count
            options.weightFormat = weights
            options.cachePrecision = cache
        }
        let prompts = try questions.map { try loaded.prompt($0.0, $0.1) }
        let alone = try prompts.map { try GenerationSession(loaded).generate($0, greedy(16)).tokens }
        for seed in 0..<6 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let run = try BatchedRun(loaded, prompts)
            let together = try run.answers(16, &generator)
            #expect(together == alone, "seed \(seed)")
            #expect(run.steps.contains { $0.count > 1 }, "some steps must have several sequences")
        }
    }

    @Test(arguments: CacheGeometry.Precision.allCases) func textOfSeveralSequences(cache: CacheGeometry.Precision)
        throws
    {
        try check(
            TinySmollm2B.self,
            [("a", []), ("What does this policy cover, and until when?", []), ("수술 기록을 읽어 주세요.", []), ("12,300", [])],
            cache: cache
        )
    }

    @Test(arguments: [WeightFormat.f32, .bf16]) func textAndImagesOfSeveralSequences(weights: WeightFormat) throws {
        try check(
            TinyQwen25vlA.self,
            [
                ("Read this.", ["stamp-61x45.png", "label-140x71.png"]), ("No image here.", []),
                ("진단명은?", ["receipt-113x301.png"]),
            ],
            weights: weights,
            cache: weights == .bf16 ? .bf16 : .f32
        )
    }

    @Test func imagesWithoutWindows() throws {
        try check(TinyQwen2vlB.self, [("Read this.", ["stamp-61x45.png"]), ("And this.", ["label-140x71.png"])])
    }
}
