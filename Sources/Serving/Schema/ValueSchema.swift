// What the bodies of requests may hold: tables from which requests are checked and the OpenAPI description is written.
// Not the tables themselves: each endpoint has its own. Next: SchemaValidation.swift, OpenAPIWriter.swift.

/// What a JSON value may be.
indirect enum ValueSchema: Sendable {
    case string
    /// One of these strings.
    case choice([String])
    case boolean
    case integer(ClosedRange<Int>? = nil)
    case number(ClosedRange<Double>? = nil)
    case array(ValueSchema, counts: ClosedRange<Int>? = nil)
    case object(ObjectSchema)
    /// An object whose members are all alike, by any names.
    case map(ValueSchema)
    /// One of several; the first that has the value's kind decides.
    case either([ValueSchema])
    /// An object of one of several kinds, told apart by its member `type`.
    case kinds([ObjectKind])
    /// Anything, checked where it is used.
    case any
}

/// What an object may hold. Members that are not listed are refused by name, unless it is open.
struct ObjectSchema: Sendable {
    /// The name of the schema in the OpenAPI description.
    let name: String
    let fields: [FieldSchema]
    /// Whether further members are taken as they are.
    let isOpen: Bool

    init(_ name: String, _ fields: [FieldSchema], isOpen: Bool = false) {
        self.name = name
        self.fields = fields
        self.isOpen = isOpen
    }
}

/// One of the kinds of objects that stand in the same place.
struct ObjectKind: Sendable {
    /// The `type` of these objects.
    let type: String
    /// Whether objects without a type are of this kind.
    let isDefault: Bool
    let schema: ObjectSchema

    /// Objects of a type, with these other members.
    init(_ type: String, _ name: String, isDefault: Bool = false, _ fields: [FieldSchema]) {
        self.type = type
        self.isDefault = isDefault
        let summary = "What it is."
        let field: FieldSchema =
            isDefault
            ? FieldSchema("type", .choice([type]), summary)
            : .required("type", .choice([type]), summary)
        schema = ObjectSchema(name, [field] + fields)
    }
}

/// A member of an object.
struct FieldSchema: Sendable {
    let name: String
    let value: ValueSchema
    let isRequired: Bool
    /// What it does, in a sentence.
    let summary: String

    /// A member that may be left out, or null.
    init(_ name: String, _ value: ValueSchema, _ summary: String) {
        self.init(name, value, isRequired: false, summary)
    }

    private init(_ name: String, _ value: ValueSchema, isRequired: Bool, _ summary: String) {
        self.name = name
        self.value = value
        self.isRequired = isRequired
        self.summary = summary
    }

    /// A member that must be there.
    static func required(_ name: String, _ value: ValueSchema, _ summary: String) -> FieldSchema {
        FieldSchema(name, value, isRequired: true, summary)
    }
}
