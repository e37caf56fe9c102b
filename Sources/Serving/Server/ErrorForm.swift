// How an interface writes its errors: as OpenAI does, unless an endpoint states another form.
// Not what went wrong (RequestError.swift). Another form: ../Responses/AnthropicError.swift.

import HTTPTypes

/// The form of an interface's errors.
struct ErrorForm: Sendable {
    /// Writes an error; the request's number is nil where no endpoint has the request.
    private let write: @Sendable (_ error: RequestError, _ requestID: String?) -> [UInt8]
    /// The name of an event that tells of an error; nil if events have no names.
    let eventName: String?
    /// A further header under which clients of the interface look for a request's number.
    let requestIDHeader: HTTPField.Name?
    /// The interface's names of fields, by the names that they have in chat completions. What all interfaces share
    /// speaks of them by those.
    private(set) var fieldNames: [String: String]
    /// What the OpenAPI description says of them.
    let schema: ObjectSchema

    init(
        eventName: String? = nil,
        requestIDHeader: HTTPField.Name? = nil,
        fieldNames: [String: String] = [:],
        schema: ObjectSchema,
        write: @escaping @Sendable (_ error: RequestError, _ requestID: String?) -> [UInt8]
    ) {
        self.eventName = eventName
        self.requestIDHeader = requestIDHeader
        self.fieldNames = fieldNames
        self.schema = schema
        self.write = write
    }

    /// OpenAI's form.
    static let openAI = ErrorForm(schema: openAISchema) { error, _ in error.json }

    private static let openAISchema = ObjectSchema(
        "ErrorResponse",
        [
            .required(
                "error",
                .object(
                    ObjectSchema(
                        "ErrorDetails",
                        [
                            .required("message", .string, "What is wrong, and what would be right."),
                            .required("type", .string, "The class of errors."),
                            FieldSchema("param", .string, "The field at fault."),
                            FieldSchema("code", .either([.string, .integer()]), "What programs tell errors apart by."),
                        ]
                    )
                ),
                "The error."
            )
        ]
    )

    /// The same form with other names of fields.
    func naming(_ names: [String: String]) -> ErrorForm {
        var form = self
        form.fieldNames = names
        return form
    }

    /// The body of a response, or the data of an event.
    func body(_ error: RequestError, requestID: String?) -> [UInt8] { write(error.renamed(by: fieldNames), requestID) }
}

extension RequestError {
    /// The error with other names of fields.
    func renamed(by names: [String: String]) -> RequestError {
        // A field that the interface does not have is called what the client called it.
        guard !names.isEmpty, code != "unknown_parameter", let param else { return self }
        func renamed(_ path: Substring) -> String {
            let field = path.prefix { $0 != "." && $0 != "[" }
            return (names[String(field)] ?? String(field)) + path[field.endIndex...]
        }
        let name = renamed(param[...])
        // Messages quote the field at fault, save those about several parameters: these have a line for each, which
        // begins with it.
        let lines = message.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            let line = String(line).replacing("'\(param)'", with: "'\(name)'")
            guard let end = line.firstRange(of: " is ")?.lowerBound, !line[..<end].contains(" ") else { return line }
            return renamed(line[..<end]) + line[end...]
        }
        var error = RequestError(status, lines.joined(separator: "\n"), type: type, param: name, code: code)
        error.retryAfterSeconds = retryAfterSeconds
        return error
    }
}
