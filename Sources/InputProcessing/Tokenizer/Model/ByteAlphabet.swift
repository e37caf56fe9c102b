// The alphabet in which byte-level vocabularies write arbitrary bytes as visible characters.
// Not UTF-8: byte 0x20 is written "Ġ" (U+0120). Next: Vocabulary.swift.

/// The map between bytes and the 256 characters that stand for them.
///
/// *Source*: openai/gpt-2@master:src/encoder.py, `bytes_to_unicode`: printable Latin-1 stands for itself, the other
/// bytes take U+0100 and up in order.
enum ByteAlphabet {
    /// The scalar of each byte.
    static let scalars: [UInt32] = {
        var next: UInt32 = 0x100
        return (UInt32(0)..<256).map { byte in
            if (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || (0xAE...0xFF).contains(byte) {
                return byte
            }
            defer { next += 1 }
            return next
        }
    }()

    /// The byte of each scalar below U+0144; -1 where the scalar stands for no byte.
    private static let bytes: [Int16] = {
        var bytes = Array(repeating: Int16(-1), count: Int(scalars.max() ?? 0) + 1)
        for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar)] = Int16(byte) }
        return bytes
    }()

    /// The UTF-8 of the character that stands for `byte`.
    static func encoding(of byte: UInt8) -> [UInt8] {
        var encoded: [UInt8] = []
        UTF8Scalars.append(scalars[Int(byte)], to: &encoded)
        return encoded
    }

    /// Appends the characters that stand for `text`, as UTF-8.
    static func appendEncoded(_ text: some Collection<UInt8>, to output: inout [UInt8]) {
        for byte in text { UTF8Scalars.append(scalars[Int(byte)], to: &output) }
    }

    /// Appends the bytes that `token`, valid UTF-8, stands for; the token's own bytes if any of its characters stands
    /// for none.
    static func appendDecoded(_ token: ArraySlice<UInt8>, to output: inout [UInt8]) {
        let start = output.count
        let isEncoded = token.withUnsafeBufferPointer { token in
            var index = 0
            while index < token.count {
                let (scalar, next) = UTF8Scalars.decode(token, at: index)
                guard scalar < bytes.count, bytes[Int(scalar)] >= 0 else { return false }
                output.append(UInt8(bytes[Int(scalar)]))
                index = next
            }
            return true
        }
        guard !isEncoded else { return }
        output.removeSubrange(start...)
        output += token
    }
}
