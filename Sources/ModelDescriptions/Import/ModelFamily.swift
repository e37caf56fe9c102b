// The families of models that can be imported, as values in one table.
// Not their fields: one file each in Families/. To add one, write such a file and list it here.

import Diagnostics

/// A family of architectures that transformers knows by `model_type`.
struct ModelFamily: Sendable {
    /// The values of `model_type` in `config.json`.
    var modelTypes: [String]
    /// What the family is called in messages.
    var name: String
    /// Reads the stages; nil after having reported why not.
    var read: @Sendable (_ config: ConfigReader) -> ImportedStages?

    /// Every family, in the order in which messages list them.
    static let all: [ModelFamily] = [.qwen25VL, .qwen2VL, .llama]

    /// The family of a `model_type`.
    static func named(_ modelType: String) -> ModelFamily? {
        all.first { $0.modelTypes.contains(modelType) }
    }
}

/// What a family reads from `config.json`.
struct ImportedStages {
    var checkpoint: ModelDescription.Checkpoint
    var vision: ModelDescription.Vision?
    var bridge: Layer?
    var decoder: ModelDescription.Decoder
    /// The token that stands for one row of an image.
    var imageToken: ImportedToken?
    /// The token that stands for one row of a video.
    var videoToken: ImportedToken?
    /// Tokens that end a text, if only `config.json` states them.
    var endOfText: [ImportedToken]
    /// The token that fills up batches.
    var padding: ImportedToken?
}

/// A token by its number, and where that is stated.
struct ImportedToken {
    var number: Int
    var span: SourceSpan
}
