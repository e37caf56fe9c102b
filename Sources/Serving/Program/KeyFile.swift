// A file of API keys, one a line.

import ArgumentParser
import Glibc

enum KeyFile {
    /// The keys in a file; empty lines and lines that begin with # are none.
    static func keys(in path: String) throws -> [String] {
        guard let file = fopen(path, "r") else {
            throw ValidationError("--api-key-file: \(path) cannot be read: \(String(cString: strerror(errno))).")
        }
        defer { fclose(file) }
        var keys: [String] = []
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, file) >= 0, let start = line {
            let text = String(cString: start).filter { !$0.isNewline }
            let key = String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            if !key.isEmpty, !key.hasPrefix("#") { keys.append(key) }
        }
        guard !keys.isEmpty else { throw ValidationError("--api-key-file: \(path) holds no keys.") }
        return keys
    }
}
