// General categories and the named sets that patterns and splitters use, as the reference library has them.
// Not Swift's own Unicode tables: those are of another Unicode version. Next: Tables/CategoryTables.swift.

/// A general category by its two-letter name.
enum ScalarCategory: String, CaseIterable, Sendable {
    case uppercaseLetter = "Lu"
    case lowercaseLetter = "Ll"
    case titlecaseLetter = "Lt"
    case modifierLetter = "Lm"
    case otherLetter = "Lo"
    case nonspacingMark = "Mn"
    case spacingMark = "Mc"
    case enclosingMark = "Me"
    case decimalNumber = "Nd"
    case letterNumber = "Nl"
    case otherNumber = "No"
    case connectorPunctuation = "Pc"
    case dashPunctuation = "Pd"
    case openPunctuation = "Ps"
    case closePunctuation = "Pe"
    case initialPunctuation = "Pi"
    case finalPunctuation = "Pf"
    case otherPunctuation = "Po"
    case mathSymbol = "Sm"
    case currencySymbol = "Sc"
    case modifierSymbol = "Sk"
    case otherSymbol = "So"
    case spaceSeparator = "Zs"
    case lineSeparator = "Zl"
    case paragraphSeparator = "Zp"
    case control = "Cc"
    case format = "Cf"
    case privateUse = "Co"
    case unassigned = "Cn"
}

extension ScalarSet {
    /// The scalars of one general category.
    static func category(_ category: ScalarCategory) -> ScalarSet { categories[category] ?? .empty }

    /// The scalars of every category whose name starts with `letter`, such as L for letters.
    static func categories(startingWith letter: Character) -> ScalarSet {
        ScalarCategory.allCases.filter { $0.rawValue.first == letter }.map(category).reduce(.empty) { $0.union($1) }
    }

    /// What `\s` matches: the property White_Space.
    static let whiteSpace = ScalarSet([
        0x09...0x0D, 0x20...0x20, 0x85...0x85, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029,
        0x202F...0x202F, 0x205F...0x205F, 0x3000...0x3000,
    ])

    /// What `\w` matches in a `Split` or `Replace` pattern.
    static let word = ScalarSet(table: CategoryTables.wordBeyondCategories)
        .union(categories(startingWith: "L")).union(categories(startingWith: "M"))
        .union(category(.decimalNumber)).union(category(.letterNumber)).union(category(.connectorPunctuation))

    /// What counts as part of a word for `single_word` added tokens and the `Whitespace` splitter, whose regular
    /// expressions come from another library: joiners do, superscript digits and vulgar fractions do not.
    static let wordOfAddedTokens = word.subtracting(ScalarSet([0xB2...0xB3, 0xB9...0xB9, 0xBC...0xBE]))
        .union(ScalarSet([0x200C...0x200D]))

    /// What the `Digits` splitter splits off.
    static let numeric = categories(startingWith: "N")
        .union(ScalarSet(table: CategoryTables.numericBeyondCategories))

    /// What the `Punctuation` splitter splits off.
    static let punctuation = ScalarSet(table: CategoryTables.punctuation)

    /// The script Han.
    static let han = ScalarSet(table: CategoryTables.han)

    /// What `\p{name}` stands for, or nil when the name is not supported.
    static func property(named name: String) -> ScalarSet? {
        if name == "Han" { return han }
        if name == "Any" { return all }
        if name.utf8.count == 1, let letter = name.first {
            let set = categories(startingWith: letter)
            return set == .empty ? nil : set
        }
        return ScalarCategory(rawValue: name).map(category)
    }

    private static let categories: [ScalarCategory: ScalarSet] = {
        var ranges: [ScalarCategory: [ClosedRange<UInt32>]] = [:]
        var cursor = TableCursor(CategoryTables.categories)
        var first: UInt32 = 0
        while !cursor.isAtEnd {
            let name = String(decoding: [cursor.byte(), cursor.byte()], as: UTF8.self)
            // No run crosses the surrogates; one ends before them.
            let last = first + cursor.hexadecimal() - 1
            if let category = ScalarCategory(rawValue: name) { ranges[category, default: []].append(first...last) }
            first = last + 1 == 0xD800 ? 0xE000 : last + 1
        }
        return ranges.mapValues { ScalarSet($0) }
    }()
}
