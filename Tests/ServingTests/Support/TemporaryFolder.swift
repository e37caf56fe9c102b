// A folder for the files of one test.

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
}
