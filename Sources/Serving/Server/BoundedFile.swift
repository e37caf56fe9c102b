// Reads files whose paths or sizes are not to be trusted: opened once, regular, of bounded size.
// Not which files may be read: ../Requests/ImageSource.swift, ReloadingCertificate.swift.

import Glibc

enum BoundedFile {
    /// The bytes of a regular file.
    ///
    /// - Parameters:
    ///   - flags: Of `open`, besides those for reading.
    ///   - check: Refuses what has been opened, by its descriptor.
    static func bytes(
        of path: String,
        limit: Int,
        flags: Int32 = 0,
        check: (_ descriptor: Int32) -> FileRefusal? = { _ in nil }
    ) throws(FileRefusal) -> [UInt8] {
        // Opening a pipe would wait for somebody to write.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags)
        guard descriptor >= 0 else { throw .system(errno) }
        defer { close(descriptor) }
        if let refusal = check(descriptor) { throw refusal }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegular }
        guard status.st_size <= limit else { throw .tooLarge(limit: limit) }
        // It may grow while it is read, so that its end is what counts.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(status.st_size) + 1)
        var piece = [UInt8](repeating: 0, count: min(max(Int(status.st_size) + 1, 4096), 1 << 20))
        while true {
            let count = read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system(errno) }
            if count == 0 { return bytes }
            bytes += piece[..<count]
            guard bytes.count <= limit else { throw .tooLarge(limit: limit) }
        }
    }
}

/// Why a file is not read.
enum FileRefusal: Error, Equatable, CustomStringConvertible {
    /// What the system says, by its number.
    case system(Int32)
    case notRegular
    case tooLarge(limit: Int)
    /// It lies outside of the folder in which it would have to be.
    case outside

    /// What is wrong, to go on after the file's name.
    var description: String {
        switch self {
        case .system(let number): String(cString: strerror(number))
        case .notRegular: "not a regular file"
        case .tooLarge(let limit): "more than \(limit) bytes"
        case .outside: "outside of the folder"
        }
    }
}
