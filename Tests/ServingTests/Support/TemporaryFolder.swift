// A folder that is there as long as a test needs it.

import Glibc

/// A folder that is removed with everything in it when it is let go.
final class TemporaryFolder: Sendable {
    /// Its path, in which no part is a link.
    let path: String

    init() throws {
        var template = Array("/tmp/vlmc-tests-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil, let real = realpath(template, nil) else {
            throw TestClientError("no temporary folder: \(String(cString: strerror(errno)))")
        }
        defer { free(real) }
        path = String(cString: real)
    }

    deinit { Self.remove(path) }

    /// Writes files, by their paths in the folder, and removes them after `body`.
    static func with<Result>(_ files: [String: String], _ body: (String) throws -> Result) throws -> Result {
        let folder = try make(files)
        return try withExtendedLifetime(folder) { try body(folder.path) }
    }

    /// The same around what waits.
    static func with<Result>(_ files: [String: String], _ body: (String) async throws -> Result) async throws -> Result
    {
        let folder = try make(files)
        defer { withExtendedLifetime(folder) {} }
        return try await body(folder.path)
    }

    private static func make(_ files: [String: String]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for (path, text) in files {
            for slash in path.indices where path[slash] == "/" { mkdir(folder.file(String(path[..<slash])), 0o700) }
            try folder.write(text, to: path)
        }
        return folder
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file beside its place, then puts it there: nobody sees it half written.
    func write(_ bytes: [UInt8], to name: String) throws {
        guard let file = fopen(self.file("\(name).new"), "wb") else { throw TestClientError("cannot write \(name)") }
        let count = fwrite(bytes, 1, bytes.count, file)
        guard fclose(file) == 0, count == bytes.count, rename(self.file("\(name).new"), self.file(name)) == 0 else {
            throw TestClientError("cannot write \(name)")
        }
    }

    func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

    /// Removes a file, a link, or a folder with everything in it.
    private static func remove(_ path: String) {
        if unlink(path) == 0 { return }
        guard let folder = opendir(path) else { return }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { remove("\(path)/\(name)") }
        }
        closedir(folder)
        rmdir(path)
    }
}
