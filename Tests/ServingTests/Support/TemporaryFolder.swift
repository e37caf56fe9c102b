// A folder that is there as long as a test needs it.

import Glibc

enum TemporaryFolder {
    /// Writes files, by their paths in the folder, and removes them after `body`.
    static func with<Result>(_ files: [String: String], _ body: (String) throws -> Result) throws -> Result {
        let folder = try make(files)
        defer { remove(folder, files) }
        return try body(folder)
    }

    /// The same around what waits.
    static func with<Result>(_ files: [String: String], _ body: (String) async throws -> Result) async throws -> Result
    {
        let folder = try make(files)
        defer { remove(folder, files) }
        return try await body(folder)
    }

    private static func make(_ files: [String: String]) throws -> String {
        var template = Array("/tmp/vlmc-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestClientError("no temporary folder") }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        for (path, text) in files {
            for slash in path.indices where path[slash] == "/" { mkdir("\(folder)/\(path[..<slash])", 0o700) }
            guard let file = fopen("\(folder)/\(path)", "wb") else { throw TestClientError("cannot write \(path)") }
            fputs(text, file)
            fclose(file)
        }
        return folder
    }

    private static func remove(_ folder: String, _ files: [String: String]) {
        for path in files.keys {
            unlink("\(folder)/\(path)")
            for slash in path.indices.reversed() where path[slash] == "/" { rmdir("\(folder)/\(path[..<slash])") }
        }
        rmdir(folder)
    }
}
