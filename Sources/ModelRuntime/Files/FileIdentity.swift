// Tells whether a file is still the one that was looked at before, without reading it.
// Not a content hash (ContentHash.swift): equal identity is taken as equal content.

import Glibc

/// Which file this is, and in which state: what changes whenever a file is written or replaced.
public struct FileIdentity: Sendable, Hashable {
    /// Bytes in the file.
    public let byteCount: Int
    /// The time of the last change, in nanoseconds since 1970.
    public let modifiedNanoseconds: Int
    /// The file's number on its device.
    public let inode: UInt64
    /// The device that holds the file.
    public let device: UInt64

    /// An identity recorded earlier.
    public init(byteCount: Int, modifiedNanoseconds: Int, inode: UInt64, device: UInt64) {
        self.byteCount = byteCount
        self.modifiedNanoseconds = modifiedNanoseconds
        self.inode = inode
        self.device = device
    }

    /// The identity of the file at `path`, links followed.
    public init(path: String) throws(FileError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw FileError(.inspect, path) }
        self.init(status)
    }

    init(_ descriptor: borrowing FileDescriptor, path: String) throws(FileError) {
        var status = stat()
        guard fstat(descriptor.number, &status) == 0 else { throw FileError(.inspect, path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            throw FileError(.open, path, code: isFolder ? EISDIR : EINVAL)
        }
        self.init(status)
    }

    private init(_ status: stat) {
        let time = status.st_mtim
        self.init(
            byteCount: Int(status.st_size),
            modifiedNanoseconds: Int(time.tv_sec) &* 1_000_000_000 &+ Int(time.tv_nsec),
            inode: UInt64(status.st_ino),
            device: UInt64(status.st_dev)
        )
    }
}
