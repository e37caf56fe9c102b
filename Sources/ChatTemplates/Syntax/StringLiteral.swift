// The escapes of string literals, which are Python's. Next: Parser.swift.

extension Lexer {
    private static let simpleEscapes: [UInt8: UInt8] = [
        UInt8(ascii: "\\"): UInt8(ascii: "\\"), UInt8(ascii: "'"): UInt8(ascii: "'"),
        UInt8(ascii: "\""): UInt8(ascii: "\""), UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12,
        UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9, UInt8(ascii: "v"): 11,
    ]

    /// The text that the bytes between two quotes stand for.
    func unescaped(_ range: Range<Int>) throws(TemplateError) -> [UInt8] {
        var result: [UInt8] = []
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = source[index]
            guard byte == UInt8(ascii: "\\"), index + 1 < range.upperBound else {
                result.append(byte)
                index += 1
                continue
            }
            let start = index
            let letter = source[index + 1]
            index += 2
            if let simple = Self.simpleEscapes[letter] {
                result.append(simple)
                continue
            }
            switch letter {
            case UInt8(ascii: "\n"): break
            case UInt8(ascii: "0")...UInt8(ascii: "7"):
                var end = index
                while end < min(index + 2, range.upperBound), (0x30...0x37).contains(source[end]) { end += 1 }
                result += try encoded(source[index - 1..<end], radix: 8, at: start)
                index = end
            case UInt8(ascii: "x"), UInt8(ascii: "u"), UInt8(ascii: "U"):
                let count = letter == UInt8(ascii: "x") ? 2 : letter == UInt8(ascii: "u") ? 4 : 8
                guard index + count <= range.upperBound,
                    source[index..<index + count].allSatisfy({ $0 < 0x80 && Character(Unicode.Scalar($0)).isHexDigit })
                else {
                    let name = Character(Unicode.Scalar(letter))
                    throw places.error(.syntax, at: start, "'\\\(name)' needs \(count) hexadecimal digits behind it")
                }
                result += try encoded(source[index..<index + count], radix: 16, at: start)
                index += count
            case UInt8(ascii: "N"):
                throw places.error(.syntax, at: start, "'\\N{...}' is not supported; write '\\u' and four digits")
            case 0x80...:
                // jinja2 escapes what is not ASCII before it reads the escapes, so a backslash before it meets another.
                let scalar = source.scalar(at: index - 1)
                result += pythonEscape(of: scalar).utf8
                index += source.scalarLength(at: index - 1) - 1
            default: result += [byte, letter]
            }
        }
        return result
    }

    private func encoded(_ digits: ArraySlice<UInt8>, radix: Int, at start: Int) throws(TemplateError) -> [UInt8] {
        let literal = String(decoding: digits, as: UTF8.self)
        guard let scalar = UInt32(literal, radix: radix).flatMap(Unicode.Scalar.init), let utf8 = UTF8.encode(scalar)
        else { throw places.error(.syntax, at: start, "this escape stands for no character") }
        return Array(utf8)
    }

    private func pythonEscape(of scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        let (letter, count) = scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
        return "\\" + letter + String(repeating: "0", count: Swift.max(0, count - digits.utf8.count)) + digits
    }
}
