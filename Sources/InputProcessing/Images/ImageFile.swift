// Reads an image file from disk, never more of it than the limit.
import Glibc

extension ImageDecoder {
    /// Reads and decodes the file at `path`. Errors carry the path.
    public func decode(contentsOf path: String) throws(ImageError) -> DecodedImage {
        do {
            return try decode(contents(of: path))
        } catch {
            throw error.named(path)
        }
    }

    /// Reads format, size and orientation of the file at `path`. Errors carry the path.
    public func info(contentsOf path: String) throws(ImageError) -> ImageInfo {
        do {
            return try info(of: contents(of: path))
        } catch {
            throw error.named(path)
        }
    }

    private func contents(of path: String) throws(ImageError) -> [UInt8] {
        // Not blocking on a pipe that nobody writes to.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw ImageError(.unreadable(reason: Self.lastSystemError())) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw ImageError(.unreadable(reason: Self.lastSystemError())) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            let kind = status.st_mode & S_IFMT == S_IFDIR ? "a directory" : "not a regular file"
            throw ImageError(.unreadable(reason: "it is \(kind)"))
        }
        let size = Int(status.st_size)
        try limits.check(byteCount: size)
        var failure: ImageError?
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let received = read(descriptor, buffer.baseAddress.map { $0 + count }, size - count)
                if received == 0 { break }
                if received < 0 {
                    if errno == EINTR { continue }
                    failure = ImageError(.unreadable(reason: Self.lastSystemError()))
                    break
                }
                count += received
            }
        }
        if let failure { throw failure }
        return bytes
    }

    private static func lastSystemError() -> String { String(cString: strerror(errno)) }
}
