// White space and line ends as Python's str knows them, which is neither Unicode's White_Space nor ASCII's.
// Not configurable. Next: TextStripping.swift.

/// *Source* cpython@3.11:Objects/unicodetype_db.h (bidirectional types WS, B, S, and category Zs).
enum WhiteSpace {
    static func contains(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    /// The bytes of the white space that starts at `offset`; 0 where something else starts there.
    static func length(at offset: Int, in utf8: [UInt8]) -> Int {
        guard offset < utf8.endIndex else { return 0 }
        let byte = utf8[offset]
        if byte < 0x80 { return contains(Unicode.Scalar(byte)) ? 1 : 0 }
        // Only C2, E1, E2 and E3 begin white space; everything else need not be decoded.
        guard byte == 0xC2 || (0xE1...0xE3).contains(byte) else { return 0 }
        return contains(utf8.scalar(at: offset)) ? utf8.scalarLength(at: offset) : 0
    }

    /// The offset behind the white space that starts at `offset`.
    static func end(from offset: Int, in utf8: [UInt8]) -> Int {
        var end = offset
        while true {
            let length = length(at: end, in: utf8)
            if length == 0 { return end }
            end += length
        }
    }

    /// The offset at which the white space that ends at `offset` starts, not before `lowerBound`.
    static func start(
        before offset: Int,
        downTo lowerBound: Int,
        in utf8: [UInt8]
    ) -> Int {
        var start = offset
        while start > lowerBound {
            let previous = utf8.scalarStart(before: start)
            if !contains(utf8.scalar(at: previous)) { break }
            start = previous
        }
        return start
    }

    /// The bytes of the line end that starts at `offset`, as `splitlines` finds them; 0 for anything else.
    static func lineEndLength(at offset: Int, in utf8: [UInt8]) -> Int {
        switch utf8[offset] {
        case 0x0D: offset + 1 < utf8.count && utf8[offset + 1] == 0x0A ? 2 : 1
        case 0x0A...0x0C, 0x1C...0x1E: 1
        case 0xC2: utf8.scalar(at: offset) == "\u{85}" ? 2 : 0
        case 0xE2: ["\u{2028}", "\u{2029}"].contains(utf8.scalar(at: offset)) ? 3 : 0
        default: 0
        }
    }
}
