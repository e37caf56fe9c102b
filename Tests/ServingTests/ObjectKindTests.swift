// Objects of several kinds: how they are checked, and how they are described.

import JSONText
import Testing

@testable import Serving

@Suite struct ObjectKindTests {
    private static let typed = ObjectSchema(
        "Outer",
        [
            .required(
                "item",
                .kinds([
                    ObjectKind("a", "KindA", [.required("one", .string, "One.")]),
                    ObjectKind("b", "KindB", [FieldSchema("two", .integer(), "Two.")]),
                ]),
                "An item."
            )
        ]
    )
    private static let defaulted = ObjectSchema(
        "Outer",
        [
            .required(
                "item",
                .kinds([
                    ObjectKind("a", "KindA", isDefault: true, [.required("one", .string, "One.")]),
                    ObjectKind("b", "KindB", []),
                ]),
                "An item."
            )
        ]
    )

    private static func problem(_ schema: ObjectSchema, _ text: String) throws -> String? {
        let value = try JSONDocument(text).root
        do throws(RequestError) {
            try schema.validate(value)
            return nil
        } catch {
            return error.message
        }
    }

    @Test func kindsAreToldApart() throws {
        #expect(try Self.problem(Self.typed, #"{"item":{"type":"a","one":"x"}}"#) == nil)
        #expect(try Self.problem(Self.typed, #"{"item":{"type":"b","two":1}}"#) == nil)
        #expect(try Self.problem(Self.typed, #"{"item":{"type":"b","one":"x"}}"#)?.contains("item.one") == true)
        #expect(try Self.problem(Self.typed, #"{"item":{"type":"a"}}"#) == "'item.one' is missing: One.")
        let right = #"one of "a", "b""#
        #expect(
            try Self.problem(Self.typed, #"{"item":{"type":"c"}}"#) == #"'item.type' is "c"; right would be \#(right)"#
        )
        #expect(try Self.problem(Self.typed, #"{"item":{"type":7}}"#) == "'item.type' is 7; right would be \(right)")
        #expect(try Self.problem(Self.typed, #"{"item":{"one":"x"}}"#) == "'item.type' is missing: \(right)")
        #expect(try Self.problem(Self.typed, #"{"item":{"type":null}}"#) == "'item.type' is missing: \(right)")
        #expect(try Self.problem(Self.typed, #"{"item":[]}"#) == "'item' is a list; right would be an object")
    }

    @Test func oneKindMayBeTheDefault() throws {
        #expect(try Self.problem(Self.defaulted, #"{"item":{"one":"x"}}"#) == nil)
        #expect(try Self.problem(Self.defaulted, #"{"item":{"type":null,"one":"x"}}"#) == nil)
        #expect(try Self.problem(Self.defaulted, #"{"item":{"type":"a","one":"x"}}"#) == nil)
        #expect(try Self.problem(Self.defaulted, #"{"item":{"type":"b"}}"#) == nil)
        #expect(try Self.problem(Self.defaulted, #"{"item":{"type":"b","one":"x"}}"#)?.contains("item.one") == true)
    }

    /// Kinds whose type is always there are told apart by it in the description, too.
    @Test func descriptions() throws {
        func schemas(_ body: ObjectSchema) throws -> JSONValue {
            let endpoint = Endpoint(.post, "/x", "X.", body: body) { _, _ in throw RequestError(.notFound, "") }
            let text = OpenAPIDescription([endpoint], version: "1").json(.compact)
            return try #require(try JSONDocument(text).root["components"]?["schemas"])
        }
        let typed = try schemas(Self.typed)
        let item = try #require(typed["Outer"]?["properties"]?["item"])
        #expect(
            item["oneOf"]?.array?.compactMap { $0["$ref"]?.string } == [
                "#/components/schemas/KindA", "#/components/schemas/KindB",
            ]
        )
        #expect(item["discriminator"]?["propertyName"]?.string == "type")
        #expect(item["discriminator"]?["mapping"]?["b"]?.string == "#/components/schemas/KindB")
        #expect(typed["KindA"]?["required"]?.array?.compactMap(\.string) == ["type", "one"])
        let defaulted = try schemas(Self.defaulted)
        #expect(defaulted["Outer"]?["properties"]?["item"]?["anyOf"]?.array?.count == 2)
        #expect(defaulted["Outer"]?["properties"]?["item"]?["discriminator"] == nil)
        #expect(defaulted["KindA"]?["required"]?.array?.compactMap(\.string) == ["one"])
    }

    /// Schemas of one name are one schema: a second one of that name would be lost.
    @Test func namesAreUnique() {
        var schemas: [String: [[String]]] = [:]
        func visit(_ schema: ObjectSchema) {
            let fields = schema.fields.map(\.name)
            if schemas[schema.name]?.contains(fields) == true { return }
            schemas[schema.name, default: []].append(fields)
            schema.fields.forEach { visit($0.value) }
        }
        func visit(_ value: ValueSchema) {
            switch value {
            case .object(let schema): visit(schema)
            case .array(let element, _), .map(let element): visit(element)
            case .either(let values): values.forEach(visit)
            case .kinds(let kinds): kinds.forEach { visit($0.schema) }
            case .string, .choice, .boolean, .integer, .number, .any: break
            }
        }
        EndpointList.all.compactMap(\.body).forEach(visit)
        #expect(schemas.count > 20)
        for (name, forms) in schemas { #expect(forms.count == 1, "\(name)") }
    }
}
