// Writes files so that they are either whole or untouched, with errors that name the path and the reason.
// Used for everything that the compiler leaves behind.

import Foundation
import PathKit

/// Writing of whole files.
public enum AtomicFile {
    /// Writes `text` to a file beside `path` and moves it there; folders on the way are made.
    ///
    /// - Throws: `FileWriteError`; nothing stays behind.
    public static func write(_ text: String, to path: Path) throws(FileWriteError) {
        try replace(path, permissions: 0o666) { descriptor in
            var text = text
            return text.withUTF8 { writeAll(UnsafeRawBufferPointer($0), to: descriptor) }
        }
    }

    /// Copies the file at `source` beside `path`, with its permissions, and moves it there.
    ///
    /// - Throws: `FileWriteError`; nothing stays behind.
    public static func copy(_ source: Path, to path: Path) throws(FileWriteError) {
        let input = open(source.string, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw FileWriteError(path: source.string, code: errno) }
        defer { close(input) }
        var status = stat()
        guard fstat(input, &status) == 0 else { throw FileWriteError(path: source.string, code: errno) }
        try replace(path, permissions: status.st_mode & 0o777) { descriptor in
            var buffer = [UInt8](repeating: 0, count: 1 << 20)
            while true {
                let count = read(input, &buffer, buffer.count)
                if count == 0 { return true }
                if count < 0, errno == EINTR { continue }
                guard count > 0, buffer[..<count].withUnsafeBytes({ writeAll($0, to: descriptor) }) else {
                    return false
                }
            }
        }
    }

    /// Makes a folder and those above it, as far as they are not there.
    ///
    /// - Throws: `FileWriteError`.
    public static func makeFolder(_ path: Path) throws(FileWriteError) {
        if path.isDirectory { return }
        let parent = path.parent()
        if parent != path { try makeFolder(parent) }
        if mkdir(path.string, 0o777) == 0 { return }
        let code = errno
        if code == EEXIST, path.isDirectory { return }
        throw FileWriteError(path: path.string, code: code == EEXIST ? ENOTDIR : code)
    }

    /// Has `body` fill a file beside `path`, and gives it that name. A result of false means that `errno` says why not.
    private static func replace(
        _ path: Path,
        permissions: mode_t,
        _ body: (_ descriptor: Int32) -> Bool
    ) throws(FileWriteError) {
        let path = path.absolute()
        try makeFolder(path.parent())
        let temporary = "\(path.parent())/.\(path.lastComponent).\(getpid())"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions)
        guard descriptor >= 0 else { throw FileWriteError(path: path.string, code: errno) }
        let isFilled = body(descriptor)
        let fillCode = errno
        guard close(descriptor) == 0, isFilled, rename(temporary, path.string) == 0 else {
            let code = isFilled ? errno : fillCode
            unlink(temporary)
            throw FileWriteError(path: path.string, code: code)
        }
    }

    private static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return true
    }
}

/// A file or folder that cannot be written.
public struct FileWriteError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The path.
    public let path: String
    /// The system's error number.
    public let code: Int32

    /// An error of the system.
    public init(path: String, code: Int32) {
        self.path = path
        self.code = code
    }

    /// One sentence.
    public var description: String { "cannot write \(path): \(String(cString: strerror(code)))" }
}
