// Free text with constrained parts, calls of tools at will and by force, structural tags as requests write them.
// Masks of free text against bytes: the second test.

import TestRandomness
import Testing

@testable import StructuredOutput

@Suite struct StructuralTagTests {
    private static let weather = CallableTool(
        name: "get_weather",
        parameters: JSONSchema(
            #"{"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}"#,
            options: .strict
        )
    )
    private static let time = CallableTool(name: "time", parameters: JSONSchema(#"{"type": "object"}"#))
    private static let weatherCall =
        "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Rome\"}}\n</tool_call>"
    private static let timeCall = "<tool_call>\n{\"name\": \"time\", \"arguments\": {}}\n</tool_call>"
    private static let tools = [weather, time]

    @Test func freeTextHoldsNoneOfTheExcludedTexts() throws {
        let text = Constraint.freeText(excluding: ["ab", "bab", "日本", "cc"])
        let excluded = ["ab", "bab", "日本", "cc"].map { Array($0.utf8) }
        var generator = SeededGenerator(seed: 3)
        let pieces = ["a", "b", "c", "日", "本", "é", "x"]
        var counts = [0, 0]
        for _ in 0..<2_000 * FuzzRounds.factor {
            let count = Int.random(in: 0...6, using: &generator)
            let bytes = (0..<count).flatMap { _ in Array(pieces[Int.random(in: 0..<7, using: &generator)].utf8) }
            let isFree = !excluded.contains { word in
                bytes.indices.contains { bytes[$0...].starts(with: word) }
            }
            let isAccepted = try Checks.accepts(text, bytes)
            #expect(isAccepted == isFree, "\(String(decoding: bytes, as: UTF8.self))")
            counts[isFree ? 1 : 0] += 1
        }
        #expect(counts[0] > 100 && counts[1] > 300)
    }

    @Test func callsAtWillStandAnywhereInText() throws {
        try Checks.expect(
            try Constraint.toolCalls(Self.tools, choice: .automatic),
            accepts: [
                "", "Hello.", Self.weatherCall, "I look. \(Self.weatherCall)\n\(Self.timeCall) Done.",
                "< <tool <tool_call",
                "é\(Self.timeCall)日本",
            ],
            refuses: [
                "<tool_call>", "<tool_call>\n{}", "a<tool_call>b",
                Self.weatherCall.replacing("Rome\"", with: "Rome\", \"x\": 1"),
                Self.timeCall.replacing("time", with: "date"),
            ]
        )
        try Checks.expect(
            try Constraint.toolCalls(Self.tools, choice: .automatic, allowsParallelCalls: false),
            accepts: ["", "text", "text " + Self.timeCall],
            refuses: [Self.timeCall + " text", Self.timeCall + Self.timeCall]
        )
    }

    @Test func callsCanBeForced() throws {
        try Checks.expect(
            try Constraint.toolCalls(Self.tools, choice: .required),
            accepts: [Self.timeCall, "\(Self.weatherCall)\n\(Self.timeCall)"],
            refuses: ["", "text", "text" + Self.timeCall, Self.timeCall + " ", Self.timeCall + Self.timeCall]
        )
        try Checks.expect(
            try Constraint.toolCalls(Self.tools, choice: .required, allowsParallelCalls: false),
            accepts: [Self.timeCall, Self.weatherCall],
            refuses: ["\(Self.weatherCall)\n\(Self.timeCall)"]
        )
        try Checks.expect(
            try Constraint.toolCalls(Self.tools, choice: .required, allowsText: true),
            accepts: ["Well: " + Self.timeCall, Self.timeCall + " and " + Self.weatherCall + "."],
            refuses: ["", "Well."]
        )
        try Checks.expect(
            try Constraint.toolCalls(Self.tools, choice: .required, allowsParallelCalls: false, allowsText: true),
            accepts: ["Well: " + Self.timeCall],
            refuses: ["Well.", Self.timeCall + "."]
        )
        try Checks.expect(
            try Constraint.toolCalls(Self.tools, choice: .function("time"), allowsParallelCalls: false),
            accepts: [Self.timeCall],
            refuses: [Self.weatherCall, ""]
        )
    }

    @Test func theNameOfAForcedFunctionIsForced() throws {
        let constraint = try Constraint.toolCalls(
            Self.tools,
            choice: .function("get_weather"),
            allowsParallelCalls: false
        )
        let state = ConstraintState(try Checks.compiled(constraint))
        let forced = String(decoding: state.forcedBytes(), as: UTF8.self)
        #expect(forced == "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {")
    }

    @Test func errorsNameTheTool() throws {
        let broken = CallableTool(name: "broken", parameters: JSONSchema(#"{"type": "object", "not": {}}"#))
        let constraint = try Constraint.toolCalls(Self.tools + [broken], choice: .required)
        #expect(
            Checks.error(constraint).hasPrefix(#"tool "broken": #/not: is not supported"#),
            "\(Checks.error(constraint))"
        )
        let automatic = try Constraint.toolCalls([broken], choice: .automatic)
        #expect(Checks.error(automatic).hasPrefix(#"tag 0, tool "broken": #/not"#), "\(Checks.error(automatic))")
        #expect(throws: ConstraintError(.whole, #"there is no tool "x"; tools are "get_weather", "time""#)) {
            try Constraint.toolCalls(Self.tools, choice: .function("x"))
        }
        #expect(throws: ConstraintError(.whole, "there is no tool to call")) {
            try Constraint.toolCalls([], choice: .automatic)
        }
    }

    @Test func olderStructuralTagsAreRead() throws {
        let constraint = try Constraint(
            structuralTag: #"""
                {"structures": [
                  {"begin": "<f=a>", "schema": {"type": "object", "properties": {"x": {"type": "integer"}}}, "end": "</f>"},
                  {"begin": "<f=b>", "schema": {"type": "null"}, "end": "</f>"}], "triggers": ["<f="]}
                """#,
            options: .strict
        )
        try Checks.expect(
            constraint,
            accepts: ["", "text", #"so <f=a>{"x":1}</f> and <f=b>null</f>."#],
            refuses: ["<f=", "<f=c>", #"<f=a>{"y":1}</f>"#, "<f=b>{}</f>"]
        )
    }

    @Test func newerStructuralTagsAreRead() throws {
        func tag(_ format: String) throws -> Constraint {
            try Constraint(structuralTag: #"{"type": "structural_tag", "format": \#(format)}"#)
        }
        try Checks.expect(
            tag(
                #"""
                {"type": "sequence", "elements": [
                  {"type": "tag", "begin": "<think>", "content": {"type": "any_text"}, "end": "</think>"},
                  {"type": "or", "elements": [{"type": "const_string", "value": "yes"}, {"type": "regex", "pattern": "n+o"},
                    {"type": "grammar", "grammar": "root ::= \"m\"+"},
                    {"type": "json_schema", "json_schema": {"type": "boolean"}}]}]}
                """#
            ),
            accepts: [
                "<think></think>yes", "<think>a < b </thin></think>nno", "<think>x</think>mm", "<think>x</think>true",
            ],
            refuses: ["yes", "<think>x</think>", "<think></think></think>yes", "<think>x</think>maybe"]
        )
        let inner =
            #"{"begin": "<a>", "content": {"type": "json_schema", "json_schema": {"type": "null"}}, "end": "</a>"}"#
        try Checks.expect(
            tag(
                #"{"type": "triggered_tags", "triggers": ["<a"], "tags": [\#(inner)], "at_least_one": true, "stop_after_first": true}"#
            ),
            accepts: ["x<a>null</a>"],
            refuses: ["", "x", "<a>null</a>x"]
        )
        try Checks.expect(
            tag(#"{"type": "tags_with_separator", "tags": [\#(inner)], "separator": ", "}"#),
            accepts: ["", "<a>null</a>", "<a>null</a>, <a>null</a>"],
            refuses: ["<a>null</a>, ", "<a>null</a><a>null</a>"]
        )
        try Checks.expect(
            tag(
                #"{"type": "tags_with_separator", "tags": [\#(inner)], "separator": "", "at_least_one": true, "stop_after_first": true}"#
            ),
            accepts: ["<a>null</a>"],
            refuses: ["", "<a>null</a><a>null</a>"]
        )
    }

    @Test(arguments: [
        ("{", "1:2: expected"), ("[]", "#: must be an object"), ("{}", "#: needs the member `structures`"),
        (#"{"structures": [], "triggers": [], "x": 1}"#, "#/x: is not known here"),
        (#"{"structures": [{}], "triggers": []}"#, "#/structures/0: needs the member `schema`"),
        (#"{"structures": 1, "triggers": []}"#, "#/structures: must be an array"),
        (#"{"structures": [], "triggers": [1]}"#, "#/triggers/0: must be a string"),
        (#"{"format": {"type": "video"}}"#, "#/format/type: there is no format `video`"),
        (
            #"{"format": {"type": "sequence", "elements": [{"type": "regex"}]}}"#,
            "#/format/elements/0: needs the member `pattern`"
        ),
        (
            #"{"format": {"type": "triggered_tags", "triggers": ["a"], "tags": [], "at_least_one": 1}}"#,
            "#/format/at_least_one: must be true or false"
        ),
        (#"{"type": "other", "structures": [], "triggers": []}"#, "#/type: must be `structural_tag`"),
    ])
    func structuralTagsAreRefusedWithThePointer(text: String, message: String) {
        do {
            _ = try Constraint(structuralTag: text)
            Issue.record("no error")
        } catch {
            #expect("\(error)".hasPrefix(message), "\(error)")
        }
    }

    @Test func taggedTextIsChecked() {
        func error(_ triggers: [String], _ begins: [String], atLeast: Int = 0, atMost: Int? = nil) -> String {
            let tags = begins.map { TaggedText.Tag(begin: $0, content: .literal("x"), end: "") }
            return Checks.error(.taggedText(.init(triggers: triggers, tags: tags, atLeast: atLeast, atMost: atMost)))
        }
        #expect(error(["<a"], ["<a>", "<b>"]) == "tag 1: \"<b>\" begins with no trigger")
        #expect(error(["<a", "<b"], ["<a>"]) == "no tag begins with the trigger \"<b\"")
        #expect(error([""], ["<a>"]).hasPrefix("a text that free text must not hold is empty"))
        #expect(error([], [], atLeast: 1).hasPrefix("there are no tags"))
        #expect(error(["<a"], ["<a>"], atLeast: 2, atMost: 1).hasPrefix("the limits on the number of tags"))
        #expect(error(["<a"], ["<a>"], atLeast: 2, atMost: 3) == "no error")
    }

    @Test func tagsAreCounted() throws {
        let tag = TaggedText.Tag(begin: "<a>", content: .literal("x"), end: ";")
        let one = "<a>x;"
        try Checks.expect(
            .taggedText(.init(triggers: ["<a"], tags: [tag], atLeast: 2, atMost: 3)),
            accepts: [one + one, "t" + one + "t" + one + "t", one + one + one],
            refuses: ["", one, "t" + one + "t", one + one + one + "t", one + one + one + one]
        )
        try Checks.expect(
            .taggedText(.init(triggers: ["<a"], tags: [tag], atMost: 0)),
            accepts: ["", "text"],
            refuses: [one]
        )
        // A trigger within another trigger's tag, and triggers that begin alike.
        let other = TaggedText.Tag(begin: "<ab>", content: .regex("[0-9]"), end: "")
        try Checks.expect(
            .taggedText(.init(triggers: ["<a", "<ab"], tags: [tag, other])),
            accepts: ["<a>x;<ab>7"],
            refuses: ["<ab>x", "<a>7"]
        )
    }

    @Test func partsAreComposed() throws {
        try Checks.expect(
            .sequence([
                .choice(["A", "BB"]), .repeated(.regex("[0-9]"), atLeast: 1, atMost: 2),
                .anyOf([.literal("!"), .literal("?")]),
            ]),
            accepts: ["A1!", "BB12?"],
            refuses: ["A!", "A123!", "B1!", "A1"]
        )
        try Checks.expect(.jsonObject(.compact), accepts: ["{}", #"{"a":[{}]}"#], refuses: ["[]", "1", ""])
        #expect(Checks.error(.choice([])) == "a choice needs at least one text")
        #expect(Checks.error(.anyOf([])) == "a choice needs at least one part")
        #expect(Checks.error(.repeated(.literal("a"), atLeast: 2, atMost: 1)).hasPrefix("the limits of a repetition"))
        #expect(Checks.error(.named("p", .regex("("))) == "p: at character 0: the group is not closed")
    }
}
