// Checks a request's body against its table and names what is wrong with its place. Next: ../Server/RequestError.swift.

import JSONText

extension ObjectSchema {
    /// Checks that `value` is an object with these members and no others.
    ///
    /// - Parameter path: Where the value stands, such as `messages[0]`; empty for the body itself.
    func validate(_ value: JSONValue, at path: String = "") throws(RequestError) {
        guard let members = value.object else {
            let place = path.isEmpty ? "the body" : "'\(path)'"
            throw .invalid("\(place) is \(value.kind.phrase); right would be an object", param: path)
        }
        for member in members {
            let place = path.isEmpty ? member.key : "\(path).\(member.key)"
            guard let field = fields.first(where: { $0.name == member.key }) else {
                if isOpen { continue }
                throw .invalid(
                    "unrecognized request argument: \(place)" + suggestion(for: member.key),
                    param: place,
                    code: "unknown_parameter"
                )
            }
            if member.value.isNull, !field.isRequired { continue }
            try field.value.validate(member.value, at: place)
        }
        for field in fields where field.isRequired {
            guard value[field.name] != nil else {
                let place = path.isEmpty ? field.name : "\(path).\(field.name)"
                throw .invalid(
                    "'\(place)' is missing: \(field.summary)",
                    param: place,
                    code: "missing_required_parameter"
                )
            }
        }
    }

    private func suggestion(for name: String) -> String {
        let close = fields.map(\.name).filter { isNear($0, name) }.min()
        return close.map { "; did you mean \($0)?" } ?? ""
    }

    /// Whether one text becomes the other by at most two insertions, deletions or replacements of bytes.
    private func isNear(_ left: String, _ right: String) -> Bool {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        guard abs(left.count - right.count) <= 2, right.count <= 64 else { return false }
        var previous = Array(0...right.count)
        for (row, byte) in left.enumerated() {
            var current = [row + 1]
            for column in right.indices {
                let replaced = previous[column] + (byte == right[column] ? 0 : 1)
                current.append(min(replaced, previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous[right.count] <= 2
    }
}

extension ValueSchema {
    /// Checks a value that stands at `path`.
    func validate(_ value: JSONValue, at path: String) throws(RequestError) {
        switch self {
        case .any: return
        case .string: if value.string != nil { return }
        case .boolean: if value.boolean != nil { return }
        case .choice(let choices): if let text = value.string, choices.contains(text) { return }
        case .integer(let range):
            if let number = value.integer, range?.contains(number) ?? true { return }
        case .number(let range):
            if let number = value.double, range?.contains(number) ?? true { return }
        case .object(let schema): return try schema.validate(value, at: path)
        case .map(let schema):
            if let members = value.object {
                for member in members { try schema.validate(member.value, at: "\(path).\(member.key)") }
                return
            }
        case .array(let element, let counts):
            if let elements = value.array, counts?.contains(elements.count) ?? true {
                for (index, value) in elements.enumerated() { try element.validate(value, at: "\(path)[\(index)]") }
                return
            }
        case .kinds(let kinds):
            guard value.kind == .object else { break }
            return try Self.kind(of: value, at: path, among: kinds).schema.validate(value, at: path)
        case .either(let schemas):
            if let schema = schemas.first(where: { $0.hasKind(of: value) }) {
                return try schema.validate(value, at: path)
            }
        }
        throw .invalid("'\(path)' is \(value.shortDescription); right would be \(phrase)", param: path)
    }

    private static func kind(
        of value: JSONValue,
        at path: String,
        among kinds: [ObjectKind]
    ) throws(RequestError) -> ObjectKind {
        let types = ValueSchema.choice(kinds.map(\.type)).phrase
        guard let type = value["type"], !type.isNull else {
            if let kind = kinds.first(where: \.isDefault) { return kind }
            throw .invalid(
                "'\(path).type' is missing: \(types)",
                param: "\(path).type",
                code: "missing_required_parameter"
            )
        }
        guard let kind = kinds.first(where: { $0.type == type.string }) else {
            throw .invalid(
                "'\(path).type' is \(type.shortDescription); right would be \(types)",
                param: "\(path).type"
            )
        }
        return kind
    }

    private func hasKind(of value: JSONValue) -> Bool {
        switch self {
        case .any: true
        case .string, .choice: value.kind == .string
        case .boolean: value.kind == .boolean
        case .integer, .number: value.kind == .number
        case .array: value.kind == .array
        case .object, .map, .kinds: value.kind == .object
        case .either(let schemas): schemas.contains { $0.hasKind(of: value) }
        }
    }

    /// What would be right, as a phrase.
    var phrase: String {
        switch self {
        case .any: "any value"
        case .string: "a string"
        case .boolean: "true or false"
        case .choice(let choices): "one of " + choices.map { "\"\($0)\"" }.joined(separator: ", ")
        case .integer(nil): "an integer"
        case .integer(let range?): "an integer" + Self.bounds(range.lowerBound, range.upperBound, most: .max)
        case .number(nil): "a number"
        case .number(let range?): "a number" + Self.bounds(range.lowerBound, range.upperBound, most: .infinity)
        case .array(let element, nil): "a list, each of it \(element.phrase)"
        case .array(let element, let counts?):
            "a list\(Self.bounds(counts.lowerBound, counts.upperBound, most: .max)) elements, each of it \(element.phrase)"
        case .object, .map, .kinds: "an object"
        case .either(let schemas): schemas.map(\.phrase).joined(separator: ", or ")
        }
    }

    private static func bounds<Bound: Comparable>(_ least: Bound, _ greatest: Bound, most: Bound) -> String {
        greatest >= most ? " of at least \(least)" : " from \(least) to \(greatest)"
    }
}

extension JSONReader.Kind {
    /// The kind with its article.
    fileprivate var phrase: String {
        switch self {
        case .null: "null"
        case .boolean: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

extension JSONValue {
    /// The value if it is short, or else its kind.
    fileprivate var shortDescription: String {
        switch content {
        case .boolean(let value): "\(value)"
        case .number(let number): String(number.literal.prefix(40))
        case .string(let text) where text.utf8.count <= 40: "\"\(text)\""
        case .null, .string, .array, .object: kind.phrase
        }
    }
}
