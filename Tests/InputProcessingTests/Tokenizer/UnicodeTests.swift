// Normal forms, categories and lower case: known values, and laws over random text.
// Agreement with the reference library on every scalar is checked where the tables are made (Scripts/unicode).

import Testing

@testable import InputProcessing

@Suite struct UnicodeTests {
    private func form(_ form: NormalForm, _ text: String) -> String {
        var bytes = Array(text.utf8)
        form.normalize(&bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [
        // text, NFC, NFD, NFKC, NFKD
        ["plain", "plain", "plain", "plain", "plain"],
        ["e\u{301}", "\u{E9}", "e\u{301}", "\u{E9}", "e\u{301}"],
        ["\u{E9}", "\u{E9}", "e\u{301}", "\u{E9}", "e\u{301}"],
        ["\u{1E9B}\u{323}", "\u{1E9B}\u{323}", "\u{17F}\u{323}\u{307}", "\u{1E69}", "s\u{323}\u{307}"],
        ["\u{FB01}", "\u{FB01}", "\u{FB01}", "fi", "fi"],
        ["\u{212B}", "\u{C5}", "A\u{30A}", "\u{C5}", "A\u{30A}"],
        ["\u{AC01}", "\u{AC01}", "\u{1100}\u{1161}\u{11A8}", "\u{AC01}", "\u{1100}\u{1161}\u{11A8}"],
        ["\u{1100}\u{1161}\u{11A8}", "\u{AC01}", "\u{1100}\u{1161}\u{11A8}", "\u{AC01}", "\u{1100}\u{1161}\u{11A8}"],
        [
            "\u{AC00}\u{11A7}", "\u{AC00}\u{11A7}", "\u{1100}\u{1161}\u{11A7}", "\u{AC00}\u{11A7}",
            "\u{1100}\u{1161}\u{11A7}",
        ],
        [
            "a\u{315}\u{300}\u{5AE}b", "\u{E0}\u{5AE}\u{315}b", "a\u{5AE}\u{300}\u{315}b", "\u{E0}\u{5AE}\u{315}b",
            "a\u{5AE}\u{300}\u{315}b",
        ],
        ["\u{344}", "\u{308}\u{301}", "\u{308}\u{301}", "\u{308}\u{301}", "\u{308}\u{301}"],
        ["\u{958}", "\u{915}\u{93C}", "\u{915}\u{93C}", "\u{915}\u{93C}", "\u{915}\u{93C}"],
        ["\u{301}x", "\u{301}x", "\u{301}x", "\u{301}x", "\u{301}x"],
        ["\u{FF21}\u{FF9E}", "\u{FF21}\u{FF9E}", "\u{FF21}\u{FF9E}", "A\u{3099}", "A\u{3099}"],
    ])
    func knownForms(example: [String]) {
        for (kind, expected) in zip([NormalForm.nfc, .nfd, .nfkc, .nfkd], example.dropFirst()) {
            #expect(
                Array(form(kind, example[0]).unicodeScalars) == Array(expected.unicodeScalars),
                "\(kind) of \(example[0])"
            )
        }
    }

    @Test func formsObeyTheirLaws() {
        var fuzzer = TextFuzzer(seed: 31)
        for _ in 0..<2_000 {
            let text = fuzzer.text(pieces: 8)
            let (composed, decomposed) = (form(.nfc, text), form(.nfd, text))
            func same(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
            #expect(same(form(.nfc, composed), composed))
            #expect(same(form(.nfd, decomposed), decomposed))
            #expect(same(form(.nfc, decomposed), composed))
            #expect(same(form(.nfd, composed), decomposed))
            #expect(same(form(.nfkc, form(.nfkd, text)), form(.nfkc, text)))
            #expect(same(form(.nfkd, form(.nfc, text)), form(.nfkd, text)))
            // Text in order passes through unchanged, wherever it is cut.
            let joined = composed + " " + composed
            #expect(same(form(.nfc, joined), joined))
        }
    }

    /// Swift's strings compare by canonical equivalence, with Unicode tables of their own: in old scripts both agree.
    @Test func canonicalFormsAreEquivalentToTheirText() {
        var fuzzer = TextFuzzer(seed: 32)
        let ranges: [ClosedRange<UInt32>] = [
            0x41...0x24F, 0x300...0x345, 0x370...0x3FF, 0x1100...0x11F9, 0x1E00...0x1FFF, 0xAC00...0xD7A3,
            0xF900...0xFA2D,
        ]
        for _ in 0..<2_000 {
            var scalars = String.UnicodeScalarView()
            for _ in 0..<8 {
                if let scalar = Unicode.Scalar(UInt32.random(in: fuzzer.pick(ranges), using: &fuzzer)) {
                    scalars.append(scalar)
                }
            }
            let text = String(scalars)
            #expect(form(.nfc, text) == text && form(.nfd, text) == text)
        }
    }

    @Test func longRunsOfMarksTakeLinearithmicTime() {
        let marks = String(repeating: "\u{301}\u{323}", count: 200_000)
        let normalized = form(.nfc, "a" + marks)
        #expect(normalized.unicodeScalars.count == 400_000)
        #expect(normalized.unicodeScalars.first == "\u{1EA1}")
    }

    @Test func categoriesCoverEveryScalarOnce() {
        var total = 0
        var union = ScalarSet.empty
        for category in ScalarCategory.allCases {
            let set = ScalarSet.category(category)
            total += set.ranges.reduce(0) { $0 + $1.count }
            union = union.union(set)
        }
        #expect(total == 0x110000 - 0x800)
        #expect(union == ScalarSet([0...0xD7FF, 0xE000...0x10FFFF]))
        func isIn(_ scalar: Unicode.Scalar, _ category: ScalarCategory) -> Bool {
            ScalarSet.category(category).contains(scalar)
        }
        #expect(isIn("A", .uppercaseLetter) && isIn("ß", .lowercaseLetter) && isIn("ǅ", .titlecaseLetter))
        #expect(isIn("ʰ", .modifierLetter) && isIn("한", .otherLetter) && isIn("\u{301}", .nonspacingMark))
        #expect(isIn("٣", .decimalNumber) && isIn("ⅷ", .letterNumber) && isIn("½", .otherNumber))
        #expect(isIn("€", .currencySymbol) && isIn("\u{E000}", .privateUse) && isIn("\u{10FFFF}", .unassigned))
        // U+1C89 came with Unicode 16, U+088F with Unicode 17, which the reference's patterns do not know.
        #expect(isIn("\u{1C89}", .uppercaseLetter) && isIn("\u{88F}", .unassigned))
    }

    @Test func setsObeyTheirLaws() {
        var fuzzer = TextFuzzer(seed: 33)
        func randomSet() -> ScalarSet {
            ScalarSet(
                (0..<Int.random(in: 0...5, using: &fuzzer)).map { _ in
                    let first = UInt32.random(in: 0...60, using: &fuzzer)
                    return first...(first + UInt32.random(in: 0...9, using: &fuzzer))
                }
            )
        }
        for _ in 0..<500 {
            let (left, right) = (randomSet(), randomSet())
            for value in UInt32(0)..<80 {
                guard let scalar = Unicode.Scalar(value) else { continue }
                let (inLeft, inRight) = (left.contains(scalar), right.contains(scalar))
                #expect(left.union(right).contains(scalar) == (inLeft || inRight))
                #expect(left.intersection(right).contains(scalar) == (inLeft && inRight))
                #expect(left.subtracting(right).contains(scalar) == (inLeft && !inRight))
                #expect(left.inverse.contains(scalar) == !inLeft)
            }
            #expect(left.inverse.inverse == left)
            let table = ScalarTable(runs: left.ranges.map { ($0, UInt8(1)) }, fallback: 0)
            for value in UInt32(0)..<600 { #expect((table[value] == 1) == Unicode.Scalar(value).map(left.contains)) }
        }
    }

    @Test(arguments: [
        ("ÀÉÎ", "àéî"), ("İ", "i\u{307}"), ("ΑΣ", "ασ"), ("ẞ", "ß"), ("Ⅷ", "ⅷ"), ("aß漢", "aß漢"), ("𐐀", "𐐨"),
        ("Ǆǅ", "ǆǆ"),
    ])
    func lowerCase(text: String, expected: String) {
        var bytes = Array(text.utf8)
        Lowercase.apply(to: &bytes)
        // No final sigma: the mapping knows scalars, not words.
        #expect(bytes == Array(expected.utf8))
    }
}
