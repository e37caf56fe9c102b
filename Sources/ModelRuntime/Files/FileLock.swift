// One process at a time: an advisory lock that the system releases even when its holder is killed.
// Between threads of one process it works as well, since each lock opens its own file.

import Glibc

/// A lock on a file of its own, held until the object goes.
final class FileLock: Sendable {
    private let descriptor: FileDescriptor

    /// Waits for the lock. Calls `onWait` once if another holds it, and asks `isCancelled` about 20 times a second.
    ///
    /// - Throws: `FileError`, with the code `ECANCELED` if the caller gave up.
    init(path: String, onWait: () -> Void, isCancelled: () -> Bool) throws(FileError) {
        let descriptor = try FileDescriptor(path: path, flags: O_RDWR | O_CREAT, as: .lock)
        var hasWaited = false
        while flock(descriptor.number, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw FileError(.lock, path) }
            if !hasWaited { onWait() }
            hasWaited = true
            if isCancelled() { throw FileError(.lock, path, code: ECANCELED) }
            usleep(50_000)
        }
        self.descriptor = descriptor
    }
}
