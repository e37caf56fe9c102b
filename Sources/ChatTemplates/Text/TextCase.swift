// Upper, lower and title case, and the questions about kinds of characters, as Python's str answers them.
// Not locale-aware. Next: Values/Value.swift.

extension TemplateText {
    /// How `mapped` writes the next scalar.
    enum CaseMapping {
        case unchanged, upper, lower, title
    }

    /// The text with the case of each scalar changed as `choose` says, every scalar keeping its origin.
    func mapped(_ choose: (Unicode.Scalar, Range<Int>) -> CaseMapping) -> TemplateText {
        var builder = TextBuilder(limit: .max)
        forEachScalar { scalar, range in
            let mapping = choose(scalar, range)
            if scalar.isASCII {
                builder.append(ascii: Self.mapASCII(utf8[range.lowerBound], mapping), kinds(at: range.lowerBound))
                return
            }
            let properties = scalar.properties
            let text =
                switch mapping {
                case .unchanged: String(Character(scalar))
                case .upper: properties.uppercaseMapping
                case .title: properties.titlecaseMapping
                case .lower: scalar == "Σ" && isFinalSigma(range) ? "ς" : properties.lowercaseMapping
                }
            builder.append(text, kinds(at: range.lowerBound))
        }
        return builder.text(isMarkup: isMarkup)
    }

    private static func mapASCII(_ byte: UInt8, _ mapping: CaseMapping) -> UInt8 {
        switch mapping {
        case .upper, .title: (0x61...0x7A).contains(byte) ? byte - 0x20 : byte
        case .lower: (0x41...0x5A).contains(byte) ? byte + 0x20 : byte
        case .unchanged: byte
        }
    }

    /// *Source* The Unicode Standard, 3.13, condition Final_Sigma.
    private func isFinalSigma(_ range: Range<Int>) -> Bool {
        var before = range.lowerBound
        var follows = false
        while before > 0 {
            before = utf8.scalarStart(before: before)
            let properties = utf8.scalar(at: before).properties
            if properties.isCaseIgnorable { continue }
            follows = properties.isCased
            break
        }
        guard follows else { return false }
        var after = range.upperBound
        while after < utf8.count {
            let properties = utf8.scalar(at: after).properties
            after += utf8.scalarLength(at: after)
            if properties.isCaseIgnorable { continue }
            return !properties.isCased
        }
        return true
    }

    func uppercased() -> TemplateText { mapped { _, _ in .upper } }

    func lowercased() -> TemplateText { mapped { _, _ in .lower } }

    /// The first scalar in title case, the others in lower case.
    func capitalized() -> TemplateText { mapped { _, range in range.lowerBound == 0 ? .title : .lower } }

    /// Each scalar that follows no cased one in title case, the others in lower case.
    func titlecased() -> TemplateText {
        var followsCased = false
        return mapped { scalar, _ in
            let mapping = followsCased ? CaseMapping.lower : .title
            followsCased = scalar.properties.isCased
            return mapping
        }
    }

    func caseSwapped() -> TemplateText {
        mapped { scalar, _ in
            scalar.properties.isUppercase ? .lower : scalar.properties.isLowercase ? .upper : .unchanged
        }
    }

    /// Whether there is a scalar and all of them satisfy `condition`.
    func allScalars(_ condition: (Unicode.Scalar) -> Bool) -> Bool {
        var result = !isEmpty
        forEachScalar { scalar, _ in result = result && condition(scalar) }
        return result
    }

    /// Whether there is a cased scalar and none that is not `wanted`.
    private func allCased(_ wanted: (Unicode.Scalar.Properties) -> Bool) -> Bool {
        var hasWanted = false
        var hasOther = false
        forEachScalar { scalar, _ in
            let properties = scalar.properties
            if wanted(properties) {
                hasWanted = true
            } else if properties.isUppercase || properties.isLowercase
                || properties.generalCategory == .titlecaseLetter
            {
                hasOther = true
            }
        }
        return hasWanted && !hasOther
    }

    var isUppercase: Bool { allCased { $0.isUppercase } }
    var isLowercase: Bool { allCased { $0.isLowercase } }

    /// Whether upper and title case follow uncased scalars only, lower case cased ones only, and there is either.
    var isTitlecase: Bool {
        var followsCased = false
        var hasCased = false
        var isTitle = true
        forEachScalar { scalar, _ in
            let properties = scalar.properties
            if properties.isUppercase || properties.generalCategory == .titlecaseLetter {
                if followsCased { isTitle = false }
                followsCased = true
                hasCased = true
            } else if properties.isLowercase {
                if !followsCased { isTitle = false }
                followsCased = true
                hasCased = true
            } else {
                followsCased = false
            }
        }
        return isTitle && hasCased
    }
}

extension Unicode.Scalar {
    var isLetter: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    var isDecimal: Bool { properties.generalCategory == .decimalNumber }

    var isDigit: Bool { properties.numericType == .decimal || properties.numericType == .digit }

    var isNumeric: Bool { properties.numericType != nil }

    var isAlphanumeric: Bool { isLetter || isNumeric }

    /// Whether Python's repr shows the scalar as it is.
    var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        case .spaceSeparator: self == " "
        default: true
        }
    }
}
