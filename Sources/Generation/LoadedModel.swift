// A compiled model with everything around it: weights, tokenizer, image processor, device and limits.
// Not a conversation: GenerationSession.swift. Not the tensors: ModelRuntime.

import InputProcessing
import ModelRuntime

/// A compiled model that is ready to answer.
///
/// Everything here is made once and shared by the sessions of the model, of which one may work at a time.
public final class LoadedModel<Model: CompiledModel> {
    /// The model.
    public let model: Model
    /// The same model for images alone, with threads of its own; nil unless it was asked for.
    public let encoder: (model: Model, device: CPUDevice)?
    /// The tokenizer of the checkpoint.
    public let tokenizer: Tokenizer
    /// How conversations become text.
    public let chat: ChatFormat
    /// How images become patches; nil in a model that reads none.
    public let imageProcessor: ImageProcessor?
    /// The device that runs the kernels.
    public let device: CPUDevice
    /// The most of everything.
    public let limits: ModelLimits
    /// Tokens that a prompt and its answer may have together.
    public let contextTokens: Int
    /// Tokens that end an answer.
    public let endOfSequence: Set<Int32>
    /// The token that stands for one row of an image; nil in a model that reads none.
    public let imageToken: Int32?
    /// The packed weights.
    public let weights: PackedWeights
    /// The adapters, which come and go while the model runs.
    public let adapters: LoadedAdapters
    /// The adapter that was loaded with the model.
    public let adapter: Adapter?
    /// Whether the kernels were chosen by measurement on this machine (`tune`).
    public let isTuned: Bool
    /// The folder of the checkpoint.
    public let folder: String
    /// Seconds that loading took.
    public let loadingSeconds: Double

    /// The constants of the model.
    public var manifest: ModelManifest { Model.manifest }

    /// Loads a checkpoint.
    ///
    /// - Throws: `LoadingError`, `TokenizerError`, `CheckpointError`, `CheckpointMismatch`, `AdapterError`,
    ///   `PackingError`, `ImageError`, `UnusableKernelSet`, `MemoryRefused`; each says what is wrong and where.
    public init(
        _ options: LoadingOptions,
        callbacks: PackingCallbacks = PackingCallbacks()
    ) throws {
        let clock = ContinuousClock()
        let start = clock.now
        let manifest = Model.manifest
        var limits: ModelLimits
        (limits, contextTokens) = try Self.limits(options)

        let checkpoint = try Checkpoint(path: options.checkpoint)
        folder = checkpoint.folder
        let tokenizerFile = "\(checkpoint.folder)/\(manifest.tokenizer.file)"
        let tokenizer = try Tokenizer(contentsOf: tokenizerFile)
        guard tokenizer.idBound <= manifest.decoder.vocabularySize else {
            throw LoadingError.vocabularyTooLarge(
                tokenizer: tokenizer.idBound,
                model: manifest.decoder.vocabularySize,
                file: tokenizerFile
            )
        }
        func token(_ text: String, _ keyPath: String) throws -> Int32 {
            guard let id = tokenizer.tokenID(text) else {
                throw LoadingError.missingToken(text, file: tokenizerFile, keyPath: keyPath)
            }
            return id
        }
        endOfSequence = Set(try manifest.tokenizer.endOfText.map { try token($0, "tokenizer.end-of-text") })
        imageToken = try manifest.tokenizer.image.map { try token($0, "tokenizer.image") }
        self.tokenizer = tokenizer
        chat = try ChatFormat(manifest.chat, image: manifest.tokenizer.image)
        imageProcessor = try manifest.image.map { image in
            try ImageProcessor(
                ImageProcessorConfiguration(
                    image,
                    minimumPixels: options.minimumPixels,
                    maximumPixels: options.maximumPixels
                )
            )
        }

        let pool = ThreadPool(threads: options.threads ?? AvailableCores.count())
        let formats = options.weightFormats ?? options.weightFormat.map(WeightFormats.standard)
        let declared = formats.map(manifest.weights.with) ?? manifest.weights
        let kernels = try ChosenKernels(
            TuningKey(manifest, formats: declared.formats, threads: pool.threadCount),
            cacheFolder: options.cacheFolder
        ) { path, damage in
            callbacks.onEvent(.notice(.tuningIgnored(path: path, damage)))
        }
        isTuned = kernels.isTuned
        limits.adapters = try options.plannedAdapters
        self.limits = limits
        adapters = LoadedAdapters(for: declared, limits: limits.adapters, kernels: kernels.set)
        adapter = try options.adapter.map { [adapters] folder in try adapters.load(folder, from: folder) }
        for named in options.namedAdapters { try adapters.load(named.name, from: named.folder) }
        weights = try PackedWeights.open(
            MatchedWeights(declared, in: checkpoint),
            cacheFolder: options.cacheFolder,
            pool: pool,
            kernels: kernels.set,
            callbacks: callbacks
        )
        device = CPUDevice(
            pool: pool,
            kernels: kernels.set,
            for: declared,
            adapterRank: limits.adapters.rank
        )
        device.tunings = kernels.products
        if options.hasOwnEncoder, manifest.vision != nil {
            let device = CPUDevice(
                pool: ThreadPool(threads: pool.threadCount),
                kernels: kernels.set,
                for: declared,
                adapterRank: limits.adapters.rank
            )
            device.tunings = kernels.products
            encoder = (try Model(weights: weights, device: device, limits: limits.forEncoder), device)
        } else {
            encoder = nil
        }
        model = try Model(weights: weights, device: device, limits: encoder == nil ? limits : limits.forDecoder)
        loadingSeconds = (clock.now - start).seconds
    }

    private static func limits(
        _ options: LoadingOptions
    ) throws(LoadingError) -> (limits: ModelLimits, contextTokens: Int) {
        let manifest = Model.manifest
        let context = options.contextTokens ?? min(manifest.decoder.contextLength, LoadingOptions.defaultContext)
        guard (1...manifest.decoder.contextLength).contains(context) else {
            throw .option("--context", found: context, allowed: "1 to \(manifest.decoder.contextLength)")
        }
        guard options.stepRows >= 1 else { throw .option("--chunk", found: options.stepRows, allowed: "at least 1") }
        if let threads = options.threads, !(1...1024).contains(threads) {
            throw .option("--threads", found: threads, allowed: "1 to 1024")
        }
        let format = options.weightFormats?.standard ?? options.weightFormat ?? manifest.weights.formats.standard
        let precision = options.cachePrecision ?? (format == .f32 ? .f32 : .bf16)
        var patches = 0
        if let image = manifest.image {
            let pixels = options.maximumPixels ?? image.maximumPixels
            let side = image.patch * image.merge
            guard pixels >= side * side, pixels <= 1 << 30 else {
                throw .option("--max-pixels", found: pixels, allowed: "\(side * side) to \(1 << 30)")
            }
            let fewest = options.minimumPixels ?? min(image.minimumPixels, pixels)
            guard (1...pixels).contains(fewest) else {
                throw .option("--min-pixels", found: fewest, allowed: "1 to \(pixels), the most pixels of an image")
            }
            patches = pixels / (image.patch * image.patch)
        }
        let merge = manifest.image.map { $0.merge * $0.merge } ?? 1
        let limits = ModelLimits(
            rows: options.cache == .contexts(1) ? min(options.stepRows, context) : options.stepRows,
            logitRows: options.logitRows,
            patches: patches,
            imageFeatures: patches == 0 ? 0 : options.imageFeatureTokens ?? min(patches / merge, context),
            cacheTokens: try cacheTokens(options.cache, context, manifest.decoder.cacheGeometry(precision)),
            cachePrecision: precision
        )
        return (limits, context)
    }

    /// The tokens of a cache of some size.
    private static func cacheTokens(
        _ size: LoadingOptions.CacheSize,
        _ context: Int,
        _ geometry: CacheGeometry
    ) throws(LoadingError) -> Int {
        switch size {
        case .contexts(let count): return context * max(count, 1)
        case .bytes(let bytes, let contexts):
            let (most, overflows) = context.multipliedReportingOverflow(by: max(contexts, 1))
            let needed = CacheGeometry.blockCount(tokens: context) * geometry.blockBytes
            guard bytes >= needed else { throw .cacheTooSmall(bytes: bytes, needed: needed, context: context) }
            let fitting = bytes / geometry.blockBytes * CacheGeometry.blockTokens
            return overflows ? fitting : min(fitting, most)
        }
    }

    /// Bytes that the model takes at most: weights, adapters, cache, arena, logits, features and the device's scratch.
    public var plannedBytes: Int {
        guard let encoder else {
            return Model.memoryByteCount(limits: limits, weightBytes: weights.byteCount) + device.scratchByteCount
        }
        let scratch = device.scratchByteCount + encoder.device.scratchByteCount
        let decoderBytes = Model.memoryByteCount(limits: limits.forDecoder, weightBytes: weights.byteCount)
        let patchBytes = limits.patches * (manifest.vision?.patchWidth ?? 0) * MemoryLayout<Float>.size
        return decoderBytes + manifest.memory.arenaByteCount(limits.forEncoder) + patchBytes + scratch
    }
}

extension ModelLimits {
    /// The part of a model that computes steps and encodes no images.
    fileprivate var forDecoder: ModelLimits {
        var limits = self
        limits.patches = 0
        return limits
    }

    /// The part of a model that encodes images and computes no steps.
    fileprivate var forEncoder: ModelLimits {
        ModelLimits(rows: 0, logitRows: 0, patches: patches, cacheTokens: 0, cachePrecision: cachePrecision)
    }
}

extension LoadingOptions {
    /// Room for adapters: what is asked for, and at least for the one that is loaded with the model.
    ///
    /// - Throws: `AdapterError` if that one cannot be read.
    public var plannedAdapters: AdapterLimits {
        get throws(AdapterError) {
            guard let adapter else { return adapterLimits }
            // An impossible rank is refused with everything else that is wrong when the adapter is loaded.
            let possible = AdapterLimits.ranks
            let rank = min(max(try AdapterFiles(folder: adapter).rank, possible.lowerBound), possible.upperBound)
            return AdapterLimits(
                count: max(adapterLimits.count, 1),
                rank: max(adapterLimits.rank, rank),
                spareCount: adapterLimits.spareCount
            )
        }
    }
}

extension ImageProcessorConfiguration {
    /// What a model's constants say, within bounds of the user's own.
    ///
    /// - Throws: `LoadingError` for a filter that this version does not have.
    public init(
        _ image: ImageConstants,
        minimumPixels: Int? = nil,
        maximumPixels: Int? = nil
    ) throws(LoadingError) {
        let filters: [String: ResamplingFilter] = ["lanczos": .lanczos, "bilinear": .bilinear, "bicubic": .bicubic]
        guard let filter = filters[image.resample] else {
            throw .filter(image.resample, known: filters.keys.sorted())
        }
        let maximum = maximumPixels ?? image.maximumPixels
        self.init(
            patchSize: image.patch,
            temporalPatchSize: image.temporalPatch,
            mergeSize: image.merge,
            minimumPixels: minimumPixels ?? min(image.minimumPixels, maximum),
            maximumPixels: maximum,
            mean: image.mean,
            standardDeviation: image.standardDeviation,
            rescaleFactor: image.rescale,
            resampling: filter
        )
    }
}

extension Duration {
    /// The duration in seconds.
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
