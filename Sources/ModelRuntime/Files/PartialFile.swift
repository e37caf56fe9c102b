// A file that appears under its name only when it is complete, and leaves nothing behind otherwise.
// Not a lock: two writers of one path must agree between themselves (FileLock.swift).

import Glibc
import Synchronization

/// A large output that is written at any offsets, by any threads, and then put in place whole.
protocol WholeFileOutput: Sendable {
    /// Makes sure that this many bytes will fit.
    func reserve(byteCount: Int) throws(FileError)
    /// Makes ready that `range` is written, with all that lies between its writes. Nothing depends on it.
    func prepare(_ range: Range<Int>)
    /// Writes all of `bytes` at `offset`.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError)
    /// Writes everything back to the device and gives the file its name, replacing an older one.
    func commit() throws(FileError)
    /// Removes what has been written. Does nothing after `commit`.
    func discard()
}

/// An output beside its final path, on the same file system, so that taking its name is one step.
final class PartialFile: WholeFileOutput {
    private let path: String
    private let partialPath: String
    private let descriptor: FileDescriptor
    private let isOpen = Atomic<Bool>(true)

    /// Creates `partialPath`, by default a name that no other writer uses. A leftover of that name is overwritten.
    init(replacing path: String, partialPath: String? = nil) throws(FileError) {
        self.path = path
        let partialPath = partialPath ?? Self.uniquePartialPath(path)
        self.partialPath = partialPath
        descriptor = try FileDescriptor(path: partialPath, flags: O_RDWR | O_CREAT | O_TRUNC, as: .create)
    }

    deinit { discard() }

    func reserve(byteCount: Int) throws(FileError) {
        guard byteCount > 0 else { return }
        var code: Int32
        repeat { code = posix_fallocate(descriptor.number, 0, off_t(byteCount)) } while code == EINTR
        guard code == 0 else { throw FileError(.reserveSpace, path, code: code) }
    }

    func prepare(_ range: Range<Int>) {
        guard let identity = try? FileIdentity(descriptor, path: path) else { return }
        HugePages.prepare(range, of: descriptor, size: identity.byteCount)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) {
        var done = 0
        while done < bytes.count, let start = bytes.baseAddress {
            let written = pwrite(descriptor.number, start + done, bytes.count - done, off_t(offset + done))
            if written > 0 {
                done += written
            } else if written == 0 {
                throw FileError(.write, path, code: ENOSPC)
            } else if errno != EINTR {
                throw FileError(.write, path)
            }
        }
    }

    func commit() throws(FileError) {
        guard fsync(descriptor.number) == 0 else { throw FileError(.synchronize, path) }
        guard rename(partialPath, path) == 0 else { throw FileError(.rename, path) }
        isOpen.store(false, ordering: .relaxed)
        let folder = try FileDescriptor(path: parentFolder(of: path), flags: O_RDONLY | O_DIRECTORY, as: .synchronize)
        // Some file systems cannot write a folder back; the rename itself has happened either way.
        fsync(folder.number)
    }

    func discard() {
        if isOpen.exchange(false, ordering: .relaxed) { unlink(partialPath) }
    }

    private static let nextNumber = Atomic<Int>(0)

    private static func uniquePartialPath(_ path: String) -> String {
        "\(path).\(getpid()).\(nextNumber.wrappingAdd(1, ordering: .relaxed).oldValue).partial"
    }
}

/// Writes a whole small file so that readers see the old contents or the new ones, never a part.
public func writeAtomically(_ contents: some Collection<UInt8>, to path: String) throws(FileError) {
    let file = try PartialFile(replacing: path)
    let bytes = ContiguousArray(contents)
    let outcome = bytes.withUnsafeBytes { buffer in
        Result { () throws(FileError) in
            try file.write(buffer, at: 0)
            try file.commit()
        }
    }
    if case .failure(let error) = outcome {
        file.discard()
        throw error
    }
}
