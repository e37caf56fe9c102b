// Structural tags as vLLM's requests write them in JSON, in the older form (`structures`, `triggers`) and the newer one
// (`format`). Not their compilation. Next: TaggedText.swift.

import JSONText

extension Constraint {
    /// The constraint that a structural tag describes.
    ///
    /// - Parameters:
    ///   - text: the structural tag as JSON.
    ///   - options: how its schemas are read.
    ///   - style: the white space of JSON in it.
    /// - Throws: `ConstraintError` for what is no structural tag; what is wrong inside schemas, patterns and grammars is
    ///   found when the constraint is compiled.
    public init(
        structuralTag text: String,
        options: JSONSchema.Options = .standard,
        style: JSONStyle = .standard
    ) throws(ConstraintError) {
        let document: JSONDocument
        do {
            document = try JSONDocument(text)
        } catch {
            throw ConstraintError(.json(line: error.line, column: error.column), "\(error.what)")
        }
        let reader = StructuralTagReader(options: options, style: style)
        self = try reader.constraint(.init(pointer: "#", value: document.root))
    }
}

private struct StructuralTagReader {
    let options: JSONSchema.Options
    let style: JSONStyle

    func constraint(_ root: SchemaPlace) throws(ConstraintError) -> Constraint {
        if let type = root.value["type"], type.string != "structural_tag" {
            throw error(root.pointer(to: "type"), "must be `structural_tag`")
        }
        if let format = root.value["format"] {
            try checkKeys(of: root, ["type", "format"])
            return try self.format(root.child("format", format))
        }
        try checkKeys(of: root, ["type", "structures", "triggers"])
        var tags: [TaggedText.Tag] = []
        for place in try places("structures", of: root) {
            try checkKeys(of: place, ["begin", "schema", "end"])
            let schema = try member("schema", of: place).value
            tags.append(
                TaggedText.Tag(
                    begin: try string("begin", of: place),
                    content: .named(place.pointer, jsonSchema(schema)),
                    end: try string("end", of: place)
                )
            )
        }
        return .taggedText(TaggedText(triggers: try strings("triggers", of: root), tags: tags))
    }

    private func format(_ place: SchemaPlace) throws(ConstraintError) -> Constraint {
        let type = try string("type", of: place)
        switch type {
        case "const_string":
            try checkKeys(of: place, ["type", "value"])
            return .literal(try string("value", of: place))
        case "json_schema":
            try checkKeys(of: place, ["type", "json_schema"])
            return .named(place.pointer, jsonSchema(try member("json_schema", of: place).value))
        case "regex":
            try checkKeys(of: place, ["type", "pattern"])
            return .named(place.pointer, .regex(try string("pattern", of: place)))
        case "grammar":
            try checkKeys(of: place, ["type", "grammar"])
            return .named(place.pointer, .grammar(try string("grammar", of: place)))
        case "any_text":
            try checkKeys(of: place, ["type", "excludes"])
            return .freeText(excluding: place.value["excludes"] == nil ? [] : try strings("excludes", of: place))
        case "sequence":
            try checkKeys(of: place, ["type", "elements"])
            return .sequence(try formats("elements", of: place))
        case "or":
            try checkKeys(of: place, ["type", "elements"])
            return .anyOf(try formats("elements", of: place))
        case "tag": return try tag(place).constraint
        case "triggered_tags":
            try checkKeys(of: place, ["type", "triggers", "tags", "at_least_one", "stop_after_first"])
            return .taggedText(
                TaggedText(
                    triggers: try strings("triggers", of: place),
                    tags: try tags(of: place),
                    atLeast: try flag("at_least_one", of: place) ? 1 : 0,
                    atMost: try flag("stop_after_first", of: place) ? 1 : nil
                )
            )
        case "tags_with_separator":
            try checkKeys(of: place, ["type", "tags", "separator", "at_least_one", "stop_after_first"])
            let tag = Constraint.anyOf(try tags(of: place).map(\.constraint))
            let separator = Constraint.literal(try string("separator", of: place))
            let more = Constraint.repeated(.sequence([separator, tag]), atLeast: 0, atMost: nil)
            let some = try flag("stop_after_first", of: place) ? tag : .sequence([tag, more])
            return try flag("at_least_one", of: place) ? some : .repeated(some, atLeast: 0, atMost: 1)
        default:
            throw error(
                place.pointer(to: "type"),
                "there is no format `\(type)`; formats are const_string, json_schema, regex, grammar, any_text, sequence, "
                    + "or, tag, triggered_tags and tags_with_separator"
            )
        }
    }

    private func tag(_ place: SchemaPlace) throws(ConstraintError) -> TaggedText.Tag {
        try checkKeys(of: place, ["type", "begin", "content", "end"])
        let end = try string("end", of: place)
        var content = try format(try member("content", of: place))
        // Any text in a tag goes as far as the tag's end.
        if case .freeText(let excluded) = content, !end.isEmpty { content = .freeText(excluding: excluded + [end]) }
        return TaggedText.Tag(begin: try string("begin", of: place), content: content, end: end)
    }

    private func tags(of place: SchemaPlace) throws(ConstraintError) -> [TaggedText.Tag] {
        var tags: [TaggedText.Tag] = []
        for place in try places("tags", of: place) { tags.append(try tag(place)) }
        return tags
    }

    private func formats(_ key: String, of place: SchemaPlace) throws(ConstraintError) -> [Constraint] {
        var formats: [Constraint] = []
        for place in try places(key, of: place) { formats.append(try format(place)) }
        return formats
    }

    private func jsonSchema(_ value: JSONValue) -> Constraint {
        .jsonSchema(JSONSchema(value, options: options, style: style))
    }

    // MARK: - Members

    private func error(_ pointer: String, _ message: String) -> ConstraintError {
        ConstraintError(.structuralTag(pointer: pointer), message)
    }

    private func checkKeys(of place: SchemaPlace, _ known: Set<String>) throws(ConstraintError) {
        guard let members = place.value.object else {
            throw error(place.pointer, "must be an object; found \(place.value.kind.rawValue)")
        }
        for member in members where !known.contains(member.key) {
            throw error(
                place.pointer(to: member.key),
                "is not known here; known are \(known.sorted().joined(separator: ", "))"
            )
        }
    }

    private func member(_ key: String, of place: SchemaPlace) throws(ConstraintError) -> SchemaPlace {
        guard let value = place.value[key] else { throw error(place.pointer, "needs the member `\(key)`") }
        return place.child(key, value)
    }

    private func string(_ key: String, of place: SchemaPlace) throws(ConstraintError) -> String {
        let member = try member(key, of: place)
        guard let string = member.value.string else {
            throw error(member.pointer, "must be a string; found \(member.value.kind.rawValue)")
        }
        return string
    }

    private func flag(_ key: String, of place: SchemaPlace) throws(ConstraintError) -> Bool {
        guard let value = place.value[key] else { return false }
        guard let flag = value.boolean else {
            throw error(place.pointer(to: key), "must be true or false; found \(value.kind.rawValue)")
        }
        return flag
    }

    private func places(_ key: String, of place: SchemaPlace) throws(ConstraintError) -> [SchemaPlace] {
        let member = try member(key, of: place)
        guard let elements = member.value.array else {
            throw error(member.pointer, "must be an array; found \(member.value.kind.rawValue)")
        }
        return elements.enumerated().map { member.child(String($0.offset), $0.element) }
    }

    private func strings(_ key: String, of place: SchemaPlace) throws(ConstraintError) -> [String] {
        var strings: [String] = []
        for element in try places(key, of: place) {
            guard let string = element.value.string else {
                throw error(element.pointer, "must be a string; found \(element.value.kind.rawValue)")
            }
            strings.append(string)
        }
        return strings
    }
}
