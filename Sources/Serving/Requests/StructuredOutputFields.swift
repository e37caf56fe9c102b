// What the answer of a request has to be, by OpenAI's `response_format` and by vLLM's `structured_outputs`.
// Not what becomes of it: AnswerConstraint.swift.

import JSONText
import StructuredOutput

/// Fields about the shape of answers.
enum StructuredOutputFields {
    private static let jsonSchemaFormat = ObjectSchema(
        "JSONSchemaFormat",
        [
            FieldSchema("name", .string, "The name of the schema."),
            FieldSchema("description", .string, "What it is for."),
            .required("schema", .object(ChatFields.anyObject), "The schema."),
            FieldSchema("strict", .boolean, "Whether there are no members that it does not name."),
        ]
    )

    private static let responseFormat = ObjectSchema(
        "ResponseFormat",
        [
            .required(
                "type",
                .choice(["text", "json_object", "json_schema", "structural_tag"]),
                "What the answer is."
            ),
            FieldSchema("json_schema", .object(jsonSchemaFormat), "The schema of an answer of type json_schema."),
            FieldSchema("format", .object(ChatFields.anyObject), "The format of an answer of type structural_tag."),
            FieldSchema("structures", .array(.object(ChatFields.anyObject)), "The same in its older form, the tags."),
            FieldSchema("triggers", .array(.string), "The same in its older form, the texts that begin a tag."),
        ]
    )

    private static let structuredOutputs = ObjectSchema(
        "StructuredOutputs",
        [
            FieldSchema("json", .either([.string, .object(ChatFields.anyObject)]), "A JSON schema, or its text."),
            FieldSchema("regex", .string, "A regular expression of the whole answer."),
            FieldSchema("choice", .array(.string, counts: 1...4096), "The answers that there are."),
            FieldSchema("grammar", .string, "A grammar in GBNF or EBNF."),
            FieldSchema("json_object", .boolean, "Whether the answer is any JSON object."),
            FieldSchema("structural_tag", .string, "A structural tag, as JSON."),
            FieldSchema("disable_any_whitespace", .boolean, "Whether JSON has no white space between its parts."),
            FieldSchema(
                "disable_additional_properties",
                .boolean,
                "Whether objects have no members that the schema does not name."
            ),
            FieldSchema("disable_fallback", .boolean, "Has no effect: there is one way of doing it."),
            FieldSchema("whitespace_pattern", .any, "Only null: white space is bounded; see disable_any_whitespace."),
        ]
    )

    /// Older names of the members of `structured_outputs`.
    private static let guided = ["json", "regex", "choice", "grammar"]

    static let all: [FieldSchema] =
        [
            FieldSchema("response_format", .object(responseFormat), "What the answer has to be."),
            FieldSchema("structured_outputs", .object(structuredOutputs), "What it has to be, by vLLM's names."),
        ]
        + guided.compactMap { name in
            structuredOutputs.fields.first { $0.name == name }.map {
                FieldSchema("guided_\(name)", $0.value, "An older name of structured_outputs.\(name).")
            }
        }

    /// What the answers of a request have to be.
    static func shape(_ body: JSONValue) throws(RequestError) -> AnswerShape {
        var asked: [(field: String, shape: AnswerShape)] = []
        if let shape = try responseShape(body["response_format"]) { asked.append(("response_format", shape)) }
        if let outputs = body["structured_outputs"] { asked += try shapes(outputs, prefix: "structured_outputs.") }
        asked += try shapes(body, prefix: "guided_")
        guard asked.count < 2 else {
            throw .invalid("'\(asked[1].field)' and '\(asked[0].field)' exclude each other", param: asked[1].field)
        }
        return asked.first?.shape ?? .text
    }

    private static func responseShape(_ format: JSONValue?) throws(RequestError) -> AnswerShape? {
        switch format?["type"]?.string {
        case "json_object": return .jsonObject
        case "json_schema":
            guard let schema = format?["json_schema"]?["schema"] else {
                throw .invalid(
                    "'response_format.json_schema' is missing: the schema",
                    param: "response_format.json_schema"
                )
            }
            return .jsonSchema(schema, isStrict: format?["json_schema"]?["strict"]?.boolean ?? false)
        case "structural_tag":
            var writer = JSONWriter()
            writer.value(JSONValue(.object((format?.object ?? []).filter { !$0.value.isNull })))
            return try structuralTag(writer.text, field: "response_format")
        default: return nil
        }
    }

    /// The shapes of `structured_outputs`, or of the fields that were there before it.
    private static func shapes(
        _ outputs: JSONValue,
        prefix: String
    ) throws(RequestError) -> [(field: String, shape: AnswerShape)] {
        let isOlder = prefix == "guided_"
        func member(_ name: String) -> (field: String, value: JSONValue)? {
            guard let value = outputs[isOlder ? prefix + name : name], !value.isNull else { return nil }
            return (prefix + name, value)
        }
        var shapes: [(field: String, shape: AnswerShape)] = []
        func add(_ name: String, _ constraint: Constraint) {
            shapes.append((prefix + name, .constraint(constraint, field: prefix + name)))
        }
        var style = JSONStyle.standard
        var options = JSONSchema.Options.standard
        if !isOlder {
            if member("whitespace_pattern") != nil {
                throw .unsupported("structured_outputs.whitespace_pattern", "white space is bounded as it is")
            }
            if member("disable_any_whitespace")?.value.boolean == true { style = .compact }
            if member("disable_additional_properties")?.value.boolean == true {
                options.allowsAdditionalProperties = false
            }
            if member("json_object")?.value.boolean == true { add("json_object", .jsonObject(style)) }
            if let (field, value) = member("structural_tag") {
                shapes.append((field, try structuralTag(value.string ?? "", field: field)))
            }
        }
        if let value = member("json")?.value {
            let schema = value.string.map { JSONSchema($0, options: options, style: style) }
            add("json", .jsonSchema(schema ?? JSONSchema(value, options: options, style: style)))
        }
        if let value = member("regex")?.value { add("regex", .regex(value.string ?? "")) }
        if let value = member("choice")?.value { add("choice", .choice((value.array ?? []).compactMap(\.string))) }
        if let value = member("grammar")?.value { add("grammar", .grammar(value.string ?? "")) }
        return shapes
    }

    private static func structuralTag(_ text: String, field: String) throws(RequestError) -> AnswerShape {
        do {
            return .constraint(try Constraint(structuralTag: text), field: field)
        } catch {
            throw .constraint(error, field: field)
        }
    }
}
