// What goes in beside templates: values from JSON, variables and their names, the clock.
// Not what templates do with them: FeatureTests.swift.

import JSONText
import Testing

@testable import ChatTemplates

@Suite struct VariableTests {
    private func render(_ source: String, json: String = "{}", clock: TemplateClock = .system) throws -> String {
        let variables = try JSONDocument(json).root.variables()
        return try ChatTemplate(source, name: "t").render(variables, clock: clock).text
    }

    @Test(
        arguments: [
            ("null", "[None]", "null"), ("true", "[True]", "true"), ("-0", "[0]", "0"), ("7", "[7]", "7"),
            ("1.0", "[1.0]", "1.0"), ("1e2", "[100.0]", "100.0"), ("1E400", "[inf]", "Infinity"),
            ("-1e400", "[-inf]", "-Infinity"), ("0.1", "[0.1]", "0.1"), ("1e-400", "[0.0]", "0.0"),
            ("9223372036854775807", "[9223372036854775807]", "9223372036854775807"),
            ("9223372036854775808", "[9223372036854775808]", "9223372036854775808"),
            ("-12345678901234567890", "[-12345678901234567890]", "-12345678901234567890"),
            (#""a\u00e9\ud83d\ude00""#, "['aé😀']", "\"aé😀\""), ("[1, [2]]", "[[1, [2]]]", "[1, [2]]"),
            (#"{"b": 1, "a": {}}"#, "[{'b': 1, 'a': {}}]", #"{"b": 1, "a": {}}"#),
        ]
    )
    func valuesFromJSONPrintAsPythonPrintsThem(json: String, shown: String, again: String) throws {
        #expect(try render("{{ [x] }}|{{ x | tojson }}", json: "{\"x\": \(json)}") == shown + "|" + again)
    }

    @Test func ofEqualKeysTheLastValueCounts() throws {
        let value = TemplateValue.dictionary([
            .init(key: TemplateText("a"), value: .integer(1)), .init(key: TemplateText("b"), value: .integer(2)),
            .init(key: TemplateText("a"), value: .integer(3)),
        ])
        #expect(try ChatTemplate("{{ x }}", name: "t").render(["x": value]).text == "{'a': 3, 'b': 2}")
    }

    @Test func keysDifferScalarByScalar() throws {
        // Swift's strings take these two for equal; Python and JSON do not.
        let json = #"{"x": {"\u00e9": 1, "e\u0301": 2}}"#
        #expect(
            try render("{{ x | length }}{{ x['\\u00e9'] }}{{ x['e\\u0301'] }}{{ '\\u00e9' == 'e\\u0301' }}", json: json)
                == "212False"
        )
        #expect(try render("{% set n = namespace(**x) %}{{ n['\\u00e9'] }}{{ n['e\\u0301'] }}", json: json) == "12")
    }

    @Test func rangesEndAtTheEndsOfIntegers() throws {
        let lowest = "(-9223372036854775807 - 1)"
        for source in [
            "\(lowest) in range(0, -5, -1)", "9223372036854775807 in range(\(lowest), 0, 9223372036854775807)",
        ] {
            #expect(try render("{{ \(source) }}") == "False")
        }
        #expect(
            try render("{{ range(9223372036854775800, 9223372036854775807, 5)|list }}")
                == "[9223372036854775800, 9223372036854775805]"
        )
        let all = "range(\(lowest), 9223372036854775807, 9223372036854775807)"
        #expect(try render("{{ \(all)|list }}") == "[-9223372036854775808, -1, 9223372036854775806]")
        #expect(
            try render("{{ -1 in \(all) }}{{ 0 in \(all) }}{{ 9223372036854775807 in \(all) }}") == "TrueFalseFalse"
        )
    }

    @Test func variablesHideFunctions() throws {
        #expect(
            try render("{{ range }}{{ dict is defined }}{{ nope is defined }}", json: #"{"range": 5}"#) == "5TrueFalse"
        )
    }

    @Test func theClockIsAskedEachTime() throws {
        let time = TemplateTime(year: 1999, month: 12, day: 31, hour: 23, minute: 59, second: 58, microsecond: 7)
        let text = try render("{{ strftime_now('%d %B %Y %H:%M:%S.%f %a %j %U %%') }}", clock: .fixed(time))
        #expect(text == "31 December 1999 23:59:58.000007 Fri 365 52 %")
        let leap = TemplateTime(year: 2024, month: 2, day: 29)
        #expect(try render("{{ strftime_now('%F %A %j') }}", clock: .fixed(leap)) == "2024-02-29 Thursday 060")
        #expect(try render("{{ strftime_now('%Z%z') }}", clock: .fixed(leap)) == "")
    }

    @Test func timesOutsideTheCalendarDoNotTrap() {
        for number in [Int.min, -1, 0, 13, 100, Int.max] {
            let time = TemplateTime(
                year: number,
                month: number,
                day: number,
                hour: number,
                minute: number,
                second: number,
                microsecond: number
            )
            _ = time.formatted(Array("%c %x %X %A %B %p %j %U %f %s".utf8))
        }
        #expect(TemplateTime(year: 2024, month: 1, day: 1).formatted(Array("%5000d".utf8))?.count == 0)
        #expect(TemplateTime(year: 2024, month: 1, day: 1).formatted([UInt8](repeating: 0x61, count: 5_000)) == nil)
    }

    @Test func theSystemClockTellsTheTime() throws {
        let year = try #require(Int(try render("{{ strftime_now('%Y') }}")))
        #expect((2024...2200).contains(year))
    }
}
