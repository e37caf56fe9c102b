// Base64 as data URIs hold it.

/// *Source*: RFC 4648, section 4.
enum Base64 {
    /// The bytes of a text in the standard alphabet, with or without padding; nil if it is damaged. Line ends are skipped.
    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3 + 3)
        var word: UInt32 = 0
        var digits = 0
        var padding = 0
        for character in text {
            let value = values[Int(character)]
            guard value < 64 else {
                switch value {
                case lineEnd: continue
                case pad: padding += 1
                default: return nil
                }
                continue
            }
            guard padding == 0 else { return nil }
            word = word << 6 | UInt32(value)
            digits += 1
            if digits == 4 {
                bytes.append(UInt8(truncatingIfNeeded: word >> 16))
                bytes.append(UInt8(truncatingIfNeeded: word >> 8))
                bytes.append(UInt8(truncatingIfNeeded: word))
                (word, digits) = (0, 0)
            }
        }
        guard padding == 0 || digits + padding == 4 else { return nil }
        switch digits {
        case 0: break
        case 2:
            guard word & 0xF == 0 else { return nil }
            bytes.append(UInt8(truncatingIfNeeded: word >> 4))
        case 3:
            guard word & 0x3 == 0 else { return nil }
            bytes.append(UInt8(truncatingIfNeeded: word >> 10))
            bytes.append(UInt8(truncatingIfNeeded: word >> 2))
        default: return nil
        }
        return bytes
    }

    private static let pad: UInt8 = 64
    private static let lineEnd: UInt8 = 65
    private static let invalid: UInt8 = 66

    private static let values: [UInt8] = {
        var values = [UInt8](repeating: invalid, count: 256)
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        for (value, character) in alphabet.utf8.enumerated() { values[Int(character)] = UInt8(value) }
        values[Int(UInt8(ascii: "="))] = pad
        values[0x0A] = lineEnd
        values[0x0D] = lineEnd
        return values
    }()
}
