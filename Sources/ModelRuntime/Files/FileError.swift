// What went wrong with a file: the operation, the path and the system's reason.
// Not about the contents of files: each format has its own error. Next: MappedFile.swift.

import Glibc

/// A file operation that the system refused.
public struct FileError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was being done to the file.
    public enum Operation: String, Sendable {
        case open
        case inspect
        case map
        case read
        case create
        case reserveSpace = "reserve space for"
        case write
        case synchronize = "write back"
        case rename
        case lock
    }

    /// What was being done.
    public let operation: Operation
    /// The file it was done to.
    public let path: String
    /// The system's error number (`errno`).
    public let code: Int32

    /// An error with this number, by default the one that the last system call left.
    public init(_ operation: Operation, _ path: String, code: Int32 = errno) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// Whether space ran out: the disk, the user's quota, or the limit on the size of one file.
    public var isSpaceExhausted: Bool { code == ENOSPC || code == EDQUOT || code == EFBIG }

    /// Whether writing there is not allowed, so that another folder is worth a try.
    public var isWriteRefused: Bool { code == EACCES || code == EPERM || code == EROFS }

    /// Whether there is no such file.
    public var isMissing: Bool { code == ENOENT || code == ENOTDIR }

    /// One sentence, such as `cannot open 'model.safetensors': No such file or directory`.
    public var description: String {
        "cannot \(operation.rawValue) '\(path)': \(String(cString: strerror(code)))"
    }
}
