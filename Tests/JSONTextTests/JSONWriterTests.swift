// The writer's exact bytes: escapes, order, layout, numbers.
// Not what reading makes of them: JSONPropertyTests.swift goes there and back.

import Testing

@testable import JSONText

@Suite struct JSONWriterTests {
    @Test func writesCompactText() throws {
        var writer = JSONWriter()
        try writer.object { writer throws(JSONWriterError) in
            writer.key("b")
            writer.array { writer in
                writer.integer(1)
                writer.boolean(false)
                writer.null()
                writer.array { _ in }
                writer.object { _ in }
            }
            writer.key("a \"quoted\"")
            try writer.double(0.1)
            writer.key("f")
            try writer.float(16_777_216)
        }
        #expect(writer.text == #"{"b":[1,false,null,[],{}],"a \"quoted\"":0.1,"f":16777216.0}"#)
    }

    @Test func writesIndentedText() {
        var writer = JSONWriter(layout: .indented)
        writer.object { writer in
            writer.key("tokens")
            writer.array { writer in
                writer.integer(3)
                writer.string("x")
            }
            writer.key("none")
            writer.array { _ in }
        }
        #expect(writer.text == "{\n  \"tokens\": [\n    3,\n    \"x\"\n  ],\n  \"none\": []\n}")
    }

    @Test func escapesWhatHasToBeEscapedAndNothingElse() {
        var writer = JSONWriter()
        writer.string("\u{0}\u{1}\u{8}\t\n\u{B}\u{C}\r\u{1F} \"\\/\u{7F}é한😀\u{2028}")
        #expect(
            writer.text == #""\u0000\u0001\u0008\t\n\u000b\u000c\r\u001f \"\\/"# + "\u{7F}é한😀\u{2028}\""
        )
    }

    @Test(arguments: [
        (0.0, "0.0"), (-0.0, "-0.0"), (1.0, "1.0"), (0.1, "0.1"), (1e16, "1e+16"), (5e-7, "5e-07"),
        (Double.greatestFiniteMagnitude, "1.7976931348623157e+308"), (Double.leastNonzeroMagnitude, "5e-324"),
        (1.0 / 3.0, "0.3333333333333333"),
    ])
    func writesTheShortestDoubleThatReadsBack(value: Double, expected: String) throws {
        var writer = JSONWriter()
        try writer.double(value)
        #expect(writer.text == expected)
        #expect(try JSONDocument(writer.text).root.double?.bitPattern == value.bitPattern)
    }

    @Test func refusesWhatJSONHasNoNumberFor() {
        var writer = JSONWriter()
        #expect(throws: JSONWriterError.notFinite("nan")) { try writer.double(.nan) }
        #expect(throws: JSONWriterError.notFinite("inf")) { try writer.double(.infinity) }
        #expect(throws: JSONWriterError.notFinite("-inf")) { try writer.float(-.infinity) }
        #expect(writer.text == "")
    }

    @Test func sortsKeysByTheirBytesWhenAsked() throws {
        let root = try JSONDocument("{\"b\":{\"z\":1,\"a\":2},\"\u{E9}\":3,\"e\u{301}\":4,\"B\":5}").root
        var given = JSONWriter()
        given.value(root)
        #expect(given.text.utf8.elementsEqual("{\"b\":{\"z\":1,\"a\":2},\"\u{E9}\":3,\"e\u{301}\":4,\"B\":5}".utf8))
        var sorted = JSONWriter()
        sorted.value(root, keys: .sorted)
        #expect(sorted.text.utf8.elementsEqual("{\"B\":5,\"b\":{\"a\":2,\"z\":1},\"e\u{301}\":4,\"\u{E9}\":3}".utf8))
    }
}
