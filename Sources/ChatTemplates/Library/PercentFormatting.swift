// `text % values` and the filter `format`: Python's formats with percent signs.
// Not `text.format(...)`: TextFormatting.swift.

extension Renderer {
    /// The text with its `%` conversions filled in from a tuple, a dictionary or a single value.
    func formatted(_ format: TemplateText, _ values: Value) throws(TemplateError) -> TemplateText {
        var filler = PercentFormatter(self, format, values)
        return try filler.run()
    }
}

/// Fills in one format.
private struct PercentFormatter {
    private let renderer: Renderer
    private let format: TemplateText
    private let values: Value
    private var index = 0
    private var used = 0
    private var usesNames = false

    private struct Conversion {
        var isLeft = false
        var isZeroPadded = false
        var hasSign = false
        var hasSpace = false
        var isAlternate = false
        var width: Int?
        var precision: Int?
    }

    init(_ renderer: Renderer, _ format: TemplateText, _ values: Value) {
        self.renderer = renderer
        self.format = format
        self.values = values
    }

    mutating func run() throws(TemplateError) -> TemplateText {
        var builder = renderer.makeBuilder()
        var start = 0
        while let percent = format.utf8[index...].firstIndex(of: UInt8(ascii: "%")) {
            try renderer.spend(1)
            builder.append(format, start..<percent)
            index = percent + 1
            try appendConversion(to: &builder)
            start = index
        }
        builder.append(format, start..<format.utf8.count)
        if case .tuple(let tuple) = values {
            guard used == tuple.items.count || usesNames else { throw notAllUsed }
        } else if used == 0, !usesNames, !isMapping {
            throw notAllUsed
        }
        return try renderer.finish(builder, isMarkup: format.isMarkup)
    }

    private var notAllUsed: TemplateError { renderer.failure("the format does not use all of its values") }

    /// Whether Python would take the values as named ones, of which a format need not use all.
    private var isMapping: Bool {
        switch values {
        case .dictionary, .list, .range, .undefined: true
        default: false
        }
    }

    private mutating func take() throws(TemplateError) -> UInt8 {
        guard index < format.utf8.count else { throw renderer.failure("the format ends within a conversion") }
        defer { index += 1 }
        return format.utf8[index]
    }

    private mutating func nextValue() throws(TemplateError) -> Value {
        if case .tuple(let tuple) = values {
            guard used < tuple.items.count else { throw renderer.failure("the format has too few values") }
            used += 1
            return tuple.items[used - 1]
        }
        guard used == 0 else { throw renderer.failure("the format has too few values") }
        used = 1
        return values
    }

    private mutating func number(_ first: UInt8) throws(TemplateError) -> (number: Int?, next: UInt8) {
        var byte = first
        if byte == UInt8(ascii: "*") {
            return (try renderer.integerArgument(try nextValue(), "%*"), try take())
        }
        var number: Int?
        while (0x30...0x39).contains(byte) {
            number = min((number ?? 0) * 10 + Int(byte - 0x30), 1 << 40)
            byte = try take()
        }
        return (number, byte)
    }

    private mutating func appendConversion(to builder: inout TextBuilder) throws(TemplateError) {
        var conversion = Conversion()
        var named: Value?
        var byte = try take()
        if byte == UInt8(ascii: "(") {
            named = try namedValue()
            byte = try take()
        }
        flags: while true {
            switch byte {
            case UInt8(ascii: "-"): conversion.isLeft = true
            case UInt8(ascii: "0"): conversion.isZeroPadded = true
            case UInt8(ascii: "+"): conversion.hasSign = true
            case UInt8(ascii: " "): conversion.hasSpace = true
            case UInt8(ascii: "#"): conversion.isAlternate = true
            default: break flags
            }
            byte = try take()
        }
        (conversion.width, byte) = try number(byte)
        if let width = conversion.width, width < 0 {
            conversion.isLeft = true
            conversion.width = width == .min ? .max : -width
        }
        if byte == UInt8(ascii: ".") {
            let (precision, next) = try number(try take())
            conversion.precision = max(0, precision ?? 0)
            byte = next
        }
        while [UInt8(ascii: "l"), UInt8(ascii: "h"), UInt8(ascii: "L")].contains(byte) { byte = try take() }
        if byte == UInt8(ascii: "%") {
            builder.append(ascii: byte)
            return
        }
        let value: Value
        if let named { value = named } else { value = try nextValue() }
        let letter = Character(Unicode.Scalar(byte))
        switch letter {
        case "s", "r", "a":
            var text: TemplateText
            if letter == "s" {
                text = try renderer.text(of: value)
            } else {
                var quoted = renderer.makeBuilder()
                try renderer.writeQuoted(value, to: &quoted)
                text = try renderer.finish(quoted)
                guard letter == "r" || text.isASCII else {
                    throw renderer.failure("'%a' is not supported here; use '%r'")
                }
            }
            if format.isMarkup, !text.isMarkup { text = try renderer.escaped(text) }
            if let precision = conversion.precision, precision < text.scalarCount {
                text = text.part(text.byteRange(ofScalars: 0..<precision))
            }
            try append(text, conversion, to: &builder)
        case "c": try append(try character(value), conversion, to: &builder)
        case "d", "i", "u", "x", "X", "o":
            let (digits, isNegative) = try renderer.digits(of: value, letter)
            let zeros = String(repeating: "0", count: max(0, min(conversion.precision ?? 0, 1000) - digits.utf8.count))
            let prefix = conversion.isAlternate ? ["x": "0x", "X": "0X", "o": "0o"][letter] ?? "" : ""
            try append(sign(isNegative, conversion) + prefix, zeros + digits, conversion, to: &builder)
        case "e", "E", "f", "F", "g", "G":
            guard let number = value.double else { throw renderer.wrongType(value, "%\(letter)", wanted: "a number") }
            let precision = conversion.precision ?? 6
            guard precision <= NumberText.precisionLimit else { throw renderer.failure("this precision is too large") }
            let text = NumberText.printed(
                number.isNaN ? .nan : number.magnitude,
                letter,
                precision: precision,
                isAlternate: conversion.isAlternate
            )
            try append(sign(number.sign == .minus && !number.isNaN, conversion), text, conversion, to: &builder)
        default:
            throw renderer.failure("the conversion '%\(letter)' is not supported in chat templates")
        }
    }

    private mutating func namedValue() throws(TemplateError) -> Value {
        let start = index
        var depth = 1
        while depth > 0 {
            switch try take() {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            default: break
            }
        }
        let name = format.part(start..<index - 1)
        guard case .dictionary(let dictionary) = values else {
            throw renderer.failure("a format with names needs a dictionary")
        }
        guard let value = dictionary[.text(name.utf8)] else {
            throw renderer.failure("the values have no '\(name.string)'")
        }
        usesNames = true
        return value
    }

    private func character(_ value: Value) throws(TemplateError) -> TemplateText {
        if case .text(let text) = value, text.scalarCount == 1 { return text }
        guard let index = value.index, let scalar = UInt32(exactly: index).flatMap(Unicode.Scalar.init) else {
            throw renderer.wrongType(value, "%c", wanted: "one character or its number")
        }
        return TemplateText(String(Character(scalar)))
    }

    private func sign(_ isNegative: Bool, _ conversion: Conversion) -> String {
        isNegative ? "-" : conversion.hasSign ? "+" : conversion.hasSpace ? " " : ""
    }

    private func append(
        _ sign: String,
        _ digits: String,
        _ conversion: Conversion,
        to builder: inout TextBuilder
    ) throws(TemplateError) {
        let missing = (conversion.width ?? 0) - sign.utf8.count - digits.utf8.count
        let isPadded = conversion.isZeroPadded && !conversion.isLeft && missing > 0 && digits.utf8.first != 0x69
        var text = renderer.makeBuilder()
        text.append(sign)
        if isPadded { text.append(TemplateText("0"), times: missing) }
        text.append(digits)
        try append(try renderer.finish(text), conversion, to: &builder)
    }

    private func append(
        _ text: TemplateText,
        _ conversion: Conversion,
        to builder: inout TextBuilder
    ) throws(TemplateError) {
        let padded = try renderer.padded(
            text,
            conversion.width ?? 0,
            conversion.isLeft ? .left : .right,
            TemplateText(" ")
        )
        if case .text(let padded) = padded { builder.append(padded) }
    }
}

extension Renderer {
    /// The digits of a number in the base that a conversion means, and whether it is negative.
    func digits(of value: Value, _ conversion: Character) throws(TemplateError) -> (digits: String, isNegative: Bool) {
        let radix = ["x": 16, "X": 16, "o": 8, "b": 2][conversion] ?? 10
        if case .largeInteger(let digits) = value, radix == 10 {
            return (digits.hasPrefix("-") ? String(digits.dropFirst()) : digits, digits.hasPrefix("-"))
        }
        var integer = value.index
        if integer == nil, radix == 10, case .double(let number) = value {
            integer = Int(exactly: number.rounded(.towardZero))
        }
        guard let integer else { throw wrongType(value, "%\(conversion)", wanted: "an integer") }
        return (String(integer.magnitude, radix: radix, uppercase: conversion == "X"), integer < 0)
    }
}
