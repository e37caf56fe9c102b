// A text file, whole.

import ModelRuntime

enum TextFile {
    /// The text of a file.
    ///
    /// - Throws: `FileError`; `TextFileError` if it is empty or not UTF-8.
    static func read(_ path: String) throws -> String {
        let file = try MappedFile(path: path, access: .sequential)
        return try withExtendedLifetime(file) {
            guard let text = String(validating: file.bytes, as: UTF8.self) else { throw TextFileError.notUTF8(path) }
            guard !text.isEmpty else { throw TextFileError.empty(path) }
            return text
        }
    }
}

/// A text file that cannot be used.
enum TextFileError: Error, CustomStringConvertible {
    /// It is not text.
    case notUTF8(String)
    /// There is nothing in it.
    case empty(String)

    /// One sentence.
    var description: String {
        switch self {
        case .notUTF8(let path): "\(path): the file is not UTF-8"
        case .empty(let path): "\(path): the file is empty"
        }
    }
}
