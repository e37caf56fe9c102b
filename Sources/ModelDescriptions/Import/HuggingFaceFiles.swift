// The small files of a Hugging Face directory, read into memory with bounds.
// Not the weights, and not what the files mean. Read next: HuggingFaceImporter.swift.

import Diagnostics
import Foundation

/// The files beside the weights of a checkpoint.
public struct HuggingFaceFiles: Sendable {
    /// The files that an import looks at.
    public enum Name: String, Sendable, CaseIterable {
        /// The architecture. The only file that must be there.
        case config = "config.json"
        /// Defaults of sampling.
        case generationConfig = "generation_config.json"
        /// The image processor.
        case preprocessorConfig = "preprocessor_config.json"
        /// The image processor in the arrangement of transformers 5.
        case processorConfig = "processor_config.json"
        /// The tokenizer.
        case tokenizer = "tokenizer.json"
        /// Special tokens, and in older checkpoints the chat template.
        case tokenizerConfig = "tokenizer_config.json"
        /// The chat template.
        case chatTemplate = "chat_template.jinja"
        /// The chat template in the arrangement of transformers 4.44.
        case chatTemplateObject = "chat_template.json"
        /// The model card.
        case readme = "README.md"

        /// The largest size that is read; the largest published ones have a tenth of it.
        var largestByteCount: Int {
            self == .tokenizer ? 268_435_456 : 4_194_304
        }
    }

    /// The directory, as diagnostics spell it.
    public var directory: String
    /// The bytes of the files that are there.
    public var contents: [Name: [UInt8]]

    /// Files that are in memory already.
    public init(directory: String, contents: [Name: [UInt8]]) {
        self.directory = directory
        self.contents = contents
    }

    /// Reads the files of `directory` that are there; throws if one is too large or cannot be read.
    public init(readingFrom directory: String) throws(DiagnosticError) {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory.boolValue else {
            throw DiagnosticError([.error("there is no directory \(directory)")])
        }
        self.init(directory: directory, contents: [:])
        var problems = DiagnosticCollector()
        for name in Name.allCases {
            switch Self.read(name, path: path(of: name)) {
            case .success(let bytes): contents[name] = bytes
            case .failure(let error): problems.report(error.diagnostics)
            }
        }
        try problems.throwIfErrors()
    }

    /// The path of a file, as diagnostics spell it.
    public func path(of name: Name) -> String {
        directory.isEmpty || directory.hasSuffix("/") ? directory + name.rawValue : "\(directory)/\(name.rawValue)"
    }

    private static func read(_ name: Name, path: String) -> Result<[UInt8]?, DiagnosticError> {
        guard FileManager.default.fileExists(atPath: path) else { return .success(nil) }
        let place = SourceSpan(SourceLocation(file: path, line: 1, column: 1))
        guard let handle = FileHandle(forReadingAtPath: path) else {
            return .failure(DiagnosticError([.error("this file cannot be opened", at: place)]))
        }
        defer { try? handle.close() }
        do {
            let data = try handle.read(upToCount: name.largestByteCount + 1) ?? Data()
            if data.count > name.largestByteCount {
                let message = "this file has more than \(name.largestByteCount) bytes, too many for a \(name.rawValue)"
                return .failure(DiagnosticError([.error(message, at: place)]))
            }
            return .success(Array(data))
        } catch {
            return .failure(DiagnosticError([.error("this file cannot be read: \(error)", at: place)]))
        }
    }
}
