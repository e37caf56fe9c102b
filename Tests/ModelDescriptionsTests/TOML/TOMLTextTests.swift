// Spellings of keys, strings and numbers, read back by TOMLKit.

import TOMLKit
import TestRandomness
import Testing

@testable import ModelDescriptions

struct TOMLTextTests {
    @Test(arguments: [
        (1e-6, "1e-6"), (1e6, "1e6"), (10000, "10000.0"), (1e5, "1e5"), (500_000, "5e5"), (123_456, "123456.0"),
        (0.1, "0.1"), (1.5e-9, "1.5e-9"), (1e22, "1e22"), (-2.5, "-2.5"), (0, "0.0"), (1e16, "1e16"),
        (0.00392156862745098, "0.00392156862745098"), (12_845_056, "12845056.0"), (.infinity, "inf"),
    ])
    func `floats are short`(number: Double, text: String) {
        #expect(TOMLText.float(number) == text)
    }

    @Test func `floats read back as themselves`() throws {
        var generator = SeededGenerator(seed: 1)
        var numbers: [Double] = [.greatestFiniteMagnitude, .leastNonzeroMagnitude, .leastNormalMagnitude, -0.0, 1 / 3]
        while numbers.count < 500 {
            let number = Double(bitPattern: generator.next())
            if number.isFinite { numbers.append(number) }
            numbers.append(Double(Int.random(in: -10_000_000...10_000_000, using: &generator)))
        }
        for number in numbers {
            let table = try TOMLTable(string: "x = \(TOMLText.float(number))")
            #expect(table["x"]?.double?.bitPattern == number.bitPattern, "\(number)")
        }
    }

    @Test(arguments: [
        "", "plain", "two words", "\"quoted\"", "back\\slash", "line\nfeed", "tab\t", "\u{1}\u{1F}\u{7F}\u{9F}",
        "한국어 🙂 e\u{301}", "'single'", "\u{FEFF}\u{2028}", "\r\n", "# no comment",
    ])
    func `strings read back as themselves`(text: String) throws {
        let spelled = TOMLText.string(text)
        #expect(!spelled.contains { $0.isNewline })
        #expect(try TOMLTable(string: "x = \(spelled)")["x"]?.string == text)
        let key = TOMLText.key(text)
        #expect(try TOMLTable(string: "\(key) = 1").keys == [text])
        #expect(throws: Never.self) { try TOMLScanner.scan("\(key) = \(spelled)", file: "t") }
    }

    @Test func `keys are quoted only if they must be`() {
        #expect(TOMLText.key("kv-heads_2") == "kv-heads_2")
        #expect(TOMLText.key("a.b") == "\"a.b\"")
        #expect(TOMLText.key("") == "\"\"")
        #expect(TOMLText.keyPath("a.b", "c") == "a.b.c")
        #expect(TOMLText.keyPath("", "c d") == "\"c d\"")
    }
}
