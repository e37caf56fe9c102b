// Files of this folder, read without Foundation.
// Next: RandomVocabulary.swift.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

enum TestFiles {
    private static let folder = #filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 } + "/"

    struct CannotOpen: Error {
        let path: String
    }

    /// The bytes of a file, by its path in the tests of this target.
    static func bytes(_ path: String) throws -> [UInt8] {
        guard let file = fopen(folder + path, "rb") else { throw CannotOpen(path: folder + path) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var part = Array(repeating: UInt8(0), count: 1 << 16)
        while case let count = fread(&part, 1, part.count, file), count > 0 { bytes += part[..<count] }
        return bytes
    }

    static func write(_ text: String, to path: String) throws {
        guard let file = fopen(folder + path, "wb") else { throw CannotOpen(path: folder + path) }
        defer { fclose(file) }
        fputs(text, file)
    }

    /// Whether `VLMC_RECORD_GOLDENS=1` asks for recorded files to be written; a test that writes one fails.
    static let isRecording = getenv("VLMC_RECORD_GOLDENS").map { String(cString: $0) == "1" } ?? false
}
