// A file as memory: mapped read-only, never copied.
// Not for writing (PartialFile.swift), and not for pipes or devices, which it refuses.

import Glibc

/// A file mapped into memory for reading. The mapping ends with the object, so whoever keeps a pointer keeps the file.
///
/// A file that another process shortens while it is mapped makes reads beyond its new end fail with SIGBUS; that is a
/// property of mappings. Files of this project are replaced by renaming, which leaves mapped ones whole.
public final class MappedFile: @unchecked Sendable {
    /// How the file is going to be read.
    public enum AccessPattern: Sendable {
        /// Here and there.
        case random
        /// Once, from front to back: read ahead, and forget what has been passed.
        case sequential
        /// All of it, over and over: read ahead, in huge pages where the system allows them.
        case resident
    }

    /// The path that was opened.
    public let path: String
    /// Which file the path led to.
    public let identity: FileIdentity
    /// The contents, valid as long as this object: hold it in a variable while they are read.
    public let bytes: UnsafeRawBufferPointer

    /// Maps a regular file; an empty one gives no bytes.
    public init(path: String, access: AccessPattern = .random) throws(FileError) {
        let descriptor = try FileDescriptor(path: path, flags: O_RDONLY, as: .open)
        identity = try FileIdentity(descriptor, path: path)
        self.path = path
        guard identity.byteCount > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        let address = mmap(nil, identity.byteCount, PROT_READ, MAP_SHARED, descriptor.number, 0)
        guard let address, address != MAP_FAILED else { throw FileError(.map, path) }
        bytes = UnsafeRawBufferPointer(start: address, count: identity.byteCount)
        advise(access, address)
    }

    deinit {
        if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
    }

    /// Advice only: a system that does not know it reads the file all the same.
    private func advise(_ access: AccessPattern, _ address: UnsafeMutableRawPointer) {
        switch access {
        case .random: break
        case .sequential: madvise(address, bytes.count, MADV_SEQUENTIAL)
        case .resident:
            madvise(address, bytes.count, MADV_HUGEPAGE)
            madvise(address, bytes.count, MADV_WILLNEED)
        }
    }

    /// Gives back the memory behind `range`; reading there again loads it from the file again.
    func releaseMemory(of range: Range<Int>) {
        let pageBytes = Int(sysconf(Int32(_SC_PAGESIZE)))
        let first = (range.lowerBound + pageBytes - 1) / pageBytes * pageBytes
        let end = range.upperBound / pageBytes * pageBytes
        guard first < end, end <= bytes.count, let start = bytes.baseAddress else { return }
        madvise(UnsafeMutableRawPointer(mutating: start + first), end - first, MADV_DONTNEED)
    }
}
