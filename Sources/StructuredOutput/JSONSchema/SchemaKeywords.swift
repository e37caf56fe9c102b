// One schema's own keywords, read and checked; what they hold of other schemas is kept as places.
// Not what several schemas mean together (SchemaConjunction.swift). Next: SchemaReader.swift.

import JSONText

/// A text that equals another only if both have the same bytes, unlike `String`.
struct ExactText: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: ExactText, right: ExactText) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
    }
}

/// A schema in its document.
struct SchemaPlace {
    let pointer: String
    let value: JSONValue

    /// The place of a member or an element.
    func child(_ key: String, _ value: JSONValue) -> SchemaPlace {
        SchemaPlace(pointer: pointer + "/" + Self.escaped(key), value: value)
    }

    func pointer(to key: String) -> String { pointer + "/" + Self.escaped(key) }

    private static func escaped(_ key: String) -> String {
        var escaped = ""
        for scalar in key.unicodeScalars {
            switch scalar {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

/// The types of JSON schema.
enum SchemaType: String, CaseIterable {
    case object, array, string, number, integer, boolean, null
}

/// The keywords of one schema.
struct SchemaKeywords {
    struct Property {
        let name: ExactText
        let schema: SchemaPlace
    }

    /// A limit of a number.
    struct Bound {
        let value: Decimal
        let isExclusive: Bool
    }

    /// A limit on the text of a string.
    struct TextRule {
        let pointer: String
        let automaton: CharacterAutomaton
    }

    let pointer: String
    /// False for the schema `false`.
    var allowsAnything = true
    var types: Set<SchemaType>?
    /// The values of `enum` and of `const`, if the schema has them.
    var valueLists: [[JSONValue]] = []

    var properties: [Property] = []
    /// Whether the schema says which properties there are, as `properties` or `patternProperties`.
    var namesProperties = false
    var required: [ExactText] = []
    var additionalProperties: SchemaPlace?
    var patternProperties: [(pattern: TextRule, schema: SchemaPlace)] = []
    var propertyNames: SchemaPlace?
    var minProperties: Int?
    var maxProperties: Int?

    var prefixItems: [SchemaPlace] = []
    var items: SchemaPlace?
    var minItems: Int?
    var maxItems: Int?

    var minLength: Int?
    var maxLength: Int?
    /// `pattern` and `format`.
    var textRules: [TextRule] = []

    var minima: [Bound] = []
    var maxima: [Bound] = []
    var multiples: [(pointer: String, value: Decimal)] = []

    var allOf: [SchemaPlace] = []
    /// `anyOf` and `oneOf`.
    var alternatives: [[SchemaPlace]] = []
    var reference: String?
    /// How many keywords say something about values.
    var assertionCount = 0

    init(pointer: String) { self.pointer = pointer }
}
