// A folder for the files of one test, removed with everything in it when the test is over.

import Glibc

@testable import ModelRuntime

/// A new folder under the system's folder for temporary files.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let parent = environmentValue("TMPDIR") ?? P_tmpdir
        var template = Array(joinedPath(parent, "vlmc-test-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw FileError(.create, parent) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.remove(path) }

    /// The path of a file in the folder.
    subscript(name: String) -> String { joinedPath(path, name) }

    /// Writes a file, in the place of an older one, and returns its path. It is not forced onto the device.
    @discardableResult
    func write(_ contents: some Collection<UInt8>, to name: String) throws -> String {
        let path = self[name]
        unlink(path)
        let descriptor = try FileDescriptor(path: path, flags: O_WRONLY | O_CREAT, as: .create)
        let bytes = ContiguousArray(contents)
        let count = bytes.withUnsafeBytes { Glibc.write(descriptor.number, $0.baseAddress, $0.count) }
        guard count == bytes.count else { throw FileError(.write, path) }
        return path
    }

    /// The names of all files, sorted.
    func names(in folder: String = ".") -> [String] { fileNames(in: self[folder]).sorted() }

    private static func remove(_ path: String) {
        chmod(path, 0o700)
        for name in fileNames(in: path) {
            let child = joinedPath(path, name)
            if unlink(child) != 0 { remove(child) }
        }
        rmdir(path)
    }
}

/// The contents of a file.
func contents(of path: String) throws -> [UInt8] {
    let file = try MappedFile(path: path)
    return withExtendedLifetime(file) { Array(file.bytes) }
}
