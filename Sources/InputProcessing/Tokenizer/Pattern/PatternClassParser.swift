// Character classes and escapes of split patterns: [...], \s, \p{L}, \x41, with ranges, nesting and intersections.
// Not the structure around them. Next: PatternProgram.swift.

extension PatternParser {
    /// Reads `[...]`.
    mutating func characterClass(ignoresCase: Bool) throws(PatternError) -> ScalarSet {
        let start = index
        index += 1
        let isNegated = take("^")
        if next == "]" { throw error("an empty character class") }
        var intersected: ScalarSet?
        var ranges: [ClosedRange<UInt32>] = []
        func combined() -> ScalarSet { intersected?.intersection(ScalarSet(ranges)) ?? ScalarSet(ranges) }
        while let scalar = next {
            if scalar == "]" {
                index += 1
                return isNegated ? combined().inverse : combined()
            }
            if ignoresCase, scalar == "[" || scalars[index...].starts(with: "&&".unicodeScalars) {
                throw error("a class inside a class where case is ignored is not supported")
            }
            if scalar == "[" {
                if scalars[index...].starts(with: "[:".unicodeScalars) {
                    throw error("a POSIX class such as [:alpha:] is not supported; use \\p{L}, \\s or \\d")
                }
                let inner = try nested { parser throws(PatternError) in
                    try parser.characterClass(ignoresCase: false)
                }
                ranges += inner.ranges
            } else if take("&&") {
                intersected = combined()
                ranges = []
            } else {
                ranges += try classMember(ignoresCase: ignoresCase).ranges
            }
        }
        throw error("the character class is not closed", at: start)
    }

    /// Reads one scalar, escape or range of a class.
    private mutating func classMember(ignoresCase: Bool) throws(PatternError) -> ScalarSet {
        let start = index
        let (set, first) = try classScalar(ignoresCase: ignoresCase)
        // A hyphen at the end of a class, or before "&&", stands for itself.
        let isRange = !["-]", "-&&"].contains { scalars[index...].starts(with: $0.unicodeScalars) }
        guard isRange, take("-") else { return set }
        guard let first else { throw error("a set such as \\s cannot start a range", at: start) }
        guard next != "[", let last = try classScalar(ignoresCase: false).scalar else {
            throw error("a set such as \\s cannot end a range")
        }
        guard first <= last else { throw error("the range is in the wrong order", at: start) }
        return try folded(ScalarSet([first.value...last.value]), ignoresCase: ignoresCase, at: start)
    }

    private mutating func classScalar(
        ignoresCase: Bool
    ) throws(PatternError) -> (set: ScalarSet, scalar: Unicode.Scalar?) {
        guard let scalar = next else { throw error("the character class is not closed") }
        if scalar == "\\" { return try escape(ignoresCase: ignoresCase) }
        index += 1
        return (try folded(ScalarSet(scalar), ignoresCase: ignoresCase, at: index - 1), scalar)
    }

    /// Reads an escape that stands for a set, or for one scalar, which is then returned too.
    mutating func escape(ignoresCase: Bool) throws(PatternError) -> (set: ScalarSet, scalar: Unicode.Scalar?) {
        let start = index
        index += 1
        guard let scalar = next else { throw error("the pattern ends in a backslash", at: start) }
        index += 1
        switch scalar {
        case "s": return (.whiteSpace, nil)
        case "S": return (ScalarSet.whiteSpace.inverse, nil)
        case "d": return (.category(.decimalNumber), nil)
        case "D": return (ScalarSet.category(.decimalNumber).inverse, nil)
        case "w": return (.word, nil)
        case "W": return (ScalarSet.word.inverse, nil)
        case "p", "P":
            guard !ignoresCase else { throw error("\\p where case is ignored is not supported", at: start) }
            let set = try property(from: start)
            return (scalar == "P" ? set.inverse : set, nil)
        case "t": return (ScalarSet("\t"), "\t")
        case "n": return (ScalarSet("\n"), "\n")
        case "r": return (ScalarSet("\r"), "\r")
        case "f": return (ScalarSet("\u{C}"), "\u{C}")
        case "v": return (ScalarSet("\u{B}"), "\u{B}")
        case "a": return (ScalarSet("\u{7}"), "\u{7}")
        case "e": return (ScalarSet("\u{1B}"), "\u{1B}")
        case "x", "u":
            let value = try hexadecimal(after: scalar, from: start)
            return (try folded(ScalarSet(value), ignoresCase: ignoresCase, at: start), value)
        default:
            let isAlphanumeric = scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            guard !isAlphanumeric else { throw error("the escape \\\(scalar) is not supported", at: start) }
            return (ScalarSet(scalar), scalar)
        }
    }

    /// Reads `{name}` or `{^name}` behind `\p`.
    private mutating func property(from start: Int) throws(PatternError) -> ScalarSet {
        guard take("{"), let end = scalars[index...].firstIndex(of: "}") else {
            throw error("expected {name} behind \\p", at: start)
        }
        let isNegated = take("^")
        let name = String(String.UnicodeScalarView(scalars[index..<end]))
        guard let set = ScalarSet.property(named: name) else {
            throw error(
                "the property \"\(name)\" is not supported; supported are general categories such as L, Lu, N and Han",
                at: start
            )
        }
        index = end + 1
        return isNegated ? set.inverse : set
    }

    /// Reads `41` or `{1F600}` behind `\x`, or `0041` behind `\u`.
    private mutating func hexadecimal(after letter: Unicode.Scalar, from start: Int) throws(PatternError)
        -> Unicode.Scalar
    {
        let isBraced = letter == "x" && take("{")
        let limit = isBraced ? 8 : letter == "x" ? 2 : 4
        var digits = ""
        while let scalar = next, digits.count < limit, Character(scalar).isHexDigit, scalar.isASCII {
            digits.unicodeScalars.append(scalar)
            index += 1
        }
        let isComplete = isBraced ? take("}") : digits.count == limit
        guard isComplete, let value = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(value) else {
            throw error("expected the hexadecimal value of a character behind \\\(letter)", at: start)
        }
        return scalar
    }

    /// The set with the other case of its ASCII letters, and the two scalars outside ASCII that fold to such letters.
    func folded(_ set: ScalarSet, ignoresCase: Bool, at offset: Int) throws(PatternError) -> ScalarSet {
        guard ignoresCase else { return set }
        var result = set
        for range in set.ranges {
            guard range.upperBound < 0x80 else {
                if range.count == 1, let scalar = Unicode.Scalar(range.lowerBound), !scalar.properties.isCased,
                    !scalar.properties.changesWhenCaseFolded
                {
                    continue
                }
                throw error("ignoring case beyond ASCII is not supported", at: offset)
            }
            for value in range where (0x41...0x5A).contains(value & ~0x20) {
                result = result.union(ScalarSet([(value & ~0x20)...(value & ~0x20), (value | 0x20)...(value | 0x20)]))
                if value | 0x20 == 0x73 { result = result.union(ScalarSet("\u{17F}")) }
                if value | 0x20 == 0x6B { result = result.union(ScalarSet("\u{212A}")) }
            }
        }
        return result
    }
}
