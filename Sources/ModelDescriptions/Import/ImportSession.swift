// What one import gathers on its way: diagnostics, where each imported value came from, and comments for the TOML.
// Not the reading of a file (ConfigReader.swift) and not the order of an import (HuggingFaceImporter.swift).

import Diagnostics
import JSONText

/// The state of one import.
final class ImportSession {
    /// The release of transformers whose class defaults fill fields that a checkpoint leaves out.
    static let referenceVersion = "5.23.0"

    let files: HuggingFaceFiles
    /// An element type that the user states for a checkpoint that does not name one.
    let statedElementType: String?
    var diagnostics = DiagnosticCollector()
    /// Where the value at each key path of the TOML came from.
    private(set) var origins: [String: SourceSpan] = [:]
    /// Comments by key path of the TOML.
    private(set) var comments: [String: String] = [:]

    init(files: HuggingFaceFiles, statedElementType: String?) {
        self.files = files
        self.statedElementType = statedElementType
    }

    /// Notes that the value at `keyPath` was stated at `span`.
    func record(_ keyPath: String?, from span: SourceSpan) {
        if let keyPath { origins[keyPath] = span }
    }

    /// Notes that the value at `keyPath` is a class default, because `file` leaves it out.
    func recordDefault(_ keyPath: String?, missingFrom file: String) {
        if let keyPath { comment(keyPath, "not in \(file): default of transformers \(Self.referenceVersion)") }
    }

    /// Adds a comment to the key or table at `keyPath`, unless it has one.
    func comment(_ keyPath: String, _ text: String) {
        if comments[keyPath] == nil { comments[keyPath] = text }
    }

    /// The first place of a file.
    func place(of name: HuggingFaceFiles.Name) -> SourceSpan {
        SourceSpan(SourceLocation(file: files.path(of: name), line: 1, column: 1))
    }

    /// The object that a JSON file holds; nil if the file is not there or after having reported why it is none.
    func object(_ name: HuggingFaceFiles.Name) -> ConfigReader? {
        guard let bytes = files.contents[name] else { return nil }
        let path = files.path(of: name)
        do throws(JSONError) {
            let document = try JSONDocument(bytes)
            guard let members = document.root.object else {
                diagnostics.report(.error("this file must hold a JSON object", at: place(of: name)))
                return nil
            }
            let file = ConfigReader.File(path: path, name: name.rawValue, document: document)
            return ConfigReader(members, file: file, offset: document.root.offset, session: self)
        } catch {
            diagnostics.report(Self.diagnostic(of: error, path: path))
            return nil
        }
    }

    static func diagnostic(of error: JSONError, path: String) -> Diagnostic {
        let place = SourceLocation(file: path, line: error.line, column: error.column)
        return .error("this is not JSON: \(error.what)", at: SourceSpan(place))
    }
}
