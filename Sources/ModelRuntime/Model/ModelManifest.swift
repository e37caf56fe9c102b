// What a compiled model says about itself: everything that the programs around it need to know.
// Not how it computes. The constants come from the model's TOML; each type here is one of its tables.

/// The constants of a compiled model.
public struct ModelManifest: Sendable, Hashable {
    /// The name of the model.
    public let name: String
    /// The compiler that wrote it, such as `vlmc 0.1.0`.
    public let generator: String
    /// The weights that it needs.
    public let weights: WeightManifest
    /// The memory that it needs.
    public let memory: MemoryPlan
    /// The least work of its calls.
    public let costs: CostPlan
    /// The language model.
    public let decoder: DecoderConstants
    /// The image encoder; nil in a model that reads no images.
    public let vision: VisionConstants?
    /// The tokenizer and its special tokens.
    public let tokenizer: TokenizerConstants
    /// The format of conversations.
    public let chat: ChatConstants
    /// How an image becomes patches; nil in a model that reads no images.
    public let image: ImageConstants?
    /// How tokens are chosen unless the user says otherwise.
    public let generation: GenerationDefaults

    /// A manifest; `vision` and `image` are both there or both missing.
    public init(
        name: String,
        generator: String,
        weights: WeightManifest,
        memory: MemoryPlan,
        costs: CostPlan,
        decoder: DecoderConstants,
        vision: VisionConstants? = nil,
        tokenizer: TokenizerConstants,
        chat: ChatConstants,
        image: ImageConstants? = nil,
        generation: GenerationDefaults = GenerationDefaults()
    ) {
        precondition((vision == nil) == (image == nil), "an image encoder without an image processor, or the reverse")
        self.name = name
        self.generator = generator
        self.weights = weights
        self.memory = memory
        self.costs = costs
        self.decoder = decoder
        self.vision = vision
        self.tokenizer = tokenizer
        self.chat = chat
        self.image = image
        self.generation = generation
    }
}

/// The dimensions of a language model.
public struct DecoderConstants: Sendable, Hashable {
    /// Blocks.
    public let layers: Int
    /// Numbers in a row.
    public let hidden: Int
    /// Rows of the embedding, which may exceed the tokenizer's vocabulary.
    public let vocabularySize: Int
    /// The most tokens of a sequence.
    public let contextLength: Int
    /// Heads of keys, and as many of values.
    public let kvHeads: Int
    /// Numbers in a head.
    public let headDim: Int
    /// Axes of rotary positions: 1, or 3 where images have time, height and width.
    public let rotaryAxes: Int

    /// The dimensions of a language model.
    public init(
        layers: Int,
        hidden: Int,
        vocabularySize: Int,
        contextLength: Int,
        kvHeads: Int,
        headDim: Int,
        rotaryAxes: Int
    ) {
        self.layers = layers
        self.hidden = hidden
        self.vocabularySize = vocabularySize
        self.contextLength = contextLength
        self.kvHeads = kvHeads
        self.headDim = headDim
        self.rotaryAxes = rotaryAxes
    }

    /// The cache that the model needs.
    public func cacheGeometry(_ precision: CacheGeometry.Precision) -> CacheGeometry {
        CacheGeometry(layers: layers, kvHeads: kvHeads, headDim: headDim, precision: precision)
    }
}

/// The dimensions of an image encoder.
public struct VisionConstants: Sendable, Hashable {
    /// Numbers in a patch: channels x frames x height x width.
    public let patchWidth: Int
    /// Patches on the side of a square that becomes one token.
    public let merge: Int
    /// Patches on the side of a window; nil where every layer sees whole images.
    public let windowSide: Int?

    /// The dimensions of an image encoder.
    public init(patchWidth: Int, merge: Int, windowSide: Int? = nil) {
        self.patchWidth = patchWidth
        self.merge = merge
        self.windowSide = windowSide
    }
}

/// A tokenizer and its special tokens, as texts; their numbers are in the tokenizer's file.
public struct TokenizerConstants: Sendable, Hashable {
    /// The algorithm, such as `byte-level-bpe`.
    public let kind: String
    /// The file beside the weights.
    public let file: String
    /// Tokens that end an answer.
    public let endOfText: [String]
    /// The token that begins every text, if there is one.
    public let startOfText: String?
    /// The token that stands for one row of an image, if the model reads images.
    public let image: String?

    /// A tokenizer.
    public init(
        kind: String,
        file: String,
        endOfText: [String],
        startOfText: String? = nil,
        image: String? = nil
    ) {
        self.kind = kind
        self.file = file
        self.endOfText = endOfText
        self.startOfText = startOfText
        self.image = image
    }
}

/// The format of conversations.
public struct ChatConstants: Sendable, Hashable {
    /// The arrangement of roles and turns, such as `chatml`.
    public let format: String
    /// The system message of a conversation that has none.
    public let defaultSystem: String?
    /// What stands before the rows of an image.
    public let imagePrefix: String
    /// What stands after the rows of an image.
    public let imageSuffix: String

    /// A chat format.
    public init(format: String, defaultSystem: String? = nil, imagePrefix: String = "", imageSuffix: String = "") {
        self.format = format
        self.defaultSystem = defaultSystem
        self.imagePrefix = imagePrefix
        self.imageSuffix = imageSuffix
    }
}

/// The steps from pixels to patches.
public struct ImageConstants: Sendable, Hashable {
    /// The sequence of steps, such as `qwen2-vl`.
    public let processor: String
    /// The filter of the resize, such as `bicubic`.
    public let resample: String
    /// Subtracted from each channel, after `rescale`.
    public let mean: [Double]
    /// Divides each channel, after `mean`.
    public let standardDeviation: [Double]
    /// Multiplies each 8-bit value.
    public let rescale: Double
    /// The fewest pixels after the resize.
    public let minimumPixels: Int
    /// The most pixels after the resize.
    public let maximumPixels: Int
    /// The side of a patch in pixels.
    public let patch: Int
    /// The frames in a patch.
    public let temporalPatch: Int
    /// The side, in patches, of the square that becomes one token.
    public let merge: Int

    /// An image processor.
    public init(
        processor: String,
        resample: String,
        mean: [Double],
        standardDeviation: [Double],
        rescale: Double,
        minimumPixels: Int,
        maximumPixels: Int,
        patch: Int,
        temporalPatch: Int,
        merge: Int
    ) {
        self.processor = processor
        self.resample = resample
        self.mean = mean
        self.standardDeviation = standardDeviation
        self.rescale = rescale
        self.minimumPixels = minimumPixels
        self.maximumPixels = maximumPixels
        self.patch = patch
        self.temporalPatch = temporalPatch
        self.merge = merge
    }
}

/// How tokens are chosen unless the user says otherwise.
public struct GenerationDefaults: Sendable, Hashable {
    /// 0 where the model's publisher wants the most probable token every time.
    public let temperature: Double
    /// See `SamplingParameters.topP`.
    public let topP: Double
    /// See `SamplingParameters.topK`.
    public let topK: Int?
    /// See `SamplingParameters.minP`.
    public let minP: Double
    /// See `SamplingParameters.repetitionPenalty`.
    public let repetitionPenalty: Double
    /// See `SamplingParameters.maximumTokens`.
    public let maximumTokens: Int?

    /// Defaults; without arguments, greedy.
    public init(
        temperature: Double = 0,
        topP: Double = 1,
        topK: Int? = nil,
        minP: Double = 0,
        repetitionPenalty: Double = 1,
        maximumTokens: Int? = nil
    ) {
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
        self.maximumTokens = maximumTokens
    }

    /// The parameters of a request that says nothing.
    public var samplingParameters: SamplingParameters {
        var parameters = SamplingParameters()
        parameters.temperature = temperature
        parameters.topP = topP
        parameters.topK = topK
        parameters.minP = minP
        parameters.repetitionPenalty = repetitionPenalty
        parameters.maximumTokens = maximumTokens
        return parameters
    }
}
