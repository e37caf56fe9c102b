// One conversation with a model: reads a prompt in chunks, then samples token by token.
// What was read stays in the cache: a later prompt that begins the same way is read from where it differs.

import InputProcessing
import ModelRuntime

/// A conversation with a loaded model.
public final class GenerationSession<Model: CompiledModel> {
    private let loaded: LoadedModel<Model>
    /// The adapter of all answers; the cache holds what it made of the tokens.
    private let adapter: Adapter?
    private let cache: KeyValueCache
    private let shape: BatchShape
    private var allocator: BlockAllocator
    private var table = BlockTable()
    /// The tokens whose keys and values are in the cache.
    private var cached: [TokenKey] = []
    private let logits: StepLogits

    /// A session with an empty cache that uses the adapter loaded with the model, if there is one.
    ///
    /// - Throws: `MemoryRefused`.
    public convenience init(_ loaded: LoadedModel<Model>) throws(MemoryRefused) {
        try self.init(loaded, adapter: loaded.adapter)
    }

    /// A session with an empty cache.
    ///
    /// - Parameter adapter: One of the model's adapters, which this session holds as long as it lives; nil for the model
    ///   as it is.
    /// - Throws: `MemoryRefused`.
    public init(_ loaded: LoadedModel<Model>, adapter: Adapter?) throws(MemoryRefused) {
        self.loaded = loaded
        self.adapter = adapter
        let geometry = loaded.manifest.decoder.cacheGeometry(loaded.limits.cachePrecision)
        let blocks = CacheGeometry.blockCount(tokens: loaded.limits.cacheTokens)
        cache = try KeyValueCache(geometry, blockCount: blocks)
        allocator = BlockAllocator(blockCount: blocks)
        shape = Model.batchShape(limits: loaded.limits, cacheBlocks: blocks)
        logits = StepLogits(
            rows: loaded.limits.logitRows,
            vocabularySize: loaded.manifest.decoder.vocabularySize
        )
    }

    /// Reads `prompt` from its beginning and shows the logits of some of its rows: what follows each of them.
    ///
    /// - Parameters:
    ///   - rows: Tokens of the prompt, ascending.
    ///   - body: Is called for each of them, in order, with logits that are valid during the call.
    /// - Throws: as `generate`.
    public func score(
        _ prompt: Prompt,
        rows: [Int],
        observer: StageObserver? = nil,
        _ body: (_ row: Int, _ logits: UnsafeBufferPointer<Float>) -> Void
    ) throws {
        try check(prompt)
        let keys = prompt.keys(merge: merge)
        table.truncate(to: 0, in: &allocator)
        cached = []
        let positions = prompt.positions(axisCount: loaded.manifest.decoder.rotaryAxes, merge: merge)
        guard let features = try encodeImages(of: prompt, from: 0, { _ in }, { false }, observer) else { return }
        let reading = Reading(prompt: prompt, keys: keys, positions: positions, features: features, first: 0)
        _ = try prefill(reading, wanted: rows, isGreedy: false, { _ in }, { false }, observer, body)
    }

    private var merge: Int { loaded.manifest.vision?.merge ?? 1 }

    /// Answers `prompt`.
    ///
    /// - Parameters:
    ///   - onEvent: Is told of progress and of text, on the calling thread.
    ///   - isCancelled: Is asked between steps; an answer that is cancelled ends where it is.
    /// - Throws: `GenerationError`, `SamplingParametersError`, `SamplingError`, `ImageGridError`, `RaggedBatchError`,
    ///   `CacheExhausted`.
    public func generate(
        _ prompt: Prompt,
        _ parameters: SamplingParameters,
        onEvent: (GenerationEvent) -> Void = { _ in },
        isCancelled: () -> Bool = { false },
        observer: StageObserver? = nil
    ) throws -> GenerationResult {
        let imageTokens = try check(prompt)
        var sampler = try TokenSampler(
            parameters,
            vocabularySize: loaded.manifest.decoder.vocabularySize,
            endOfSequence: loaded.endOfSequence,
            prompt: prompt.tokens
        )
        var rule = StopRule(
            parameters,
            endOfSequence: loaded.endOfSequence,
            promptTokens: prompt.tokens.count,
            contextLength: loaded.limits.cacheTokens
        )
        var answer = AnswerText(parameters, tokenizer: loaded.tokenizer)
        var positions = prompt.positions(axisCount: loaded.manifest.decoder.rotaryAxes, merge: merge)
        let keys = prompt.keys(merge: merge)
        let known = reuseCache(for: keys)

        let clock = ContinuousClock()
        let start = clock.now
        let features = try encodeImages(of: prompt, from: known, onEvent, isCancelled, observer)
        let encoded = clock.now
        let reading = features.map {
            Reading(prompt: prompt, keys: keys, positions: positions, features: $0, first: known)
        }
        guard let reading,
            try prefill(
                reading,
                wanted: [prompt.tokens.count - 1],
                isGreedy: sampler.needsGreatestOnly,
                onEvent,
                isCancelled,
                observer,
                { _, _ in }
            )
        else {
            return result(
                prompt,
                imageTokens,
                known,
                sampler.seed,
                answer,
                nil,
                (encoded - start, clock.now - encoded, .zero)
            )
        }
        var finish: FinishReason?
        var firstToken: ContinuousClock.Instant?
        while finish == nil, !isCancelled() {
            let sampled = try sampler.sample(logits[0])
            if firstToken == nil { firstToken = clock.now }
            finish = rule.append(sampled.token)
            let text = answer.append(sampled, endsAnswer: finish.isStopToken, allowsStop: rule.allowsStopString)
            if !text.isEmpty { onEvent(.text(text)) }
            if let stop = answer.stop { finish = .stopString(stop) }
            if finish != nil { break }
            positions.append(textTokens: 1)
            let index = cached.count
            try step(
                tokens: [sampled.token],
                positions: positions[index..<index + 1],
                spans: [],
                wanted: [0],
                isGreedy: sampler.needsGreatestOnly,
                observer
            )
            cached.append(TokenKey(token: sampled.token, image: 0))
        }
        let rest = answer.finish()
        if !rest.isEmpty { onEvent(.text(rest)) }
        let prefilled = firstToken ?? clock.now
        return result(
            prompt,
            imageTokens,
            known,
            sampler.seed,
            answer,
            finish,
            (encoded - start, prefilled - encoded, clock.now - prefilled)
        )
    }

    // MARK: Reading the prompt

    /// Keeps what the cache and the prompt have in common, and gives its length. At least one token is read again, for
    /// its logits; an image is kept whole or not at all.
    private func reuseCache(for keys: [TokenKey]) -> Int {
        var common = zip(cached, keys).prefix { $0 == $1 }.count
        common = min(common, keys.count - 1)
        while common > 0, keys[common].image != 0, keys[common].image == keys[common - 1].image { common -= 1 }
        table.truncate(to: common, in: &allocator)
        cached.removeSubrange(common...)
        return common
    }

    /// The features of the images from token `first` on, or nil if it was cancelled. Several images are one call as long
    /// as their patches fit.
    private func encodeImages(
        of prompt: Prompt,
        from first: Int,
        _ onEvent: (GenerationEvent) -> Void,
        _ isCancelled: () -> Bool,
        _ observer: StageObserver?
    ) throws -> [(image: Prompt.Image, features: ImageFeatures)]? {
        let images = prompt.images.filter { $0.firstToken >= first }
        var done: [(image: Prompt.Image, features: ImageFeatures)] = []
        while done.count < images.count {
            if isCancelled() { return nil }
            var batch: [Prompt.Image] = []
            var patches = 0
            for image in images[done.count...]
            where batch.isEmpty || patches + image.grid.patchCount <= loaded.limits.patches {
                batch.append(image)
                patches += image.grid.patchCount
            }
            let layout = try Model.visionLayout(of: batch.map(\.grid), limits: loaded.limits)
            let features = ImageFeatures(count: layout.tokenCount, width: loaded.manifest.decoder.hidden)
            if let output = features.values.baseAddress {
                let pixels = batch.count == 1 ? batch[0].patches.patches : batch.flatMap(\.patches.patches)
                pixels.withUnsafeBufferPointer { pixels in
                    guard let pixels = pixels.baseAddress else { return }
                    loaded.model.encodeImages(
                        pixels,
                        layout: layout,
                        adapter: adapter,
                        into: output,
                        observer: observer
                    )
                }
            }
            var offset = 0
            for image in batch {
                done.append((image, features.slice(offset, image.grid.tokenCount(merge: merge))))
                offset += image.grid.tokenCount(merge: merge)
            }
            onEvent(.encodedImages(done.count, of: images.count))
        }
        return done
    }

    /// A prompt that is being read from token `first` on.
    private struct Reading {
        let prompt: Prompt
        let keys: [TokenKey]
        let positions: RotaryPositions
        let features: [(image: Prompt.Image, features: ImageFeatures)]
        let first: Int
    }

    /// Reads a prompt chunk by chunk and shows the logits of the wanted tokens, ascending, unless they are for a greedy
    /// choice; those of the last chunk remain. A chunk ends early where more logits would be wanted than the model was
    /// loaded for. False if it was cancelled.
    private func prefill(
        _ reading: Reading,
        wanted: [Int],
        isGreedy: Bool,
        _ onEvent: (GenerationEvent) -> Void,
        _ isCancelled: () -> Bool,
        _ observer: StageObserver?,
        _ body: (Int, UnsafeBufferPointer<Float>) -> Void
    ) throws -> Bool {
        let total = reading.prompt.tokens.count
        var begin = reading.first
        var wanted = wanted[...]
        while begin < total {
            if isCancelled() { return false }
            var end = min(begin + loaded.limits.rows, total)
            if wanted.count > loaded.limits.logitRows {
                end = min(end, wanted[wanted.startIndex + loaded.limits.logitRows])
            }
            let inChunk = wanted.prefix { $0 < end }
            wanted = wanted[inChunk.endIndex...]
            let spans = reading.features.compactMap { image, features in
                SequenceRows.FeatureSpan(features, at: image.firstToken, within: begin..<end)
            }
            try step(
                tokens: Array(reading.prompt.tokens[begin..<end]),
                positions: reading.positions[begin..<end],
                spans: spans,
                wanted: inChunk.map { $0 - begin },
                isGreedy: isGreedy,
                observer
            )
            for (index, row) in inChunk.enumerated() {
                if case .all(let values) = logits[index] { body(row, values) }
            }
            cached += reading.keys[begin..<end]
            begin = end
            onEvent(.prefilled(end - reading.first, of: total - reading.first))
        }
        return true
    }

    /// One step over further tokens of the sequence; logits of the wanted ones, counted within the step.
    private func step(
        tokens: [Int32],
        positions: [[Int32]],
        spans: [SequenceRows.FeatureSpan],
        wanted: [Int],
        isGreedy: Bool,
        _ observer: StageObserver?
    ) throws {
        let first = table.tokenCount
        try table.append(tokens.count, from: &allocator, in: cache)
        let rows = SequenceRows(
            tokens: tokens,
            rotaryPositions: positions,
            firstIndex: first,
            blocks: table.blocks,
            featureSpans: spans,
            logitRows: wanted,
            isGreedy: isGreedy,
            adapter: adapter
        )
        let batch = try RaggedBatch([rows], shape: shape)
        loaded.model.step(batch, cache: cache, into: logits, observer: observer)
    }

    /// Checks that a prompt leaves room for an answer, and gives the number of its image tokens.
    @discardableResult
    private func check(_ prompt: Prompt) throws(GenerationError) -> Int {
        let imageTokens = prompt.images.reduce(0) { $0 + $1.grid.tokenCount(merge: merge) }
        guard !prompt.tokens.isEmpty else { throw .emptyPrompt }
        guard prompt.tokens.count < loaded.limits.cacheTokens else {
            throw .promptTooLong(
                tokens: prompt.tokens.count,
                imageTokens: imageTokens,
                context: loaded.limits.cacheTokens
            )
        }
        return imageTokens
    }

    private func result(
        _ prompt: Prompt,
        _ imageTokens: Int,
        _ known: Int,
        _ seed: UInt64,
        _ answer: AnswerText,
        _ finish: FinishReason?,
        _ durations: (encoding: Duration, prefill: Duration, decode: Duration)
    ) -> GenerationResult {
        GenerationResult(
            text: answer.text,
            tokens: answer.tokens,
            logProbabilities: answer.logProbabilities,
            finishReason: finish,
            seed: seed,
            promptTokens: prompt.tokens.count,
            cachedTokens: known,
            imageTokens: imageTokens,
            encodingSeconds: durations.encoding.seconds,
            prefillSeconds: durations.prefill.seconds,
            decodeSeconds: durations.decode.seconds
        )
    }
}

extension FinishReason? {
    /// Whether the answer ended with a token that is no part of its text.
    fileprivate var isStopToken: Bool {
        if case .stopToken = self { true } else { false }
    }
}
