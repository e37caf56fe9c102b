// Places of keys and values in TOML of every shape, and agreement with TOMLKit on what there is.

import Diagnostics
import TOMLKit
import Testing

@testable import ModelDescriptions

struct TOMLScannerTests {
    /// The places of `text` as `line:column-line:column` of the value, by key path.
    private func places(_ text: String) throws -> [String: String] {
        var diagnostics = DiagnosticCollector()
        let root = try #require(TOMLDocument.parse(text, file: "t", reporting: &diagnostics))
        return root.sourceMap().entries.mapValues { entry in
            let value = entry.value
            return "\(value.start.line):\(value.start.column)-\(value.endLine):\(value.endColumn)"
        }
    }

    private func keys(_ text: String) throws -> [String: String] {
        var diagnostics = DiagnosticCollector()
        let root = try #require(TOMLDocument.parse(text, file: "t", reporting: &diagnostics))
        return root.sourceMap().entries.mapValues { "\($0.key.start.line):\($0.key.start.column)" }
    }

    @Test func `plain values`() throws {
        let text = """
            a = 1   # one
            bee = -1.5e3\t
            c=true
            d = 1979-05-27 07:32:00Z # a date with a blank
            e = inf
            """
        #expect(
            try places(text) == [
                "a": "1:5-1:6", "bee": "2:7-2:13", "c": "3:3-3:7", "d": "4:5-4:25", "e": "5:5-5:8",
            ]
        )
        #expect(try keys(text)["bee"] == "2:1")
    }

    @Test func `strings with brackets, hashes, quotes and escapes inside`() throws {
        let text = #"""
            a = "x # ] } , \" \\"
            b = 'C:\dir\ # no escape'
            c = ["#", ']', "\u00e9"] # end
            d = { "k]" = "}", 'q"' = 2 }
            """#
        let found = try places(text)
        #expect(found["a"] == "1:5-1:22")
        #expect(found["b"] == "2:5-2:26")
        #expect(found["c[2]"] == "3:16-3:24")
        #expect(found["d.\"k]\""] == "4:14-4:17")
        #expect(found["d.\"q\\\"\""] == "4:26-4:27")
    }

    @Test func `strings over lines`() throws {
        let text = ###"""
            a = """
            one "quoted" and ""two""
            [not.a.table]
            b = 3 \"""
            end"""
            b = '''
            '' \''''
            c = """"four quotes, five at the end"""""
            d = """folded \
                 on"""
            e = 1
            """###
        #expect(
            try places(text) == [
                "a": "1:5-5:7", "b": "6:5-7:9", "c": "8:5-8:42", "d": "9:5-10:11", "e": "11:5-11:6",
            ]
        )
    }

    @Test func `tables, dotted keys and tables of dotted keys`() throws {
        let text = """
            top.of . the = 1
            [a.b]
            c = 1
            "d e".f = 2
            [ a . 'x.y' ]
            g = 3
            [a]
            h.i = 4
            """
        let found = try places(text)
        #expect(found["top.of.the"] == "1:16-1:17")
        #expect(found["a.b"] == "2:1-2:6")
        #expect(found["a.b.c"] == "3:5-3:6")
        #expect(found["a.b.\"d e\".f"] == "4:11-4:12")
        #expect(found["a.\"x.y\""] == "5:1-5:14")
        #expect(found["a.\"x.y\".g"] == "6:5-6:6")
        #expect(found["a"] == "7:1-7:4")
        #expect(found["a.h.i"] == "8:7-8:8")
        #expect(try keys(text)["top.of"] == "1:5")
        #expect(try keys(text)["a.\"x.y\""] == "5:7")
    }

    @Test func `arrays of tables, with tables inside the last one`() throws {
        let text = """
            [[fruit]]
            name = "apple"
            [fruit.physical]
            colour = "red"
            [[fruit.variety]]
            name = "red delicious"
            [[fruit.variety]]
            name = "granny smith"
            [[fruit]]
            name = "banana"
            """
        let found = try places(text)
        #expect(found["fruit[0].name"] == "2:8-2:15")
        #expect(found["fruit[0].physical"] == "3:1-3:17")
        #expect(found["fruit[0].physical.colour"] == "4:10-4:15")
        #expect(found["fruit[0].variety[1].name"] == "8:8-8:22")
        #expect(found["fruit[1]"] == "9:1-9:10")
        #expect(found["fruit[1].name"] == "10:8-10:16")
    }

    @Test func `arrays over lines with comments, and nested ones`() throws {
        let text = """
            a = [ # first
              1, # one ]
              [2, 3,],

              { x = 4, y.z = [5] },
            ]
            b = []
            c = {}
            """
        #expect(
            try places(text) == [
                "a": "1:5-6:2", "a[0]": "2:3-2:4", "a[1]": "3:3-3:10", "a[1][0]": "3:4-3:5", "a[1][1]": "3:7-3:8",
                "a[2]": "5:3-5:23", "a[2].x": "5:9-5:10", "a[2].y": "5:12-5:13", "a[2].y.z": "5:18-5:21",
                "a[2].y.z[0]": "5:19-5:20", "b": "7:5-7:7", "c": "8:5-8:7",
            ]
        )
    }

    @Test func `columns count scalars, and lines may end with carriage returns`() throws {
        let found = try places("# 한국어\r\n\"키é\" = \"값🙂\" # x\r\nb = 1\r\n")
        #expect(found["\"키é\""] == "2:8-2:12")
        #expect(found["b"] == "3:5-3:6")
    }

    @Test func `a byte order mark has no width`() throws {
        #expect(try places("\u{FEFF}a = 1") == ["a": "1:5-1:6"])
    }

    @Test func `keys with escapes are the keys that they spell`() throws {
        #expect(try places(#""a\tb\u00e9\U0001F600\"" = 1"#).keys.first == #""a\tbé😀\"""#)
    }

    @Test func `depth is allowed up to the limit`() throws {
        let limit = TOMLScanner.deepest
        func isTooDeep(_ text: String) -> Bool {
            do throws(TOMLGrammarError) {
                _ = try TOMLScanner.scan(text, file: "t")
                return false
            } catch {
                return error.diagnostic.message.contains("deep")
            }
        }
        let dotted = Array(repeating: "a", count: limit).joined(separator: ".")
        #expect(!isTooDeep("\(dotted) = 1"))
        #expect(isTooDeep("\(dotted).a = 1"))
        #expect(!isTooDeep("[\(dotted)]"))
        #expect(isTooDeep("[\(dotted).a]"))
        func nested(_ depth: Int) -> String {
            "a = " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(!isTooDeep(nested(limit)))
        #expect(isTooDeep(nested(limit + 1)))
    }

    // MARK: - Text that is not TOML

    @Test(arguments: [
        ("a", "1:2: expected `=` after the key, found the end of the file"),
        ("a\nb = 1", "1:2: expected `=` after the key, found the end of the line"),
        ("a b = 1", "1:3: expected `=` after the key, found `b`"),
        ("= 1", "1:1: expected a key, found `=`"),
        ("a. = 1", "1:4: expected a key, found `=`"),
        ("é = 1", "1:1: expected a key, found `é`"),
        ("a =", "1:4: expected a value, found the end of the file"),
        ("a = # none", "1:5: expected a value, found `#`"),
        ("a = 1 b = 2", "1:7: expected the end of the line, found `b`"),
        ("a = 1\rb = 2", "1:6: expected the end of the line, found the control character U+000D"),
        ("[=]", "1:2: expected a key, found `=`"),
        ("[]", "1:2: expected a key, found `]`"),
        ("[a", "1:3: expected `]`, found the end of the file"),
        ("[a]]", "1:4: expected the end of the line, found `]`"),
        ("[[a]", "1:5: expected `]`, found the end of the file"),
        ("[a] b = 1", "1:5: expected the end of the line, found `b`"),
        ("a = [1 2]", "1:8: expected `,` or `]` after an element, found `2`"),
        ("a = [1", "1:7: expected `,` or `]` after an element, found the end of the file"),
        ("a = [,]", "1:6: expected a value, found `,`"),
        ("a = {b = 1", "1:11: expected `,` or `}` after a value, found the end of the file"),
        ("a = {b = 1,}", "1:12: expected a key, found `}`"),
        ("a = {b = 1\n}", "1:11: expected `,` or `}` after a value, found the end of the line"),
        ("a = \"b", "1:5: this string has no closing quote on its line"),
        ("a = \"b\n\"", "1:5: this string has no closing quote on its line"),
        ("a = 'b", "1:5: this string has no closing quote on its line"),
        ("a = \"\"\"b\"\"", "1:5: this string has no closing quotes"),
        ("a = '''b''", "1:5: this string has no closing quotes"),
        ("a = \"\\q\"", "1:6: there is no escape for `q`"),
        ("a = \"\"\"\\q\"\"\"", "1:8: there is no escape for `q`"),
        ("a = \"\\u12\"", "1:6: expected 4 hexadecimal digits"),
        ("a = \"\\u+123\"", "1:6: expected 4 hexadecimal digits"),
        ("a = \"\\ud800\"", "1:6: this is no Unicode scalar value"),
        ("a = \"\\U00110000\"", "1:6: this is no Unicode scalar value"),
        ("a = \"\\", "1:7: expected an escape, found the end of the file"),
        ("a = \"\u{7}\"", "1:6: the control character U+0007 cannot stand here"),
        ("a = '\u{7F}'", "1:6: the control character U+007F cannot stand here"),
        ("# \u{1}", "1:3: the control character U+0001 cannot stand here"),
        ("\u{0}", "1:1: expected a key, found the control character U+0000"),
        ("a = 1\na = 2", "2:1: this key stands here a second time"),
        ("a = {b = 1, b = 2}", "1:13: this key stands here a second time"),
        ("a.b = 1\na = 2", "2:1: this key stands here a second time"),
        ("[a]\n[a]", "2:1: this table stands here a second time"),
        ("a = 1\n[a]", "2:1: error while parsing table header: cannot redefine existing integer 'a' as table"),
    ])
    func `text that is not TOML is refused where it goes wrong`(text: String, expected: String) throws {
        var diagnostics = DiagnosticCollector()
        #expect(TOMLDocument.parse(text, file: "t", reporting: &diagnostics) == nil)
        let diagnostic = try #require(diagnostics.sorted.first)
        let message = diagnostic.message.replacing("this is not TOML: ", with: "")
        let place = try #require(diagnostic.location)
        let found = "\(place.line):\(place.column): \(message)"
        #expect(found.hasPrefix(expected), "\(found)")
    }

    @Test(arguments: [
        "0", "-0", "+17", "1_000", "0xDEAD_beef", "0o17", "0b1010", "1.5", "-0.0", "1e6", "1E-06", "6.626_070e-34",
        "inf", "-inf", "+nan", "true", "false", "1979-05-27", "07:32:00", "07:32:00.999999", "1979-05-27T07:32:00",
        "1979-05-27t07:32:00.5z", "1979-05-27 07:32:00Z", "1979-05-27T00:32:00.999-07:00",
    ])
    func `plain values are what TOML says`(value: String) {
        #expect(throws: Never.self) { try TOMLScanner.scan("a = \(value)", file: "t") }
        #expect(throws: Never.self) { try TOMLScanner.scan("a = [\(value),\(value)] # x", file: "t") }
        #expect(throws: Never.self) { try TOMLTable(string: "a = \(value)") }
    }

    @Test(arguments: [
        "01", "1__0", "_1", "1_", "0x", "0xg", "0X1", "-0x1", "0b2", "1.", ".5", "1.e5", "1e", "1e+", "1._5", "+-1",
        "Inf", "NaN", "True", "yes", "null", "1979-5-27", "1979-05-27T", "07:32", "07:32:00.", "07:32:00Z",
        "1979-05-27T07:32:00+7", "12:30:00-07:00", "--1", "a", "1a", "$", "é", "-", "+",
    ])
    func `nothing else is a plain value`(value: String) {
        #expect(throws: TOMLGrammarError.self) { try TOMLScanner.scan("a = \(value)", file: "t") }
    }

    // MARK: - Agreement with the parser

    /// Every value that TOMLKit finds has a place, and the text at that place is a spelling of that value.
    static func checkAgreement(_ text: String) throws {
        guard let root = try? TOMLScanner.scan(text, file: "t"), let table = try? TOMLTable(string: text) else {
            return
        }
        // A byte order mark has no column.
        var scalars = text.unicodeScalars[...]
        if scalars.first == "\u{FEFF}" { scalars = scalars.dropFirst() }
        let lines = scalars.split(separator: "\n", omittingEmptySubsequences: false).map(Array.init)
        try check(table, root, lines)
    }

    private static func check(_ table: TOMLTable, _ place: TOMLPlace, _ lines: [[Unicode.Scalar]]) throws {
        #expect(Set(table.keys) == Set(place.children.keys))
        for key in table.keys {
            let value = try #require(table[key])
            try check(value, try #require(place.children[key]), lines)
        }
    }

    private static func check(
        _ value: any TOMLValueConvertible,
        _ place: TOMLPlace,
        _ lines: [[Unicode.Scalar]]
    ) throws {
        if let table = value.table {
            try check(table, place, lines)
        } else if let array = value.array {
            try #require(array.count == place.elements.count)
            for (element, elementPlace) in zip(array, place.elements) { try check(element, elementPlace, lines) }
        } else {
            let spelled = excerpt(place.value, lines)
            let again = try TOMLTable(string: "x = \(spelled)")
            let copy = try #require(again["x"])
            #expect(copy.debugDescription == value.debugDescription)
        }
    }

    private static func excerpt(_ span: SourceSpan, _ lines: [[Unicode.Scalar]]) -> String {
        var scalars: [Unicode.Scalar] = []
        for line in span.start.line...span.endLine {
            let whole = lines[line - 1]
            let first = line == span.start.line ? span.start.column - 1 : 0
            let last = line == span.endLine ? span.endColumn - 1 : whole.count
            scalars += whole[first..<last]
            if line < span.endLine { scalars.append("\n") }
        }
        return String(String.UnicodeScalarView(scalars))
    }

    @Test func `places agree with values in the examples`() throws {
        for text in [Example.visionLanguage, Example.language] { try Self.checkAgreement(text) }
    }
}
