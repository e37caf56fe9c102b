// Fields that clients send to OpenAI's servers and that mean nothing here, or only with certain values.
// They are listed so that those clients work, and so that a value that would have to be obeyed is refused by name.

import JSONText

/// A field that clients know, and that is refused by name unless it is null or false.
struct RefusedField: Sendable {
    let name: String
    /// Why it is not obeyed.
    let reason: String

    var schema: FieldSchema { FieldSchema(name, .any, "Only null or false: \(reason).") }

    /// Refuses the first of these fields that asks for something.
    static func check(_ fields: [RefusedField], _ body: JSONValue) throws(RequestError) {
        for field in fields {
            guard let value = body[field.name], !value.isNull, value.boolean != false else { continue }
            throw .unsupported(field.name, field.reason)
        }
    }
}

/// Fields that are taken with values that change nothing.
enum AcceptedFields {
    static let chat: [FieldSchema] = [
        FieldSchema("metadata", .any, "Kept by nobody; has no effect."),
        FieldSchema("store", .boolean, "Only false: answers are not stored."),
        FieldSchema("service_tier", .choice(["auto", "default"]), "Has no effect: there is one tier."),
        FieldSchema("modalities", .array(.choice(["text"])), "Only text."),
        FieldSchema("prompt_cache_key", .string, "Has no effect: equal beginnings are always found."),
        FieldSchema("safety_identifier", .string, "Has no effect."),
        FieldSchema("best_of", .integer(1...1), "Only 1: every answer that is made is given."),
    ]

    /// Refuses values that would have to be obeyed.
    static func check(_ body: JSONValue) throws(RequestError) {
        if body["store"]?.boolean == true { throw .unsupported("store", "answers are not stored") }
    }
}
