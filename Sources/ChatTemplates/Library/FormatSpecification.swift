// What stands behind the colon of a field, as in `{:>8.2f}`. The fields: TextFormatting.swift.

/// One format specification.
///
/// *Source* Python 3.11 documentation, Format Specification Mini-Language.
private struct FormatSpecification {
    var fill = TemplateText(" ")
    var alignment: UInt8?
    var sign: UInt8 = 0
    var isAlternate = false
    var width = 0
    var grouping: UInt8?
    var precision: Int?
    var type: Character?

    /// The specification that a text writes, or nil if it writes none.
    init?(_ text: TemplateText) {
        let utf8 = text.utf8
        var index = 0
        func has(_ candidates: String) -> Bool { index < utf8.count && candidates.utf8.contains(utf8[index]) }
        if !utf8.isEmpty {
            let fillEnd = utf8.scalarLength(at: 0)
            if fillEnd < utf8.count, "<>=^".utf8.contains(utf8[fillEnd]) {
                fill = text.part(0..<fillEnd)
                index = fillEnd
            }
        }
        if has("<>=^") {
            alignment = utf8[index]
            index += 1
        }
        if has("+- ") {
            sign = utf8[index]
            index += 1
        }
        if has("#") {
            isAlternate = true
            index += 1
        }
        if has("0") {
            if alignment == nil {
                alignment = UInt8(ascii: "=")
                fill = TemplateText("0")
            }
            index += 1
        }
        func number() -> Int? {
            var number: Int?
            while has("0123456789") {
                number = min((number ?? 0) * 10 + Int(utf8[index] - 0x30), 1 << 40)
                index += 1
            }
            return number
        }
        width = number() ?? 0
        if has(",_") {
            grouping = utf8[index]
            index += 1
        }
        if has(".") {
            index += 1
            guard let digits = number() else { return nil }
            precision = digits
        }
        if index < utf8.count {
            guard index + 1 == utf8.count, utf8[index] < 0x80 else { return nil }
            type = Character(Unicode.Scalar(utf8[index]))
        }
    }
}

extension Renderer {
    /// The value as a format specification writes it.
    func formatted(_ value: Value, by text: TemplateText) throws(TemplateError) -> TemplateText {
        if text.isEmpty { return try self.text(of: value) }
        guard let specification = FormatSpecification(text) else {
            throw failure("'\(text.string)' is no format specification")
        }
        switch value {
        case .undefined: throw failure("what is undefined takes no format specification")
        case .text(let value): return try formatted(value, specification)
        case .integer, .boolean, .double:
            let number = try numberText(value, specification)
            let missing = specification.width - number.sign.utf8.count - number.digits.utf8.count
            if specification.alignment == UInt8(ascii: "="), missing > 0 {
                var builder = makeBuilder()
                builder.append(number.sign)
                builder.append(specification.fill, times: missing)
                builder.append(number.digits)
                return try finish(builder)
            }
            return try aligned(TemplateText(number.sign + number.digits), specification, otherwise: .right)
        default: throw failure("a value of type \(value.typeName) takes no format specification")
        }
    }

    private func formatted(
        _ text: TemplateText,
        _ specification: FormatSpecification
    ) throws(TemplateError) -> TemplateText {
        guard specification.type == nil || specification.type == "s", specification.sign == 0,
            !specification.isAlternate, specification.grouping == nil
        else { throw failure("a string takes no such format specification") }
        var text = text
        if let precision = specification.precision, precision < text.scalarCount {
            text = text.part(text.byteRange(ofScalars: 0..<precision))
        }
        // Only a zero before the width makes this the alignment of a string; Python then pads on the right.
        if specification.alignment == UInt8(ascii: "=") {
            guard specification.fill.string == "0" else { throw failure("a string cannot be aligned by '='") }
        }
        return try aligned(text, specification, otherwise: .left)
    }

    private func aligned(
        _ text: TemplateText,
        _ specification: FormatSpecification,
        otherwise: Alignment
    ) throws(TemplateError) -> TemplateText {
        let missing = specification.width - text.scalarCount
        guard missing > 0 else { return text }
        let before: Int
        switch specification.alignment {
        case UInt8(ascii: "<"): before = 0
        case UInt8(ascii: ">"): before = missing
        case UInt8(ascii: "^"): before = missing / 2
        default: before = otherwise == .left ? 0 : missing
        }
        var builder = makeBuilder()
        builder.append(specification.fill, times: before)
        builder.append(text)
        builder.append(specification.fill, times: missing - before)
        return try finish(builder)
    }

    /// The sign of a number, with what stands before its digits, and the digits.
    private func numberText(
        _ value: Value,
        _ specification: FormatSpecification
    ) throws(TemplateError) -> (sign: String, digits: String) {
        let type = specification.type
        guard (specification.precision ?? 0) <= NumberText.precisionLimit else {
            throw failure("this precision is too large")
        }
        let isNegative: Bool
        var prefix = ""
        var digits: String
        if let type, "eEfFgG%".contains(type) || { if case .double = value { true } else { false } }() {
            guard "eEfFgG%".contains(type), let number = value.double else {
                throw failure("a number takes no format specification '\(type)'")
            }
            isNegative = number.sign == .minus && !number.isNaN
            digits = NumberText.printed(
                number.isNaN ? .nan : type == "%" ? number.magnitude * 100 : number.magnitude,
                type == "%" ? "f" : type,
                precision: specification.precision ?? 6,
                isAlternate: specification.isAlternate
            )
            if type == "%" { digits += "%" }
        } else if case .double(let number) = value {
            isNegative = number.sign == .minus && !number.isNaN
            guard specification.precision == nil else {
                throw failure("a precision needs 'f', 'e', 'g' or '%' behind it in chat templates")
            }
            digits = NumberText.shortest(number.isNaN ? .nan : number.magnitude)
        } else {
            guard specification.precision == nil, "dxXobn".contains(type ?? "d") else {
                throw failure("an integer takes no such format specification")
            }
            if case .boolean = value, type == nil { return ("", value.isTrue ? "1" : "0") }
            (digits, isNegative) = try self.digits(of: value, type ?? "d")
            if specification.isAlternate { prefix = ["x": "0x", "X": "0X", "o": "0o", "b": "0b"][type ?? "d"] ?? "" }
        }
        if let grouping = specification.grouping {
            guard "deEfFgG%".contains(type ?? "d") || grouping == UInt8(ascii: "_") else {
                throw failure("',' does not group digits of this base")
            }
            guard specification.alignment != UInt8(ascii: "=") || specification.width == 0 else {
                throw failure("grouped digits cannot be filled up with zeros in chat templates")
            }
            digits = Self.grouped(
                digits,
                by: Character(Unicode.Scalar(grouping)),
                size: "xXob".contains(type ?? "d") ? 4 : 3
            )
        }
        let sign =
            isNegative
            ? "-"
            : specification.sign == UInt8(ascii: "+")
                ? "+"
                : specification.sign == UInt8(ascii: " ") ? " " : ""
        return (sign + prefix, digits)
    }

    private static func grouped(_ digits: String, by separator: Character, size: Int) -> String {
        let whole = digits.prefix { $0.isHexDigit }
        var result = ""
        for (index, digit) in whole.enumerated() {
            if index > 0, (whole.count - index) % size == 0 { result.append(separator) }
            result.append(digit)
        }
        return result + digits.dropFirst(whole.count)
    }
}
