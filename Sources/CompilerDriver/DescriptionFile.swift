// Reads a description from a file, with errors about the file itself in the form of all other diagnostics.
// What the text says is read by ModelDescriptions.

import Diagnostics
import Foundation
import ModelDescriptions
import PathKit

/// A description and the text it was read from.
public struct DescriptionFile: Sendable {
    /// The path as the user gave it; diagnostics name it so.
    public let path: String
    /// The bytes of the file.
    public let bytes: [UInt8]
    /// What the text says; nil if there was an error.
    public let description: ModelDescription?
    /// Everything that was reported, sorted.
    public let diagnostics: [Diagnostic]

    /// Reads the file at `path`.
    public init(path: String) {
        self.path = path
        let file = Path(path)
        func fail(_ message: String) -> [Diagnostic] { [.error("\(path): \(message)")] }
        guard file.exists else {
            (bytes, description, diagnostics) = ([], nil, fail("there is no such file"))
            return
        }
        guard !file.isDirectory else {
            (bytes, description, diagnostics) = (
                [], nil, fail("this is a directory; name the TOML file of a model, or import a checkpoint first")
            )
            return
        }
        // One byte more than a description may have, so that the reader says that there are too many.
        guard let handle = FileHandle(forReadingAtPath: path),
            let data = try? handle.read(upToCount: ModelReader.maximumBytes + 1) ?? Data()
        else {
            (bytes, description, diagnostics) = ([], nil, fail("the file cannot be read"))
            return
        }
        bytes = [UInt8](data)
        let outcome = ModelReader().read(bytes, file: path)
        (description, diagnostics) = (outcome.description, outcome.diagnostics)
    }

    /// The description, or an error with everything that is wrong.
    public func checked() throws(DiagnosticError) -> ModelDescription {
        guard let description else { throw DiagnosticError(diagnostics) }
        return description
    }

    /// Everything that is wrong, including what only shows when the model is expanded and scheduled.
    public func lint() -> [Diagnostic] {
        guard let description else { return diagnostics }
        do {
            _ = try Pipeline(description).schedule()
            return diagnostics
        } catch let error as DiagnosticError {
            return diagnostics + error.diagnostics
        } catch {
            return diagnostics + [.error("\(path): \(error)")]
        }
    }
}
