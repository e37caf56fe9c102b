// The OpenAPI description of the server, from the same tables by which requests are checked.

import JSONText

/// *Source*: OpenAPI Specification 3.1.0.
struct OpenAPIDescription {
    private let endpoints: [Endpoint]
    private let version: String

    init(_ endpoints: [Endpoint], version: String) {
        self.endpoints = endpoints
        self.version = version
    }

    func json(_ layout: JSONWriter.Layout) -> [UInt8] {
        var writer = JSONWriter(layout: layout)
        writer.object { writer in
            writer.key("openapi")
            writer.string("3.1.0")
            writer.key("info")
            writer.object { writer in
                writer.key("title")
                writer.string("vlmc serve")
                writer.key("version")
                writer.string(version)
            }
            writer.key("paths")
            writer.object { writer in
                var seen: [String] = []
                for endpoint in endpoints where !seen.contains(endpoint.path) {
                    seen.append(endpoint.path)
                    writer.key(endpoint.path)
                    writer.object { writer in
                        for method in endpoints where method.path == endpoint.path { write(method, to: &writer) }
                    }
                }
            }
            writer.key("components")
            writer.object { writer in
                writer.key("schemas")
                writer.object { writer in
                    for schema in schemas {
                        writer.key(schema.name)
                        write(schema, to: &writer)
                    }
                }
                writer.key("securitySchemes")
                writer.object { writer in
                    writer.key("apiKey")
                    writer.object { writer in
                        writer.key("type")
                        writer.string("http")
                        writer.key("scheme")
                        writer.string("bearer")
                    }
                }
            }
        }
        return writer.utf8
    }

    private func write(_ endpoint: Endpoint, to writer: inout JSONWriter) {
        writer.key(endpoint.method.rawValue.lowercased())
        writer.object { writer in
            writer.key("summary")
            writer.string(endpoint.summary)
            if endpoint.access == .keyHolders {
                writer.key("security")
                writer.array { writer in
                    writer.object { writer in
                        writer.key("apiKey")
                        writer.array { _ in }
                    }
                }
            }
            if endpoint.path.contains("{") { writeParameters(of: endpoint.path, to: &writer) }
            if let body = endpoint.body {
                writer.key("requestBody")
                writer.object { writer in
                    writer.key("required")
                    writer.boolean(true)
                    writer.key("content")
                    writer.object { writer in
                        writer.key("application/json")
                        writer.object { writer in
                            writer.key("schema")
                            writeReference(to: body.name, &writer)
                        }
                    }
                }
            }
            writer.key("responses")
            writer.object { writer in
                for (status, meaning) in endpoint.statuses {
                    writer.key(status)
                    writer.object { writer in
                        writer.key("description")
                        writer.string(meaning)
                        writeContent(of: endpoint, isError: status != "200", to: &writer)
                    }
                }
            }
        }
    }

    /// The types of a response's body, and of errors what they hold.
    private func writeContent(of endpoint: Endpoint, isError: Bool, to writer: inout JSONWriter) {
        let mayStream = endpoint.body?.fields.contains { $0.name == "stream" } ?? false
        let types = isError ? ["application/json"] : [endpoint.contentType] + (mayStream ? ["text/event-stream"] : [])
        writer.key("content")
        writer.object { writer in
            for type in types {
                writer.key(type)
                writer.object { writer in
                    guard isError else { return }
                    writer.key("schema")
                    writeReference(to: endpoint.errors.schema.name, &writer)
                }
            }
        }
    }

    private func writeParameters(of path: String, to writer: inout JSONWriter) {
        writer.key("parameters")
        writer.array { writer in
            for part in path.split(separator: "/") where part.hasPrefix("{") {
                writer.object { writer in
                    writer.key("name")
                    writer.string(String(part.dropFirst().dropLast()))
                    writer.key("in")
                    writer.string("path")
                    writer.key("required")
                    writer.boolean(true)
                    writer.key("schema")
                    write(.string, to: &writer)
                }
            }
        }
    }

    /// Every object of any body and every form of errors, once.
    private var schemas: [ObjectSchema] {
        var found: [String: ObjectSchema] = [:]
        func visit(_ schema: ObjectSchema) {
            guard found.updateValue(schema, forKey: schema.name) == nil else { return }
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
        endpoints.compactMap(\.body).forEach(visit)
        endpoints.map(\.errors.schema).forEach(visit)
        return found.values.sorted { $0.name < $1.name }
    }

    private func write(_ schema: ObjectSchema, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("type")
            writer.string("object")
            writer.key("properties")
            writer.object { writer in
                for field in schema.fields {
                    writer.key(field.name)
                    writer.object { writer in
                        writer.key("description")
                        writer.string(field.summary)
                        if field.isRequired {
                            writeMembers(of: field.value, to: &writer)
                        } else {
                            writer.key("anyOf")
                            writer.array { writer in
                                write(field.value, to: &writer)
                                writer.object { writer in
                                    writer.key("type")
                                    writer.string("null")
                                }
                            }
                        }
                    }
                }
            }
            let required = schema.fields.filter(\.isRequired)
            if !required.isEmpty {
                writer.key("required")
                writer.array { writer in for field in required { writer.string(field.name) } }
            }
            writer.key("additionalProperties")
            writer.boolean(schema.isOpen)
        }
    }

    private func write(_ value: ValueSchema, to writer: inout JSONWriter) {
        writer.object { writeMembers(of: value, to: &$0) }
    }

    private func writeReference(to name: String, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("$ref")
            writer.string("#/components/schemas/\(name)")
        }
    }

    private func writeMembers(of value: ValueSchema, to writer: inout JSONWriter) {
        func type(_ name: String) {
            writer.key("type")
            writer.string(name)
        }
        switch value {
        case .any: break
        case .string: type("string")
        case .boolean: type("boolean")
        case .choice(let choices):
            type("string")
            writer.key("enum")
            writer.array { writer in for choice in choices { writer.string(choice) } }
        case .integer(let range):
            type("integer")
            if let range, range.lowerBound > .min {
                writer.key("minimum")
                writer.integer(range.lowerBound)
            }
            if let range, range.upperBound < .max {
                writer.key("maximum")
                writer.integer(range.upperBound)
            }
        case .number(let range):
            type("number")
            if let range {
                writer.key("minimum")
                writer.finite(range.lowerBound)
            }
            if let range, range.upperBound < .infinity {
                writer.key("maximum")
                writer.finite(range.upperBound)
            }
        case .array(let element, let counts):
            type("array")
            writer.key("items")
            write(element, to: &writer)
            if let counts {
                writer.key("minItems")
                writer.integer(counts.lowerBound)
                writer.key("maxItems")
                writer.integer(counts.upperBound)
            }
        case .object(let schema):
            writer.key("$ref")
            writer.string("#/components/schemas/\(schema.name)")
        case .map(let element):
            type("object")
            writer.key("additionalProperties")
            write(element, to: &writer)
        case .either(let values):
            writer.key("anyOf")
            writer.array { writer in for value in values { write(value, to: &writer) } }
        case .kinds(let kinds):
            let isTyped = !kinds.contains(where: \.isDefault)
            writer.key(isTyped ? "oneOf" : "anyOf")
            writer.array { writer in for kind in kinds { writeReference(to: kind.schema.name, &writer) } }
            // A discriminator demands that the member be there.
            if isTyped { writeDiscriminator(kinds, to: &writer) }
        }
    }

    private func writeDiscriminator(_ kinds: [ObjectKind], to writer: inout JSONWriter) {
        writer.key("discriminator")
        writer.object { writer in
            writer.key("propertyName")
            writer.string("type")
            writer.key("mapping")
            writer.object { writer in
                for kind in kinds {
                    writer.key(kind.type)
                    writer.string("#/components/schemas/\(kind.schema.name)")
                }
            }
        }
    }
}

extension Endpoint {
    /// The statuses that it answers with, and what they mean.
    fileprivate var statuses: [(String, String)] {
        var statuses = [("200", "As asked.")]
        if body != nil {
            statuses.append(("400", "The request is wrong; the message says where and what would be right."))
        }
        if access == .keyHolders { statuses.append(("401", "No API key, or one that is not known.")) }
        if path.contains("{") || body != nil { statuses.append(("404", "There is no such model.")) }
        if body != nil {
            statuses.append(("413", "The body is too large."))
            statuses.append(("415", "The body is not JSON."))
            statuses.append(("429", "Too many requests wait."))
        }
        statuses.append(("503", "The model is being loaded, or the server is about to end."))
        return statuses
    }
}
