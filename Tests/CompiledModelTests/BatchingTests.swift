// Several sequences in one step give what each gives alone, bit by bit, whatever part of their work each brings to it,
// and whether a step keeps all logits of them or the greatest.

import Generation
import InputProcessing
import ModelRuntime
import TensorTypes
import Testing

/// What a sequence was given.
private struct Answer: Equatable {
    var tokens: [Int32] = []
    /// The logits that each token was chosen from, one row after the other; none if only the greatest were kept.
    var logits: [UInt32] = []
}

/// Runs sequences of one model in common steps.
private final class BatchedRun<Model: CompiledModel> {
    /// A sequence on its way.
    private struct Track {
        var tokens: [Int32]
        var positions: RotaryPositions
        var features: [(firstToken: Int, features: ImageFeatures)]
        let keepsLogits: Bool
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

    /// Sequences of these prompts, of which those at `greedy` keep no more of their logits than the greatest.
    init(_ loaded: LoadedModel<Model>, _ prompts: [Prompt], greedy: Set<Int> = []) throws {
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
                    features: try encode(prompt.images),
                    keepsLogits: !greedy.contains(index)
                )
            )
        }
    }

    /// All images of a prompt in one call of the encoder.
    func encode(_ images: [Prompt.Image]) throws -> [(firstToken: Int, features: ImageFeatures)] {
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
                    isGreedy: !tracks[index].keepsLogits
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

/// Formats of weights, each with the precision of a cache; together all of both.
private let formats: [(weights: WeightFormat, cache: CacheGeometry.Precision)] = [
    (.f32, .f32), (.f32, .int8), (.bf16, .bf16), (.f16, .bf16), (.w8g32, .int8), (.w8, .bf16), (.w4g32, .int8),
    (.w4g128, .int8),
]

@Suite struct BatchingTests {
    private func check<Model: CompiledModel>(
        _ model: Model.Type,
        _ questions: [(String, [String])],
        weights: WeightFormat,
        cache: CacheGeometry.Precision
    ) throws {
        let loaded = try load(model) { options in
            options.logitRows = questions.count
            options.weightFormat = weights
            options.cachePrecision = cache
        }
        let prompts = try questions.map { try loaded.prompt($0.0, $0.1) }
        let alone = try prompts.map { try BatchedRun(loaded, [$0]).answer(16) }
        #expect(
            try alone.map(\.tokens) == prompts.map { try GenerationSession(loaded).generate($0, greedy(16)).tokens }
        )
        for seed in 0..<6 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let run = try BatchedRun(loaded, prompts)
            let together = try run.answers(16, &generator)
            #expect(together.map(\.tokens) == alone.map(\.tokens), "seed \(seed)")
            #expect(together == alone, "the same bits, seed \(seed)")
            #expect(run.steps.contains { $0.count > 1 }, "some steps must have several sequences")

            let greedy = Set(prompts.indices.filter { _ in Bool.random(using: &generator) })
            let mixed = try BatchedRun(loaded, prompts, greedy: greedy).answers(16, &generator)
            let expected = alone.enumerated().map { greedy.contains($0) ? Answer(tokens: $1.tokens) : $1 }
            #expect(mixed == expected, "greedy: \(greedy.sorted()), seed \(seed)")
        }
    }

    @Test(arguments: formats) func textOfSeveralSequences(weights: WeightFormat, cache: CacheGeometry.Precision) throws
    {
        try check(
            TinySmollm2B.self,
            [("a", []), ("What does this policy cover, and until when?", []), ("수술 기록을 읽어 주세요.", []), ("12,300", [])],
            weights: weights,
            cache: cache
        )
    }

    @Test(arguments: formats)
    func textAndImagesOfSeveralSequences(weights: WeightFormat, cache: CacheGeometry.Precision) throws {
        try check(
            TinyQwen25vlA.self,
            [
                ("Read this.", ["stamp-61x45.png", "label-140x71.png"]), ("No image here.", []),
                ("진단명은?", ["receipt-113x301.png"]),
            ],
            weights: weights,
            cache: cache
        )
    }

    @Test(arguments: [WeightFormat.f32, .bf16, .w8g32, .w4g128])
    func imagesOfOneCall(weights: WeightFormat) throws {
        let loaded = try load(TinyQwen25vlA.self) { $0.weightFormat = weights }
        let run = try BatchedRun(loaded, [])
        let prompt = try loaded.prompt("Compare.", ["stamp-61x45.png", "label-140x71.png", "receipt-113x301.png"])
        let together = try run.encode(prompt.images)
        for (image, found) in zip(prompt.images, together) {
            let alone = try run.encode([image])[0]
            #expect(found.features.values.map(\.bitPattern) == alone.features.values.map(\.bitPattern))
        }
    }

    @Test func imagesWithoutWindows() throws {
        try check(
            TinyQwen2vlB.self,
            [("Read this.", ["stamp-61x45.png"]), ("And this.", ["label-140x71.png"])],
            weights: .f32,
            cache: .f32
        )
    }
}
