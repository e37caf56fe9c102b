// White space in JSON is bounded in every style, however hard a model tries to go on with it.
// Styles: ../../Sources/StructuredOutput/JSONSchema/JSONStyle.swift.

import TestRandomness
import Testing

@testable import StructuredOutput

@Suite struct WhiteSpaceTests {
    private static let schema = #"""
        {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "integer"}}, "b": {"type": "object"},
         "c": {"type": "boolean"}}, "required": ["a"]}
        """#

    @Test(arguments: [
        JSONStyle.compact, .spaced, .standard, .flexible(maximumIndentation: 0), .flexible(maximumIndentation: 3),
    ])
    func aModelThatWantsWhiteSpaceOnlyIsStopped(style: JSONStyle) throws {
        let longest =
            switch style {
            case .compact: 0
            case .spaced: 1
            case .flexible(let indentation): indentation + 1
            }
        var generator = SeededGenerator(seed: 9)
        for constraint in [Constraint.jsonObject(style), Checks.schema(Self.schema, style: style)] {
            let compiled = try Checks.compiled(constraint)
            for _ in 0..<20 * FuzzRounds.factor {
                var state = ConstraintState(compiled)
                var text: [UInt8] = []
                var run = 0
                var isInString = false
                for _ in 0..<200 {
                    let tokens = state.allowedTokens().tokens.filter { $0 < 256 }
                    let space = isInString ? [] : tokens.filter { [0x20, 0x0A, 0x09, 0x0D].contains($0) }
                    guard let token = space.randomElement(using: &generator) ?? tokens.randomElement(using: &generator)
                    else { break }
                    run = space.isEmpty ? 0 : run + 1
                    #expect(run <= longest, "\(style): \(String(decoding: text, as: UTF8.self).debugDescription)")
                    if token == 0x22, text.last != 0x5C { isInString.toggle() }
                    // One escape would hide the end of a string from this test.
                    guard token != 0x5C, state.accept(token) else { break }
                    text.append(UInt8(token))
                }
                #expect(!text.isEmpty)
            }
        }
    }

    @Test func stylesTakeWhatTheySay() throws {
        let compact = #"{"a":[1,2],"b":{},"c":true}"#
        let spaced = #"{"a": [1, 2], "b": {}, "c": true}"#
        let indented = "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n  \"c\": true\n}"
        let tabs = "{\n\t\"a\": [1, 2],\n\t\"b\": {\n\t\t\"x\": 1\n\t}\n}"
        try Checks.expect(
            Checks.schema(Self.schema, style: .compact),
            accepts: [compact],
            refuses: [spaced, indented, #"{ "a":[]}"#]
        )
        try Checks.expect(
            Checks.schema(Self.schema, style: .spaced),
            accepts: [spaced],
            refuses: [compact, indented, #"{"a":  []}"#]
        )
        try Checks.expect(
            Checks.schema(Self.schema),
            accepts: [compact, spaced, indented, tabs, "{ \"a\": [ 1 ] }", "{\"a\":[ ]}"],
            refuses: [
                "{  \"a\":[]}", "{\"a\" :[]}", "{\"a\":\n[]}", "{\"a\":[\n\n]}", "{\"a\":[\r\n]}", " {\"a\":[]}",
                "{\"a\":[]} ",
                "{\n" + String(repeating: " ", count: 33) + "\"a\":[]}", "{\n \t\"a\":[]}",
            ]
        )
        let deep = "{\n" + String(repeating: " ", count: 32) + "\"a\":[]}"
        try Checks.expect(Checks.schema(Self.schema), accepts: [deep], refuses: [])
    }
}
