// Keywords one by one: what the fixtures do not show, what options change, and every refusal with its pointer.
// What Python's validator judged: SchemaFixtureTests.swift.

import Testing

@testable import StructuredOutput

@Suite struct SchemaKeywordTests {
    @Test func strictSchemasCloseObjectsThatNameProperties() throws {
        let text =
            #"{"type": "object", "properties": {"a": {"type": "object", "properties": {}}, "b": {}}, "required": ["a"]}"#
        try Checks.expect(
            Checks.schema(text, options: .strict),
            accepts: [#"{"a":{}}"#, #"{"a":{},"b":[1]}"#],
            refuses: [#"{"a":{},"z":1}"#, #"{"a":{"z":1}}"#]
        )
        try Checks.expect(Checks.schema(text), accepts: [#"{"a":{"z":1},"z":1}"#], refuses: [#"{"b":1}"#])
        // What names no properties is any object.
        try Checks.expect(
            Checks.schema(#"{"type": "object"}"#, options: .strict),
            accepts: ["{}", #"{"z":1}"#],
            refuses: ["[]"]
        )
        // What says so itself stays open.
        try Checks.expect(
            Checks.schema(
                #"{"type": "object", "properties": {"a": {}}, "additionalProperties": true}"#,
                options: .strict
            ),
            accepts: [#"{"z":1}"#],
            refuses: []
        )
        // Together, schemas name each other's properties.
        let joined = #"{"allOf": [{"type": "object", "properties": {"a": {}}}, {"properties": {"b": {}}}]}"#
        try Checks.expect(
            Checks.schema(joined, options: .strict),
            accepts: [#"{"a":1,"b":2}"#],
            refuses: [#"{"c":1}"#]
        )
    }

    @Test func propertiesComeInTheOrderOfTheSchema() throws {
        let schema = Checks.schema(
            #"{"type": "object", "properties": {"b": {}, "a": {}}, "additionalProperties": false}"#
        )
        try Checks.expect(
            schema,
            accepts: [#"{"b":1,"a":1}"#, #"{"a":1}"#],
            refuses: [#"{"a":1,"b":1}"#, #"{"b":1,"b":1}"#]
        )
    }

    @Test func aDeclaredNameIsNoOtherName() throws {
        let schema = Checks.schema(#"{"type": "object", "properties": {"ab": {"type": "integer"}}}"#)
        try Checks.expect(
            schema,
            accepts: [#"{"a":"x"}"#, #"{"abc":"x"}"#, #"{"ab":1,"b":"x"}"#, #"{"\n":1}"#],
            refuses: [#"{"ab":"x"}"#, #"{"\u0061b":"x"}"#, #"{"a\u0062":"x"}"#, #"{"b":1,"ab":2}"#]
        )
        // Names that look alike are two names if their bytes differ.
        let composed =
            "{\"type\": \"object\", \"properties\": {\"\u{E9}\": {\"type\": \"null\"}, \"e\u{301}\": {}}, \"additionalProperties\": false}"
        try Checks.expect(
            Checks.schema(composed),
            accepts: ["{\"\u{E9}\":null,\"e\u{301}\":1}"],
            refuses: ["{\"\u{E9}\":1}"]
        )
    }

    @Test func nullableAddsNull() throws {
        let schema = Checks.schema(#"{"type": "string", "nullable": true, "maxLength": 1}"#)
        try Checks.expect(schema, accepts: ["null", "\"a\""], refuses: ["\"ab\"", "1"])
        try Checks.expect(Checks.schema(#"{"nullable": false, "type": "null"}"#), accepts: ["null"], refuses: [])
    }

    @Test func annotationsSayNothing() throws {
        let schema = Checks.schema(
            #"""
            {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "x", "$comment": "c", "title": "t",
             "description": "d", "default": 3, "examples": [1], "example": 1, "deprecated": true, "readOnly": true,
             "writeOnly": false, "contentEncoding": "base64", "contentMediaType": "image/png", "type": "integer",
             "$defs": {"unused": {"not": {}}}}
            """#
        )
        try Checks.expect(schema, accepts: ["3"], refuses: ["\"3\""])
    }

    @Test func unknownFormatsAreRefusedOrMeanNothing() throws {
        let text = #"{"type": "object", "properties": {"a": {"type": "string", "format": "phone"}}}"#
        #expect(
            Checks.error(Checks.schema(text, options: .strict))
                == "#/properties/a/format: the format `phone` is not supported; supported are date, date-time, duration, "
                + "email, hostname, ipv4, ipv6, time, uri, uuid"
        )
        try Checks.expect(Checks.schema(text), accepts: [#"{"a":"anything"}"#], refuses: [])
    }

    @Test func draftSevenTuplesAreKnown() throws {
        let schema = Checks.schema(
            #"{"type": "array", "items": [{"type": "integer"}], "additionalItems": {"type": "null"}, "minItems": 1}"#
        )
        try Checks.expect(schema, accepts: ["[1]", "[1,null,null]"], refuses: ["[]", "[null]", "[1,1]"])
    }

    @Test func numbersWithLimitsAreExact() throws {
        for (low, high) in [(-120, 34), (0, 0), (7, 1005), (-9, -3), (99, 100), (-1000, 1000), (10, 19)] {
            let schema = Checks.schema(#"{"type": "integer", "minimum": \#(low), "maximum": \#(high)}"#)
            let compiled = try Checks.compiled(schema)
            for number in -1300...1300 {
                var state = ConstraintState(compiled)
                let isAccepted = state.accept(bytes: "\(number)".utf8) && state.isComplete
                #expect(isAccepted == (low...high).contains(number), "\(number) in \(low)...\(high)")
            }
        }
        try Checks.expect(
            Checks.schema(#"{"type": "number", "minimum": -0.5, "exclusiveMaximum": 12.34}"#),
            accepts: ["-0.5", "-0.50", "-0.499", "0", "-0", "12.339999", "12.3", "9", "0.0"],
            refuses: ["-0.51", "12.34", "12.340", "12.4", "13", "100", "1e1", "00", "-1", "5.", ".5", "+1"]
        )
        try Checks.expect(
            Checks.schema(#"{"type": "integer", "minimum": 1e2, "exclusiveMaximum": 123456789012345678901234567890}"#),
            accepts: ["100", "123456789012345678901234567889"],
            refuses: ["99", "123456789012345678901234567890", "-100", "-"]
        )
    }

    @Test func aStringOfDigitsIsNoNumber() throws {
        let schema = Checks.schema(
            #"""
            {"type": "object", "properties": {"a": {"type": "integer", "minimum": 0, "maximum": 9},
             "b": {"type": "string", "pattern": "^[0-9]$"}, "c": {"type": "string", "pattern": "^[0-9]$"}}}
            """#
        )
        try Checks.expect(
            schema,
            accepts: [#"{"a":3,"b":"4","c":"5"}"#],
            refuses: [#"{"a":"3"}"#, #"{"b":4}"#, #"{"c":4}"#]
        )
    }

    @Test func multiplesAreExact() throws {
        let sevens = try Checks.compiled(Checks.schema(#"{"type": "integer", "multipleOf": 7, "minimum": -70}"#))
        for number in -100...300 {
            var state = ConstraintState(sevens)
            let isAccepted = state.accept(bytes: "\(number)".utf8) && state.isComplete
            #expect(isAccepted == (number % 7 == 0 && number >= -70), "\(number)")
        }
        try Checks.expect(
            Checks.schema(#"{"type": "number", "multipleOf": 0.05}"#),
            accepts: ["0.05", "1", "1.5", "-3.15", "12.00"],
            refuses: ["0.01", "1.52", "0.051", "1e2"]
        )
        try Checks.expect(
            Checks.schema(#"{"allOf": [{"type": "integer", "multipleOf": 4}, {"multipleOf": 6}]}"#),
            accepts: ["0", "12", "-24"],
            refuses: ["4", "6", "18"]
        )
    }

    @Test func escapesOfStringsAreCheckedAndCounted() throws {
        let schema = Checks.schema(#"{"type": "string", "minLength": 2, "maxLength": 2}"#)
        try Checks.expect(
            schema,
            accepts: [#""é😀""#, #""\ud83d\uDE00a""#, #""\u00e9\n""#, #""\"\\""#, "\"\u{7F}\\/\""],
            refuses: [
                #""😀""#, #""\ud83d\ude00""#, #""\ud83da""#, #""\ude00a""#, #""\ud83d\u0041""#, #""\x41a""#, "\"\n\n\"",
            ]
        )
    }

    @Test func schemasWithoutValuesAreRefused() {
        let cases = [
            #"false"#, #"{"type": "object", "properties": {"a": false}, "required": ["a"]}"#,
            #"{"type": "integer", "minimum": 3, "maximum": 2}"#, #"{"enum": []}"#, #"{"type": "string", "enum": [1]}"#,
            #"{"type": "string", "minLength": 3, "maxLength": 2}"#, #"{"type": "array", "minItems": 3, "maxItems": 2}"#,
            #"{"allOf": [{"type": "string"}, {"type": "null"}]}"#,
            #"{"type": "string", "pattern": "^a", "maxLength": 0}"#,
            ##"{"type": "object", "properties": {"a": {"type": "object", "$ref": "#"}}, "required": ["a"]}"##,
            #"{"const": 3, "maximum": 2}"#,
        ]
        for text in cases {
            #expect(Checks.error(Checks.schema(text)) == "no text at all satisfies the constraint", "\(text)")
        }
    }

    @Test func aPropertyWithoutValuesIsLeftOut() throws {
        let schema = Checks.schema(
            #"{"type": "object", "properties": {"a": false, "b": {}}, "additionalProperties": false}"#
        )
        try Checks.expect(schema, accepts: ["{}", #"{"b":1}"#], refuses: [#"{"a":1}"#])
    }

    @Test(arguments: [
        (
            ##"{"type": "object", "properties": {"amount": {"type": "number", "multipleOf": 0.12345}}}"##,
            "#/properties/amount/multipleOf: the numbers take too many states"
        ),
        (##"{"type": "array", "uniqueItems": true}"##, "#/uniqueItems: is not supported"),
        (##"{"contains": {}}"##, "#/contains: is not supported"), (##"{"not": {}}"##, "#/not: is not supported"),
        (##"{"if": {}}"##, "#/if: is not supported"), (##"{"dependentRequired": {}}"##, "#/dependentRequired: is not"),
        (##"{"unevaluatedProperties": false}"##, "#/unevaluatedProperties: is not supported"),
        (##"{"$dynamicRef": "#a"}"##, "#/$dynamicRef: is not supported"),
        (##"{"items": {"typo": 1}}"##, "#/items/typo: is not a keyword that is supported"),
        (##"{"type": "str"}"##, "#/type: there is no type `str`"), (##"{"type": []}"##, "#/type: must name"),
        (##"{"anyOf": []}"##, "#/anyOf: must not be empty"),
        (##"{"anyOf": [{"x": 1}]}"##, "#/anyOf/0/x: is not a keyword"),
        (##"{"minLength": -1}"##, "#/minLength: must be an integer"),
        (##"{"minLength": "3"}"##, "#/minLength: must be a number"),
        (##"{"exclusiveMinimum": true}"##, "#/exclusiveMinimum: must be a number"),
        (##"{"multipleOf": 0}"##, "#/multipleOf: must be above 0"),
        (##"{"minimum": 1e999}"##, "#/minimum: has too many digits"),
        (##"{"pattern": "a(?=b)"}"##, "#/pattern: at character 1: lookahead"),
        (##"{"pattern": 3}"##, "#/pattern: must be a string"),
        (##"{"pattern": "(a{500}){500}"}"##, "#/pattern: the pattern takes more than 20000 states"),
        (##"{"$ref": "other.json"}"##, "#/$ref: `other.json` leads out"),
        (##"{"$ref": "#/$defs/x"}"##, "#/$ref: `#/$defs/x` names"),
        (##"{"$ref": "#anchor"}"##, "#/$ref: `#anchor` is no JSON pointer"),
        (##"{"$ref": "#"}"##, "#: the schema refers to itself"),
        (##"{"anyOf": [{"type": "null"}, {"$ref": "#"}]}"##, "#: the schema refers to itself"),
        (##"{"properties": 3}"##, "#/properties: must be an object"),
        (##"{"items": 3}"##, "#/items: a schema is an object"),
        (##"{"required": [3]}"##, "#/required: must be an array of strings"),
        (##"{"nullable": 1}"##, "#/nullable: must be true"),
        (##"{"items": {"$id": "y"}}"##, "#/items/$id: is supported at the root only"),
        ("[]", "#: a schema is an object"),
        ("{\n  \"type\" 3}", "2:10: expected ':'"),
        (
            ##"{"type": "object", "properties": {"a/b~": {"minimum": "x"}}}"##,
            "#/properties/a~1b~0/minimum: must be a number"
        ),
        (
            ##"{"patternProperties": {"^a": {}, "b$": {}}, "additionalProperties": false}"##,
            "#/patternProperties/b$: a name can match"
        ),
        (##"{"patternProperties": {"^a": {}}}"##, "#/patternProperties/^a: is supported beside"),
        (##"{"properties": {"a": {}}, "minProperties": 2}"##, "#/minProperties: is supported up to"),
        (##"{"properties": {"a": {}}, "maxProperties": 2}"##, "#/maxProperties: is supported where"),
        (
            ##"{"type": "string", "pattern": "^(a|b)*x", "minLength": 9000, "maxLength": 19000}"##,
            "#/pattern: takes too many"
        ),
    ])
    func refusesWithThePointer(text: String, message: String) {
        #expect(Checks.error(Checks.schema(text)).hasPrefix(message), "\(Checks.error(Checks.schema(text)))")
    }

    @Test func strictSchemasDeclareWhatTheyRequire() {
        let text = #"{"type": "object", "properties": {"a": {}}, "required": ["a", "b"]}"#
        #expect(
            Checks.error(Checks.schema(text, options: .strict))
                == "#/required: requires \"b\", which `properties` does not have"
        )
    }
}
