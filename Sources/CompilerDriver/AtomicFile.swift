// Writes files so that they are either whole or untouched.
// Used for everything that the compiler leaves behind.

import Foundation
import PathKit

/// Writing of whole files.
public enum AtomicFile {
    /// Writes `text` to a file beside `path` and moves it there.
    public static func write(_ text: String, to path: Path) throws {
        try Data(text.utf8).write(to: path.url, options: .atomic)
    }

    /// Copies the file at `source` beside `path`, with its permissions, and moves it there.
    public static func copy(_ source: Path, to path: Path) throws {
        try path.parent().mkpath()
        let temporary = path.parent() + ".\(path.lastComponent).\(ProcessInfo.processInfo.processIdentifier)"
        if temporary.exists { try temporary.delete() }
        do {
            try source.copy(temporary)
            guard rename(temporary.string, path.string) == 0 else {
                throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: path.string])
            }
        } catch {
            if temporary.exists { try? temporary.delete() }
            throw error
        }
    }
}
