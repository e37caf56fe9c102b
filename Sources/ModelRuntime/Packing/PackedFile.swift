// The files that belong to one packed file, and those of older versions that it takes the place of.
// Not what is in them: PackedHeader.swift, VerificationStamp.swift.

import Glibc

/// A packed file and what lies beside it under the same name.
struct PackedFile: Sendable, Hashable {
    let path: String

    /// What has been checked.
    var stampPath: String { path + ".stamp" }
    /// Held while the file is made.
    var lockPath: String { path + ".lock" }
    /// The file while it is made.
    var partialPath: String { path + ".partial" }

    /// The name for a layout's key; with `place`, in a folder that several checkpoints share.
    static func name(key: UInt64, place: UInt64? = nil) -> String {
        hexadecimal(key) + (place.map { "-" + hexadecimal($0) } ?? "") + ".packed"
    }

    /// Removes the files beside this one that older versions packed of the same checkpoint, as the same `family`.
    ///
    /// Processes that have one of them mapped keep it; one that is being made stays. What cannot be removed stays, too.
    ///
    /// - Returns: The paths of the packed files that were removed.
    func removeSuperseded(family: UInt64) -> [String] {
        let folder = parentFolder(of: path)
        let name = fileName(path)
        // Names differ in the key alone; what follows it tells the checkpoints of a shared folder apart.
        let keyLength = Self.hexadecimal(0).count
        return fileNames(in: folder).sorted().compactMap { other in
            guard other != name, other.count == name.count, other.dropFirst(keyLength) == name.dropFirst(keyLength)
            else { return nil }
            let file = PackedFile(path: joinedPath(folder, other))
            return file.isOlder(family) && file.remove() ? file.path : nil
        }
    }

    /// Whether an older version packed this file as `family`.
    private func isOlder(_ family: UInt64) -> Bool {
        guard let file = try? MappedFile(path: path) else { return false }
        defer { withExtendedLifetime(file) {} }
        guard let origin = PackedHeader.origin(of: file.bytes) else { return false }
        return origin.family == family && origin.version < PackedLayout.version
    }

    /// Removes the file and what lies beside it, unless somebody holds its lock. The lock stays: another process may be
    /// waiting for it.
    private func remove() -> Bool {
        guard let lock = try? FileLock(path: lockPath, onWait: {}, isCancelled: { true }) else { return false }
        defer { withExtendedLifetime(lock) {} }
        guard unlink(path) == 0 else { return false }
        unlink(stampPath)
        unlink(partialPath)
        return true
    }

    private static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
