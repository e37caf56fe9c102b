// A file as memory: mapped read-only, never copied.
// Not for writing (PartialFile.swift), and not for pipes or devices, which it refuses.

import Glibc

/// A file mapped into memory for reading. The mapping ends with the object, so whoever keeps a pointer keeps the file.
///
/// A file that another process shortens while it is mapped makes reads beyond its new end fail with SIGBUS; that is a
/// property of mappings. Files of this project are replaced by renaming, which leaves mapped ones whole; files that
/// others may change while a server runs are copied.
public final class MappedFile: @unchecked Sendable {
    /// How the file is going to be read.
    public enum AccessPattern: Sendable {
        /// Here and there.
        case random
        /// Once, from front to back: read ahead, and forget what has been passed.
        case sequential
        /// All of it, over and over: read ahead, in huge pages where the system allows them.
        case resident
        /// By parts that are copied into memory (`load`): whatever happens to the file, what was copied stays.
        case copied
    }

    /// The path that was opened.
    public let path: String
    /// Which file the path led to.
    public let identity: FileIdentity
    /// The contents, valid as long as this object: hold it in a variable while they are read.
    public let bytes: UnsafeRawBufferPointer
    /// The file, where its parts are copied.
    private let source: OpenFile?

    /// Maps a regular file; an empty one gives no bytes.
    public init(path: String, access: AccessPattern = .random) throws(FileError) {
        let descriptor = try FileDescriptor(path: path, flags: O_RDONLY, as: .open)
        identity = try FileIdentity(descriptor, path: path)
        self.path = path
        guard identity.byteCount > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            source = nil
            return
        }
        let isCopied = access == .copied
        let address = mmap(
            nil,
            identity.byteCount,
            isCopied ? PROT_READ | PROT_WRITE : PROT_READ,
            isCopied ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED,
            isCopied ? -1 : descriptor.number,
            0
        )
        guard let address, address != MAP_FAILED else { throw FileError(.map, path) }
        bytes = UnsafeRawBufferPointer(start: address, count: identity.byteCount)
        source = isCopied ? OpenFile(descriptor) : nil
        advise(access, address)
    }

    deinit {
        if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
    }

    /// Advice only: a system that does not know it reads the file all the same.
    private func advise(_ access: AccessPattern, _ address: UnsafeMutableRawPointer) {
        switch access {
        case .random, .copied: break
        case .sequential: madvise(address, bytes.count, MADV_SEQUENTIAL)
        case .resident:
            madvise(address, bytes.count, MADV_HUGEPAGE)
            madvise(address, bytes.count, MADV_WILLNEED)
        }
    }

    /// Copies a part of a file that is copied by parts; others have all theirs. Not for several threads at once.
    ///
    /// - Throws: `FileError`, also if the file has become shorter.
    func load(_ range: Range<Int>) throws(FileError) {
        guard let source, !range.isEmpty else { return }
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "bytes \(range) of \(bytes.count)")
        guard let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress) else { return }
        var next = range.lowerBound
        while next < range.upperBound {
            let count = pread(source.descriptor.number, start + next, range.upperBound - next, off_t(next))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileError(.read, path, code: count < 0 ? errno : ENODATA) }
            next += count
        }
    }

    /// Gives back the memory behind `range`; reading there again loads it from the file again, unless parts are copied.
    func releaseMemory(of range: Range<Int>) {
        let pageBytes = Int(sysconf(Int32(_SC_PAGESIZE)))
        let first = (range.lowerBound + pageBytes - 1) / pageBytes * pageBytes
        let end = range.upperBound / pageBytes * pageBytes
        guard first < end, end <= bytes.count, let start = bytes.baseAddress else { return }
        madvise(UnsafeMutableRawPointer(mutating: start + first), end - first, MADV_DONTNEED)
    }
}

/// A file that stays open as long as this.
private final class OpenFile {
    let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
}
