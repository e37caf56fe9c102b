// What a model is, as its TOML states it: stages, layer kinds, dimensions, names, and the files beside the weights.
// Not how it is read (ModelReader.swift), printed (ModelPrinter.swift) or computed (module ComputeGraph).
// Read next: Sections/Decoder.swift, then LayerParameters.swift.

/// A vision-language or language model, complete and free of contradictions once `ModelReader` has returned it.
public struct ModelDescription: Sendable, Equatable {
    /// The version of the TOML schema that this build reads and writes.
    public static let schema = 1

    /// The name of the model and of what is generated for it: lower case letters, digits, `.`, `-` and `_`.
    public var name: String
    /// The oldest compiler that understands this description.
    public var minimumCompiler: CompilerVersion
    /// The repository from which the checkpoint comes, such as `Qwen/Qwen2.5-VL-3B-Instruct`.
    public var source: String?
    /// The repository of the model from which this one was tuned.
    public var baseModel: String?
    /// The licence of the weights, as the publisher names it.
    public var license: String?
    /// Codes of the languages that the publisher names.
    public var languages: [String]
    /// How the tensors are found in the checkpoint's files.
    public var checkpoint: Checkpoint
    /// The image encoder; nil in a model that reads text only.
    public var vision: Vision?
    /// The layer between encoder and decoder; there is one exactly if there is `vision`.
    public var bridge: Layer?
    /// The language model.
    public var decoder: Decoder
    /// The tokenizer and the tokens with a meaning of their own.
    public var tokenizer: Tokenizer
    /// How a conversation becomes one text.
    public var chat: Chat
    /// How an image becomes patches; there is one exactly if there is `vision`.
    public var image: ImageProcessor?
    /// How tokens are drawn unless the user says otherwise.
    public var generation: Generation
    /// The formats in which weights are kept.
    public var quantization: Quantization
    /// Where each key stands in the TOML. Two descriptions that differ only in this are equal.
    public var sources: SourceMap

    /// A description put together by a program; `ModelReader` is what checks one.
    public init(
        name: String,
        minimumCompiler: CompilerVersion = .firstWithSchema1,
        source: String? = nil,
        baseModel: String? = nil,
        license: String? = nil,
        languages: [String] = [],
        checkpoint: Checkpoint,
        vision: Vision? = nil,
        bridge: Layer? = nil,
        decoder: Decoder,
        tokenizer: Tokenizer,
        chat: Chat,
        image: ImageProcessor? = nil,
        generation: Generation,
        quantization: Quantization,
        sources: SourceMap = SourceMap()
    ) {
        self.name = name
        self.minimumCompiler = minimumCompiler
        self.source = source
        self.baseModel = baseModel
        self.license = license
        self.languages = languages
        self.checkpoint = checkpoint
        self.vision = vision
        self.bridge = bridge
        self.decoder = decoder
        self.tokenizer = tokenizer
        self.chat = chat
        self.image = image
        self.generation = generation
        self.quantization = quantization
        self.sources = sources
    }
}
