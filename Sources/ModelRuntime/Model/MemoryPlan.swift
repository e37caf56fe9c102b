// What a model needs in memory, computed before anything is allocated.
// Not what a process uses beyond that: code, tokenizer, images while they are decoded.

/// The most that one call of a model is given at a time.
public struct ModelLimits: Sendable, Hashable {
    /// Token rows of a step.
    public var rows: Int
    /// Rows of a step whose logits are wanted.
    public var logitRows: Int
    /// Patches of one call of the image encoder.
    public var patches: Int
    /// Image features that are kept until the steps that read them, of all sequences together.
    public var imageFeatures: Int
    /// Tokens that the cache holds, of all sequences together.
    public var cacheTokens: Int
    /// The numbers that the cache keeps.
    public var cachePrecision: CacheGeometry.Precision
    /// Adapters, and how large they may be.
    public var adapters: AdapterLimits

    /// Limits; a model that reads no images has no patches.
    public init(
        rows: Int,
        logitRows: Int = 1,
        patches: Int = 0,
        imageFeatures: Int = 0,
        cacheTokens: Int,
        cachePrecision: CacheGeometry.Precision = .f32,
        adapters: AdapterLimits = .none
    ) {
        self.rows = rows
        self.logitRows = logitRows
        self.patches = patches
        self.imageFeatures = imageFeatures
        self.cacheTokens = cacheTokens
        self.cachePrecision = cachePrecision
        self.adapters = adapters
    }
}

/// How the memory of a model grows with what it is given, as the compiler planned it.
public struct MemoryPlan: Sendable, Hashable {
    /// Bytes of an arena for each unit of what it is sized by.
    public struct ArenaBytes: Sendable, Hashable {
        /// For each token row.
        public let perRow: Int
        /// For each row that is replaced by an image feature.
        public let perImageRow: Int
        /// For each row whose logits are wanted.
        public let perLogitRow: Int
        /// For each patch.
        public let perPatch: Int

        /// An arena that grows by these.
        public init(perRow: Int = 0, perImageRow: Int = 0, perLogitRow: Int = 0, perPatch: Int = 0) {
            self.perRow = perRow
            self.perImageRow = perImageRow
            self.perLogitRow = perLogitRow
            self.perPatch = perPatch
        }

        /// Bytes within limits, each number of units rounded up as the arena is cut.
        func byteCount(_ limits: ModelLimits) -> Int {
            MemoryPlan.units(limits.rows) * (perRow + perImageRow) + MemoryPlan.units(limits.logitRows) * perLogitRow
                + MemoryPlan.units(limits.patches) * perPatch
        }
    }

    /// Units of an arena are rounded up to a multiple of this, so that every buffer in it stays aligned.
    public static let unitGranularity = 16

    /// The units that `count` of something take in an arena.
    public static func units(_ count: Int) -> Int { roundedUp(count, to: unitGranularity) }

    /// The arena of `step`.
    public let step: ArenaBytes
    /// The arena of `encodeImages`.
    public let encodeImages: ArenaBytes
    /// Bytes that a row of logits takes where the caller keeps it.
    public let logitRowBytes: Int
    /// Bytes that an image feature takes where the caller keeps it.
    public let imageFeatureBytes: Int

    /// A plan; a model that reads no images has no encoder and no features.
    public init(
        step: ArenaBytes,
        encodeImages: ArenaBytes = ArenaBytes(),
        logitRowBytes: Int,
        imageFeatureBytes: Int = 0
    ) {
        self.step = step
        self.encodeImages = encodeImages
        self.logitRowBytes = logitRowBytes
        self.imageFeatureBytes = imageFeatureBytes
    }

    /// Bytes of the one arena, which serves `step` and `encodeImages` in turn.
    public func arenaByteCount(_ limits: ModelLimits) -> Int {
        max(step.byteCount(limits), encodeImages.byteCount(limits))
    }

    /// Bytes of everything: arena, logits, image features, cache and weights.
    public func byteCount(_ limits: ModelLimits, cache: CacheGeometry, weightBytes: Int) -> Int {
        let kept = limits.logitRows * logitRowBytes + limits.imageFeatures * imageFeatureBytes
        let cacheBytes = CacheGeometry.blockCount(tokens: limits.cacheTokens) * cache.blockBytes
        return arenaByteCount(limits) + kept + cacheBytes + weightBytes
    }
}
