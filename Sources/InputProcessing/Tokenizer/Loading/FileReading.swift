// Reads a whole file of bounded size with the C library.
// Not a mapping: what is read is parsed once and dropped. Next: TokenizerLoader.swift.

import Glibc

enum FileReading {
    /// The bytes of a regular file.
    ///
    /// - Throws: `TokenizerError` without a file name if it cannot be read or has more than `limit` bytes.
    static func bytes(of path: String, limit: Int) throws(TokenizerError) -> [UInt8] {
        // Not blocking on a pipe that nobody writes to.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw TokenizerError(problem: .unreadable(reason: "it is not a regular file"))
        }
        guard status.st_size <= limit else {
            throw TokenizerError(
                problem: .unreadable(reason: "it has \(status.st_size) bytes, allowed are \(limit)")
            )
        }
        var error: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
            while count < buffer.count {
                let received = read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
                if received < 0, errno == EINTR { continue }
                if received < 0 { error = errno }
                if received <= 0 { return }
                count += received
            }
        }
        guard error == 0 else { throw failure(error) }
        return bytes
    }

    private static func failure(_ code: Int32) -> TokenizerError {
        TokenizerError(problem: .unreadable(reason: String(cString: strerror(code))))
    }
}
