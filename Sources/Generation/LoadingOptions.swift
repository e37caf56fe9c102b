// What the user of a compiled model may decide when it is loaded.
// Not what a request may decide: SamplingParameters in ModelRuntime.

import ModelRuntime
import TensorTypes

/// How a model is loaded.
public struct LoadingOptions: Sendable {
    /// The checkpoint: a folder in the layout of Hugging Face.
    public var checkpoint: String
    /// The folder for packed weights; nil for the checkpoint's own, or the user's cache.
    public var cacheFolder: String?
    /// Threads of the device; nil for one per core that this process may use.
    public var threads: Int?
    /// The format of all weights; nil for what the model's description states.
    public var weightFormat: WeightFormat?
    /// The formats of all classes of weights; nil for what follows from `weightFormat`.
    public var weightFormats: WeightFormats?
    /// What keys and values are kept as; nil for what goes with the format of the weights.
    public var cachePrecision: CacheGeometry.Precision?
    /// Tokens that a prompt and its answer may have together; nil for the model's context, at most `defaultContext`.
    public var contextTokens: Int?
    /// How much the cache holds.
    public var cache = CacheSize.contexts(1)
    /// Image tokens whose features are kept at a time; nil for those of the largest image.
    public var imageFeatureTokens: Int?
    /// Whether images are encoded beside the decoder's steps, with an arena and threads of their own.
    public var hasOwnEncoder = false
    /// Rows of a prefill step.
    public var stepRows = 512
    /// Rows of a step whose logits may be wanted: one for answers, more to score prompts.
    public var logitRows = 1
    /// Bounds for the pixels of an image after resizing; nil for what the description states.
    public var minimumPixels: Int?
    /// See `minimumPixels`.
    public var maximumPixels: Int?
    /// How many adapters may be loaded while the model runs, and how large; there is room for `adapter` at least.
    public var adapterLimits = AdapterLimits.none
    /// The folder of an adapter that is loaded with the model, and that answers use.
    public var adapter: String?
    /// Further adapters that are loaded with the model, for whom `adapterLimits` have room.
    public var namedAdapters: [(name: String, folder: String)] = []

    /// The context without an explicit one, where the model allows more.
    public static let defaultContext = 32768

    /// How much a cache holds; at least one context.
    public enum CacheSize: Sendable, Hashable {
        /// So many whole contexts.
        case contexts(Int)
        /// As many blocks as fit these bytes, but no more than so many whole contexts.
        case bytes(Int, atMostContexts: Int = .max)
    }

    /// Options with the defaults above.
    public init(checkpoint: String) { self.checkpoint = checkpoint }
}

/// What happens while a model is loaded, for whoever shows progress.
public enum LoadingEvent: Sendable {
    /// Weights are opened.
    case weights(PackingEvent)
    /// The model is ready.
    case ready(seconds: Double)
}

/// A model that cannot be loaded.
public enum LoadingError: Error, CustomStringConvertible {
    /// The tokenizer lacks a token that the model's description names.
    case missingToken(String, file: String, keyPath: String)
    /// The tokenizer numbers tokens beyond the rows of the embedding.
    case vocabularyTooLarge(tokenizer: Int, model: Int, file: String)
    /// The model's description names a filter that images cannot be resized with.
    case filter(String, known: [String])
    /// The model's description names a chat format that this version does not know.
    case chatFormat(String)
    /// The cache would not hold a single context.
    case cacheTooSmall(bytes: Int, needed: Int, context: Int)
    /// An option is out of range.
    case option(String, found: Int, allowed: String)

    /// One sentence.
    public var description: String {
        switch self {
        case .missingToken(let token, let file, let keyPath):
            "\(file) has no token `\(token)`, which the model's description names in `\(keyPath)`; "
                + "is the checkpoint of another model?"
        case .vocabularyTooLarge(let tokenizer, let model, let file):
            "\(file) numbers tokens up to \(tokenizer - 1), but the model knows \(model) tokens; "
                + "is the checkpoint of another model?"
        case .filter(let name, let known):
            "the model's description resizes images with `\(name)`; filters here are \(known.joined(separator: ", "))"
        case .chatFormat(let name): "the model's description has the chat format `\(name)`; known are chatml and plain"
        case .cacheTooSmall(let bytes, let needed, let context):
            "a cache of \(bytes) bytes does not hold a context of \(context) tokens, which takes \(needed); "
                + "allow it more memory, or make the context shorter"
        case .option(let name, let found, let allowed): "\(name) is \(found); allowed: \(allowed)"
        }
    }
}
