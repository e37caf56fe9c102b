// The protocol between generated models and the programs that run them.
// Not the models: `vlmc compile` writes those. Next: ModelManifest.swift, RaggedBatch.swift, StepLogits.swift, VisionLayout.swift.

/// A model that `vlmc` has compiled.
///
/// It owns one arena, so one call runs at a time. Neither call allocates, checks or throws: batches and layouts have been
/// checked when they were made, against the limits that the model was made with.
public protocol CompiledModel: AnyObject, SendableMetatype {
    /// What the model is and what it needs.
    static var manifest: ModelManifest { get }

    /// Takes pointers to the weights and the memory for calls within `limits`.
    ///
    /// - Throws: `MemoryRefused`.
    init(weights: PackedWeights, device: CPUDevice, limits: ModelLimits) throws

    /// Turns the patches of images into rows that take the places of image tokens.
    ///
    /// *Shapes*: `patches: [layout.patchCount, vision.patchWidth] f32` in the order of arrival;
    /// `features: [layout.tokenCount, decoder.hidden] f32` in the same order. All images use the same adapter, or none.
    func encodeImages(
        _ patches: UnsafePointer<Float>,
        layout: VisionLayout,
        adapter: Adapter?,
        into features: UnsafeMutablePointer<Float>,
        observer: StageObserver?
    )

    /// Runs the decoder over a batch of rows; prefill, chunks of it and single tokens are all this.
    ///
    /// *Shapes*: `logits: [batch.logitRows, decoder.vocabularySize] f32`; of the last `batch.greedyRowCount` of these
    /// rows only the greatest logit is kept. Callers give the places as `StepLogits`.
    func step(
        _ batch: RaggedBatch,
        cache: KeyValueCache,
        into logits: LogitPlaces,
        observer: StageObserver?
    )
}

extension CompiledModel {
    /// A model without an image encoder has no such call; its manifest says so.
    public func encodeImages(
        _ patches: UnsafePointer<Float>,
        layout: VisionLayout,
        adapter: Adapter?,
        into features: UnsafeMutablePointer<Float>,
        observer: StageObserver?
    ) {
        preconditionFailure("\(Self.manifest.name) reads no images")
    }

    /// Turns the patches of images into rows without an adapter.
    public func encodeImages(
        _ patches: UnsafePointer<Float>,
        layout: VisionLayout,
        into features: UnsafeMutablePointer<Float>,
        observer: StageObserver?
    ) {
        encodeImages(patches, layout: layout, adapter: nil, into: features, observer: observer)
    }

    /// The layout of an encoder call for these images.
    ///
    /// - Throws: `ImageGridError`, also for a model that reads no images: it has no room for a patch.
    public static func visionLayout(of grids: [ImageGrid], limits: ModelLimits) throws(ImageGridError) -> VisionLayout {
        try VisionLayout(
            grids: grids,
            merge: manifest.vision?.merge ?? 1,
            windowSide: manifest.vision?.windowSide,
            maximumPatches: manifest.vision == nil ? 0 : limits.patches
        )
    }

    /// What batches of the model must fit into, with a cache of so many blocks.
    public static func batchShape(limits: ModelLimits, cacheBlocks: Int) -> BatchShape {
        let decoder = manifest.decoder
        return BatchShape(
            vocabularySize: decoder.vocabularySize,
            hidden: decoder.hidden,
            rotaryAxes: decoder.rotaryAxes,
            cacheBlocks: cacheBlocks,
            limits: limits
        )
    }

    /// The bytes that weights, adapters, cache, arena, logits, patches and image features take together.
    public static func memoryByteCount(limits: ModelLimits, weightBytes: Int) -> Int {
        let patchBytes = (manifest.vision?.patchWidth ?? 0) * MemoryLayout<Float>.size
        return limits.patches * patchBytes + limits.adapters.byteCount(for: manifest.weights)
            + manifest.memory.byteCount(
                limits,
                cache: manifest.decoder.cacheGeometry(limits.cachePrecision),
                weightBytes: weightBytes
            )
    }
}
