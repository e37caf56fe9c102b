// Texts and images that a model reads while it is calibrated or compared.
// Not what is done with them: CalibrationRun.swift and AnswerComparison.swift.

import Generation
import InputProcessing
import ModelRuntime

/// Texts, and paths of images.
struct SampleData {
    let texts: [String]
    let images: [String]

    /// Reads the texts, and images to see that they can be read.
    ///
    /// - Throws: `FileError`, `TextFileError`, `ImageError`.
    init(textPaths: [String], imagePaths: [String]) throws {
        texts = try textPaths.map(TextFile.read)
        images = imagePaths
        for path in imagePaths { _ = try ImageDecoder().decode(contentsOf: path) }
    }

    var isEmpty: Bool { texts.isEmpty && images.isEmpty }

    /// Tokens of a text that are read together. Longer texts are cut into pieces.
    static var pieceTokens: Int { 512 }

    /// What a model needs to read them: no more context than a piece if there are only texts.
    func contextTokens(atMost limit: Int) -> Int? { images.isEmpty ? min(Self.pieceTokens + 1, limit) : nil }

    /// All of it as prompts: special tokens in a text are mere text; of an image a description is asked.
    func prompts<Model>(for loaded: LoadedModel<Model>) throws -> [Prompt] {
        let size = min(Self.pieceTokens, loaded.limits.cacheTokens - 1)
        let pieces = try texts.flatMap { text in
            let tokens = try loaded.tokenizer.encode(text, literal: [0..<text.utf8.count])
            return stride(from: 0, to: tokens.count, by: size).map { start in
                Prompt(tokens: Array(tokens[start..<min(start + size, tokens.count)]))
            }
        }
        return try pieces
            + images.map { path in
                try loaded.prompt(question: "Describe this image.", images: [loaded.patches(ofImageAt: path)])
            }
    }
}
