// Reads a TOML text into a ModelDescription, or reports everything that is wrong with it at once.
// Not the keys of each table: Sections/ and Layers/ read their own. Here are the file's own keys, and the rules that
// span tables.

import Diagnostics
import TensorTypes

/// Reads and checks model descriptions.
public struct ModelReader: Sendable {
    /// The layer kinds that a description may name.
    public var catalog: LayerCatalog
    /// The version that `minimum-vlmc` must not exceed.
    public var compiler: CompilerVersion

    /// A reader that knows the kinds of `catalog`.
    public init(catalog: LayerCatalog = .standard, compiler: CompilerVersion = .current) {
        self.catalog = catalog
        self.compiler = compiler
    }

    /// What reading a text gave.
    public struct Outcome: Sendable {
        /// The description; nil if there was an error.
        public var description: ModelDescription?
        /// Everything that was reported, sorted.
        public var diagnostics: [Diagnostic]
    }

    /// Reads `text`, which diagnostics call `file`.
    public func read(_ text: String, file: String) -> Outcome {
        var diagnostics = DiagnosticCollector()
        guard let root = TOMLDocument.parse(text, file: file, reporting: &diagnostics),
            case .table(let entries) = root.content
        else { return Outcome(description: nil, diagnostics: diagnostics.sorted) }
        var reader = TableReader(entries: entries, keyPath: "", span: root.span, catalog: catalog)
        var description: ModelDescription?
        if checkVersions(&reader) {
            description = readTables(&reader, sources: root.sourceMap())
            reader.finish()
        }
        diagnostics.report(reader.diagnostics.sorted)
        return Outcome(
            description: diagnostics.hasErrors ? nil : description,
            diagnostics: diagnostics.sorted
        )
    }

    /// The most bytes that a description may have.
    public static let maximumBytes = Limits.fileBytes

    /// Reads `bytes`, which must be UTF-8.
    public func read(_ bytes: [UInt8], file: String) -> Outcome {
        guard bytes.count <= Self.maximumBytes else {
            return Outcome(description: nil, diagnostics: [TOMLDocument.tooLong(file)])
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let place = Self.firstInvalidPlace(in: bytes, file: file)
            return Outcome(
                description: nil,
                diagnostics: [.error("this is not TOML: the text is not UTF-8 here", at: SourceSpan(place))]
            )
        }
        return read(text, file: file)
    }

    /// Reads `text` and throws every diagnostic if one is an error.
    public func description(of text: String, file: String) throws(DiagnosticError) -> ModelDescription {
        let outcome = read(text, file: file)
        guard let description = outcome.description else { throw DiagnosticError(outcome.diagnostics) }
        return description
    }

    /// Where each key of `text` stands; empty if it is not TOML.
    static func sourceMap(of text: String, file: String) -> SourceMap {
        var ignored = DiagnosticCollector()
        return TOMLDocument.parse(text, file: file, reporting: &ignored)?.sourceMap() ?? SourceMap()
    }

    private static func firstInvalidPlace(in bytes: [UInt8], file: String) -> SourceLocation {
        var place = SourceLocation(file: file, line: 1, column: 1)
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            place.column = scalar == "\n" ? 1 : place.column + 1
            place.line += scalar == "\n" ? 1 : 0
        }
        return place
    }

    // MARK: - The file's own keys

    /// Whether this build can judge the file at all: with another schema every further message would mislead.
    private func checkVersions(_ reader: inout TableReader) -> Bool {
        let schema = reader.integer("schema", in: Limits.schema)
        let minimum = Self.minimumCompiler(&reader)
        var isReadable = true
        if let schema, schema != ModelDescription.schema {
            reader.report(
                "this file has schema \(schema), but vlmc \(compiler) reads schema \(ModelDescription.schema)",
                at: "schema"
            )
            isReadable = false
        }
        if let minimum, minimum > compiler {
            reader.report("this file needs vlmc \(minimum) or later, but this is \(compiler)", at: "minimum-vlmc")
            isReadable = false
        }
        return isReadable
    }

    private static func minimumCompiler(_ reader: inout TableReader) -> CompilerVersion? {
        guard let text = reader.string("minimum-vlmc") else { return nil }
        guard let version = CompilerVersion(text) else {
            reader.report(
                "`minimum-vlmc` is \(TOMLText.string(text)), but must be a version such as \"0.1.0\"",
                at: "minimum-vlmc"
            )
            return nil
        }
        return version
    }

    /// The longest name: it becomes the name of a folder and of a module.
    private static let longestName = 64

    /// Names that models cannot have, since what is generated and built for a model has something else of that name.
    static let reservedNames = [
        "serve": "the server that is built beside the model's binary",
        "source": "the folder of the generated package, beside the model's binary",
        "vlmc": "the package that the generated one depends on",
    ]

    private static func name(_ reader: inout TableReader) -> String? {
        guard let name = reader.string("name") else { return nil }
        let isWellFormed =
            name.utf8.count <= longestName && (name.utf8.first.map(isLetter) ?? false)
            && name.utf8.allSatisfy {
                isLetter($0) || (0x30...0x39).contains($0)
                    || [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_")].contains($0)
            }
        if isWellFormed {
            guard let other = reservedNames[name] else { return name }
            reader.report(
                "`name` is \(TOMLText.string(name)), but that is the name of \(other); for example "
                    + "\(TOMLText.string("\(name)-model")) would do",
                at: "name"
            )
            return nil
        }
        reader.report(
            "`name` is \(TOMLText.string(name)), but must be a small letter followed by small letters, digits, \".\", "
                + "\"-\" and \"_\", at most \(longestName) in all",
            at: "name"
        )
        return nil
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }

    private func readTables(_ reader: inout TableReader, sources: SourceMap) -> ModelDescription? {
        let minimumCompiler = reader.optionalString("minimum-vlmc").flatMap { CompilerVersion($0) }
        let name = Self.name(&reader)
        let source = reader.optionalString("source")
        let baseModel = reader.optionalString("base-model")
        let license = reader.optionalString("license")
        let languages = reader.strings("languages", default: [])
        let checkpoint = reader.table("checkpoint") { ModelDescription.Checkpoint(from: &$0) }
        let vision = reader.optionalTable("vision") { ModelDescription.Vision(from: &$0) }
        let bridgeContext = LayerContext(
            stage: .bridge,
            hidden: vision?.hidden,
            patch: vision?.patch,
            merge: vision?.merge
        )
        let bridge = reader.optionalLayer("bridge", role: .bridge, context: bridgeContext)
        let decoder = reader.table("decoder") { ModelDescription.Decoder(from: &$0) }
        let tokenizer = reader.table("tokenizer") { ModelDescription.Tokenizer(from: &$0) }
        let chat = reader.table("chat", default: ModelDescription.Chat(format: .plain)) {
            ModelDescription.Chat(from: &$0)
        }
        let image = reader.optionalTable("image") { ModelDescription.ImageProcessor(from: &$0, vision: vision) }
        let generation = reader.table("generation", default: ModelDescription.Generation()) {
            ModelDescription.Generation(from: &$0)
        }
        let published = checkpoint.flatMap { WeightFormat.named($0.elementType.rawValue) }
        let quantization = reader.table(
            "quantization",
            default: published.map { ModelDescription.Quantization(weights: $0) }
        ) {
            ModelDescription.Quantization(from: &$0, checkpoint: published)
        }
        let rules = DescriptionRules(
            sources: sources,
            checkpoint: checkpoint,
            vision: vision,
            decoder: decoder,
            tokenizer: tokenizer,
            chat: chat
        )
        reader.diagnostics.report(rules.violations())
        guard let minimumCompiler, let name, let languages, let checkpoint, let decoder, let tokenizer, let chat,
            let generation, let quantization
        else { return nil }
        return ModelDescription(
            name: name,
            minimumCompiler: minimumCompiler,
            source: source,
            baseModel: baseModel,
            license: license,
            languages: languages,
            checkpoint: checkpoint,
            vision: vision,
            bridge: bridge,
            decoder: decoder,
            tokenizer: tokenizer,
            chat: chat,
            image: image,
            generation: generation,
            quantization: quantization,
            sources: sources
        )
    }
}
