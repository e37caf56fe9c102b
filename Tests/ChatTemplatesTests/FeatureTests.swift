// Every feature of the language by itself; tables of operators, filters, tests and methods over values of all types.
// Not whole chat templates: FamilyTests.swift.

import JSONText
import Testing

@testable import ChatTemplates

@Suite struct FeatureTests {
    @Test func smallTemplatesGiveWhatTheReferenceGives() throws {
        let fixture = try TemplateFixtures.json("features.json")
        let variables = try #require(fixture["variables"]).variables()
        let cases = try #require(fixture["cases"]?.array)
        #expect(cases.count > 400)
        for item in cases {
            let source = try #require(item["template"]?.string)
            let reference = ReferenceOutcome(try #require(item["outcome"]))
            let outcome = Outcome(source, variables)
            #expect(outcome.agrees(with: reference), "\(source.debugDescription): \(outcome), not \(reference)")
        }
    }

    @Test(arguments: ["unary", "filters", "tests", "methods"])
    func tables(_ name: String) throws {
        let fixture = try TemplateFixtures.json("feature-tables.json")
        let variables = try Self.variables()
        try compare(try #require(fixture[name]), variables) { row, column in
            switch name {
            case "unary": column.split(separator: "{}", omittingEmptySubsequences: false).joined(separator: "(\(row))")
            case "filters": "(\(row))|\(column)"
            case "tests": "(\(row)) is \(column)"
            default: "(\(row)).\(column)"
            }
        }
    }

    @Test func operatorsOnValuesOfAllTypes() throws {
        let fixture = try TemplateFixtures.json("feature-tables.json")
        let variables = try Self.variables()
        for table in try #require(fixture["operators"]?.array) {
            let symbol = try #require(table["operator"]?.string)
            try compare(table, variables) { left, right in "(\(left)) \(symbol) (\(right))" }
        }
    }

    private static func variables() throws -> [String: TemplateValue] {
        let fixture = try TemplateFixtures.json("features.json")
        return try #require(fixture["variables"]).variables()
    }

    private func compare(
        _ table: JSONValue,
        _ variables: [String: TemplateValue],
        _ expression: (String, String) -> String
    ) throws {
        let rows = try #require(table["rows"]?.array).compactMap(\.string)
        let columns = try #require(table["columns"]?.array).compactMap(\.string)
        let cells = try #require(table["cells"]?.array)
        for (row, line) in zip(rows, cells) {
            for (column, cell) in zip(columns, line.array ?? []) {
                let source = expression(row, column)
                let shown =
                    "{% set r = \(source) %}{{ [r if r is sequence or r is not iterable else r|list] }}"
                let outcome = Outcome(shown, variables)
                let reference = ReferenceOutcome(cell)
                #expect(outcome.agrees(with: reference), "\(source): \(outcome), not \(reference)")
            }
        }
    }
}
