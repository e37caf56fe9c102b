// Errors as Anthropic's clients read them: {"type": "error", "error": {"type", "message"}, "request_id"}.

import HTTPTypes
import JSONText

extension ErrorForm {
    /// Anthropic's form. Statuses are those of all interfaces: a server that is not ready answers 503, which proxies
    /// understand, and not 529; clients try again after either.
    static let anthropic = ErrorForm(
        eventName: "error",
        requestIDHeader: HTTPField.Name("request-id"),
        fieldNames: [
            "continue_final_message": "messages[-1].role",
            "response_format": "output_config.format",
            "stop": "stop_sequences",
        ],
        schema: anthropicSchema
    ) { error, requestID in
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("type", "error")
            writer.object("error") { writer in
                writer.member("type", anthropicType(of: error.status))
                writer.member("message", error.message)
            }
            writer.member("request_id", requestID)
        }
        return writer.utf8
    }

    private static let anthropicSchema = ObjectSchema(
        "AnthropicErrorResponse",
        [
            .required("type", .choice(["error"]), "What it is."),
            .required(
                "error",
                .object(
                    ObjectSchema(
                        "AnthropicErrorDetails",
                        [
                            .required("type", .string, "The class of errors."),
                            .required("message", .string, "What is wrong, and what would be right."),
                        ]
                    )
                ),
                "The error."
            ),
            FieldSchema("request_id", .string, "The request's number."),
        ]
    )

    /// *Source*: Anthropic's API reference, "Errors".
    private static func anthropicType(of status: HTTPResponse.Status) -> String {
        switch status.code {
        case 401: "authentication_error"
        case 403: "permission_error"
        case 404, 405: "not_found_error"
        case 413: "request_too_large"
        case 429: "rate_limit_error"
        case 503, 529: "overloaded_error"
        case 504: "timeout_error"
        case 500...: "api_error"
        default: "invalid_request_error"
        }
    }
}
