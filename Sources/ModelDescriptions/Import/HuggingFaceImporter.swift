// Turns a Hugging Face directory into a description and its TOML text: the whole of `vlmc import`.
// Not the fields of any file or family: those are in the other files of this folder.
// Read next: Families/QwenVLFamily.swift, ConfigReader.swift.

import Diagnostics
import TensorTypes

/// Imports checkpoints of the families in `ModelFamily.all`.
public struct HuggingFaceImporter: Sendable {
    /// The name of the model; made from the directory's if nil.
    public var name: String?
    /// The repository that the checkpoint comes from; taken from the hub's cache layout if nil.
    public var source: String?
    /// The element type of the weights (`f32`, `f16` or `bf16`), in place of what `config.json` says.
    public var elementType: String?

    /// An importer; what is nil is taken from the directory.
    public init(name: String? = nil, source: String? = nil, elementType: String? = nil) {
        self.name = name
        self.source = source
        self.elementType = elementType
    }

    /// What an import gave.
    public struct Outcome: Sendable {
        /// The description; nil if there was an error.
        public var description: ModelDescription?
        /// The TOML, with comments; nil if there was an error.
        public var text: String?
        /// Everything that was reported, sorted.
        public var diagnostics: [Diagnostic]
    }

    /// The `model_type`s that can be imported.
    public static var modelTypes: [String] { ModelFamily.all.flatMap(\.modelTypes) }

    /// Imports the files of `directory`.
    public func importModel(at directory: String) -> Outcome {
        do throws(DiagnosticError) {
            return importModel(try HuggingFaceFiles(readingFrom: directory))
        } catch {
            return Outcome(description: nil, text: nil, diagnostics: error.diagnostics)
        }
    }

    /// Imports files that are in memory.
    public func importModel(_ files: HuggingFaceFiles) -> Outcome {
        let session = ImportSession(files: files, statedElementType: elementType)
        let description = read(session)
        guard let description, !session.diagnostics.hasErrors else {
            return Outcome(description: nil, text: nil, diagnostics: session.diagnostics.sorted)
        }
        return finish(description, session)
    }

    /// Reads every file; nil after having reported why there is no description.
    private func read(_ session: ImportSession) -> ModelDescription? {
        guard session.files.contents[.config] != nil else {
            session.diagnostics.report(.error("there is no config.json in \(session.files.directory)"))
            return nil
        }
        guard let config = session.object(.config), let family = readFamily(config) else { return nil }
        let isQuantized = config.has("quantization_config")
        let quantizationConfig = config.object("quantization_config")
        let stages = family.read(config)
        let tokenizerConfig = session.object(.tokenizerConfig)
        let generationConfig = session.object(.generationConfig)
        let generation = GenerationImport(session: session).read(generationConfig)
        guard let stages else { return nil }
        let tokens = SpecialTokens(session: session, tokenizerConfig: tokenizerConfig)
        let tokenizer = TokenizerImport(session: session, tokens: tokens, tokenizerConfig: tokenizerConfig)
            .read(stages, generation: generationConfig)
        let chat = ChatImport(session: session, tokenizerConfig: tokenizerConfig).read(image: tokenizer?.image)
        let image = stages.vision == nil ? nil : ImageProcessorImport(session: session).read()
        guard let tokenizer, let generation else { return nil }
        let card = ModelCard(session: session)
        let format = WeightFormat.named(stages.checkpoint.elementType.rawValue)
        guard let format, quantizationConfig != nil || !isQuantized else { return nil }
        let quantization = QuantizationImport(session: session).read(
            quantizationConfig,
            published: format,
            hasVision: stages.vision != nil,
            hasHead: !stages.decoder.tiedEmbeddings
        )
        guard let quantization else { return nil }
        return ModelDescription(
            name: name ?? Self.name(of: session.files.directory),
            source: source ?? Self.repository(of: session.files.directory),
            baseModel: card.baseModel,
            license: card.license,
            languages: card.languages,
            checkpoint: stages.checkpoint,
            vision: stages.vision,
            bridge: stages.bridge,
            decoder: stages.decoder,
            tokenizer: tokenizer,
            chat: chat,
            image: image,
            generation: generation,
            quantization: quantization
        )
    }

    private func readFamily(_ config: ConfigReader) -> ModelFamily? {
        let key = "model_type"
        guard let modelType = config.optional(key, for: nil, expected: "a string", { $0.string }) else {
            if !config.has(key) { config.report("`\(key)` is missing: the family of the model is not known", at: key) }
            return nil
        }
        if let family = ModelFamily.named(modelType) { return family }
        let known = Self.modelTypes
        var message = "`\(key)` is \(TOMLText.string(modelType)), which is not covered; known are "
        message += known.map(TOMLText.string).joined(separator: ", ")
        if let nearest = nearestName(to: modelType, among: known) {
            message += "; did you mean \(TOMLText.string(nearest))?"
        }
        config.report(message, at: key)
        return nil
    }

    /// Prints the description and reads it back, so that what is written passes every check of `vlmc lint`.
    private func finish(_ description: ModelDescription, _ session: ImportSession) -> Outcome {
        let comments = ImportComments.comments(for: description).merging(session.comments) { "\($1); \($0)" }
        let printer = ModelPrinter(header: ImportComments.header(for: description), comments: comments)
        let text = printer.print(description)
        let file = "\(description.name).toml"
        let outcome = ModelReader().read(text, file: file)
        let places = ModelReader.sourceMap(of: text, file: file)
        for diagnostic in outcome.diagnostics {
            session.diagnostics.report(Self.moved(diagnostic, places: places, origins: session.origins))
        }
        let hasErrors = session.diagnostics.hasErrors
        return Outcome(
            description: hasErrors ? nil : outcome.description,
            text: hasErrors ? nil : text,
            diagnostics: session.diagnostics.sorted
        )
    }

    /// A diagnostic about the printed text, at the place in the checkpoint's files that the text came from.
    private static func moved(
        _ diagnostic: Diagnostic,
        places: SourceMap,
        origins: [String: SourceSpan]
    ) -> Diagnostic {
        var moved = diagnostic
        guard let location = diagnostic.location, let keyPath = places.keyPath(at: location) else {
            moved.span = nil
            return moved
        }
        var path = Substring(keyPath)
        while origins[String(path)] == nil, let end = path.lastIndex(where: { $0 == "." || $0 == "[" }) {
            path = path[..<end]
        }
        moved.span = origins[String(path)]
        return moved
    }

    // MARK: - Names from paths

    /// The repository in a path of the hub's cache: `models--Qwen--Qwen2.5-VL-3B-Instruct/snapshots/...`.
    static func repository(of directory: String) -> String? {
        for component in directory.split(separator: "/").reversed() where component.hasPrefix("models--") {
            let parts = component.dropFirst("models--".count).split(separator: "-", omittingEmptySubsequences: false)
            let owner = parts.prefix { !$0.isEmpty }.joined(separator: "-")
            let name = parts.drop { !$0.isEmpty }.dropFirst().joined(separator: "-")
            if !owner.isEmpty, !name.isEmpty { return "\(owner)/\(name)" }
        }
        return nil
    }

    /// A name that descriptions allow, from the last part of a path.
    static func name(of directory: String) -> String {
        let path = repository(of: directory) ?? directory
        let last = path.split(separator: "/").last ?? ""
        let allowed = last.lowercased().map { character in
            character.isASCII && (character.isLetter || character.isNumber || ".-_".contains(character))
                ? character : "-"
        }
        let name = String(allowed.drop { !$0.isLetter }.prefix(64))
        if name.isEmpty { return "model" }
        return ModelReader.reservedNames[name] == nil ? name : "\(name)-model"
    }
}
