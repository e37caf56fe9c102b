// The pull reader: walking, skipping, lending strings, and saying what it found instead.
// Not the grammar: JSONGrammarTests.swift.

import Testing

@testable import JSONText

@Suite struct JSONReaderTests {
    @Test func walksAnObjectInOrder() throws {
        let text = #"{"a": 1, "skip": {"deep": [1, {"x": "]}"}]}, "list": [true, null, "s"], "last": -7}"#
        let seen = try withReader(Array(text.utf8)) { reader in
            var seen: [String] = []
            try reader.enterObject()
            while let key = try reader.nextKey() {
                if key == "a" || key == "last" {
                    seen.append("\(key.string)=\(try reader.readInteger())")
                } else if key == "list" {
                    try reader.enterArray()
                    var elements: [String] = []
                    while try reader.hasNextElement() {
                        switch try reader.peek() {
                        case .boolean: elements.append("\(try reader.readBoolean())")
                        case .string: elements.append(try reader.readString().string)
                        default:
                            try reader.readNull()
                            elements.append("null")
                        }
                    }
                    seen.append("list=\(elements)")
                } else {
                    let range = try reader.skipValue()
                    seen.append("\(key.string) skipped \(range.count)")
                }
            }
            try reader.finish()
            return seen
        }
        #expect(seen == ["a=1", "skip skipped 26", #"list=["true", "null", "s"]"#, "last=-7"])
    }

    @Test func aSecondReaderStandsWhereTheFirstOneSkipped() throws {
        let text = #"{"later": [1, 2, 3], "first": 5}"#
        let values = try withReader(Array(text.utf8)) { reader in
            try reader.enterObject()
            var later: JSONReader?
            var values: [Int] = []
            while let key = try reader.nextKey() {
                if key == "later" {
                    later = reader.reader(at: try reader.skipValue().lowerBound)
                } else {
                    values.append(try reader.readInteger())
                }
            }
            var second = try #require(later)
            try second.enterArray()
            while try second.hasNextElement() { values.append(try second.readInteger()) }
            return values
        }
        #expect(values == [5, 1, 2, 3])
    }

    @Test(arguments: [
        (#""plain""#, "plain", false), (#""\u0041\n""#, "A\n", true), (#""😀\ud83d\ude00""#, "😀😀", true),
        (#""\\u0041""#, "\\u0041", true), ("\"\"", "", false), (#""a\/b\"c""#, "a/b\"c", true),
        (#""\b\f\r\t""#, "\u{8}\u{C}\r\t", true), (#""\u0000""#, "\0", true),
    ])
    func lendsStrings(text: String, expected: String, hasEscapes: Bool) throws {
        try withReader(Array(text.utf8)) { reader in
            let slice = try reader.readString()
            #expect(slice.string.utf8.elementsEqual(expected.utf8))
            #expect(slice.hasEscapes == hasEscapes)
            #expect(slice.offset == 1)
            var bytes: [UInt8] = [0x2E]
            slice.append(to: &bytes)
            #expect(bytes == [0x2E] + Array(expected.utf8))
        }
    }

    @Test func comparesKeysScalarByScalar() throws {
        try withReader(Array("[\"\u{212A}\", \"K\", \"\\u004B\", \"Kk\"]".utf8)) { reader in
            try reader.enterArray()
            var matches: [Bool] = []
            while try reader.hasNextElement() { matches.append(try reader.readString() == "K") }
            #expect(matches == [false, true, true, false])
        }
    }

    @Test(arguments: [
        ("0", 0), ("-0", 0), ("9223372036854775807", Int.max), ("-9223372036854775808", Int.min), ("-17", -17),
    ])
    func readsIntegers(text: String, expected: Int) throws {
        #expect(try withReader(Array(text.utf8)) { try $0.readInteger() } == expected)
    }

    @Test(arguments: ["9223372036854775808", "-9223372036854775809", "1.0", "1e2", "99999999999999999999"])
    func refusesNumbersThatAreNoInteger(text: String) {
        let problem = JSONError.Problem.numberOutOfRange(literal: text, type: "a 64-bit integer")
        let error = JSONError(offset: 0, position: JSONPosition(line: 1, column: 1), what: problem)
        #expect(throws: error) { try withReader(Array(text.utf8)) { try $0.readInteger() } }
    }

    @Test func saysWhatItFoundInsteadOfWhatWasAsked() throws {
        func problem(_ text: String, _ read: (inout JSONReader) throws -> Void) -> JSONError.Problem? {
            do {
                try withReader(Array(text.utf8), read)
                return nil
            } catch {
                return (error as? JSONError)?.what
            }
        }
        #expect(problem("1") { _ = try $0.readString() } == .wrongKind(expected: "a string", found: "a number"))
        #expect(problem("[]") { _ = try $0.readInteger() } == .wrongKind(expected: "a number", found: "an array"))
        #expect(problem("{}") { try $0.enterArray() } == .wrongKind(expected: "an array", found: "an object"))
        #expect(problem("true") { try $0.enterObject() } == .wrongKind(expected: "an object", found: "a boolean"))
        #expect(problem("null") { _ = try $0.readBoolean() } == .wrongKind(expected: "a boolean", found: "null"))
        #expect(problem("\"\"") { try $0.readNull() } == .wrongKind(expected: "null", found: "a string"))
    }

    @Test func numbersStayAsWritten() throws {
        let values = try #require(try JSONDocument("[1, 1.0, 1e0, 123456789012345678901, -0, 1e400, 0.1]").root.array)
        let numbers = values.compactMap(\.number)
        #expect(numbers.map(\.literal) == ["1", "1.0", "1e0", "123456789012345678901", "-0", "1e400", "0.1"])
        #expect(numbers.map(\.isInteger) == [true, false, false, true, true, false, false])
        #expect(numbers.map(\.integer) == [1, nil, nil, nil, 0, nil, nil])
        #expect(numbers.map(\.unsignedInteger) == [1, nil, nil, nil, 0, nil, nil])
        #expect(numbers.map(\.double) == [1, 1, 1, 123_456_789_012_345_683_968, -0.0, nil, 0.1])
        #expect(numbers[0] != numbers[1])
        #expect(JSONNumber("18446744073709551615")?.unsignedInteger == UInt64.max)
        #expect(["", "01", "1 ", " 1", "x", "1.", "+1", "0x1"].compactMap { JSONNumber($0) } == [])
        #expect(JSONNumber(Double.nan) == nil)
        #expect(JSONNumber(-Float.infinity) == nil)
        #expect(JSONNumber(0.1)?.literal == "0.1")
        #expect(JSONNumber(Float(0.1))?.literal == "0.1")
        #expect(JSONNumber(UInt64.max).literal == "18446744073709551615")
    }

    @Test func theTreeKnowsWhereEverythingStood() throws {
        let document = try JSONDocument(
            "{\n  \"model\": {\n    \"layers\": [28,\n  36]\n  }, \"é\": \"x\", \"z\": null\n}"
        )
        func place(_ value: JSONValue?) -> String? { value.map { document.position(of: $0.offset).description } }
        let root = document.root
        #expect(place(root) == "1:1")
        #expect(place(root["model"]) == "2:12")
        #expect(place(root["model"]?["layers"]) == "3:15")
        #expect(place(root["model"]?["layers"]?.array?[1]) == "4:3")
        // Columns count bytes: the é before takes two.
        #expect(place(root["é"]) == "5:12")
        #expect(place(root["z"]) == "5:22")
        #expect(root.object?.map(\.key) == ["model", "é", "z"])
        #expect(root.object.map { document.position(of: $0[1].keyOffset) } == JSONPosition(line: 5, column: 6))
        #expect(root["missing"] == nil)
        #expect(root["e\u{301}"] == nil)
        #expect(root["z"]?.isNull == true)
    }

    @Test func readsAStretchOfMemoryThatIsNoArray() throws {
        let bytes = Array(#"[1, "two"] "#.utf8)
        try bytes.withUnsafeBytes { raw in
            let document = try JSONDocument(UnsafeRawBufferPointer(rebasing: raw[0..<10]))
            #expect(document.root == JSONValue(.array([JSONValue(.number(JSONNumber(1))), JSONValue(.string("two"))])))
        }
        #expect(throws: JSONError.self) { try JSONDocument(UnsafeRawBufferPointer(start: nil, count: 0)) }
    }
}
