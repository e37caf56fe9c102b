// Image files of the fixtures, and base64 of them.

import Glibc

enum ImageBytes {
    static func read(_ name: String) throws -> [UInt8] {
        try read(path: "\(RunningServer.fixtures)/images/\(name)")
    }

    static func read(path: String) throws -> [UInt8] {
        guard let file = fopen(path, "rb") else { throw TestClientError("cannot read \(path)") }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 22)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes[..<count])
    }

    static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for first in stride(from: 0, to: bytes.count, by: 3) {
            let group = (0..<3).map { first + $0 < bytes.count ? UInt32(bytes[first + $0]) : 0 }
            let word = group[0] << 16 | group[1] << 8 | group[2]
            let digits = min(bytes.count - first, 3) + 1
            for place in 0..<4 {
                text.append(place < digits ? alphabet[Int(word >> (18 - 6 * UInt32(place))) & 63] : "=")
            }
        }
        return text
    }
}
