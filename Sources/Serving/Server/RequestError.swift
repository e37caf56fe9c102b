// A request that is answered with an error: what every interface tells of it, and the form that OpenAI's clients read.
// Not what can go wrong: each part says that with errors of its own, which become these here. Next: ErrorForm.swift.

import HTTPTypes
import InputProcessing
import JSONText
import ModelRuntime
import ServingEngine

/// An error for a client: a status, a message and what it is about.
struct RequestError: Error, Sendable {
    let status: HTTPResponse.Status
    let message: String
    /// The class of errors, in OpenAI's words.
    let type: String
    /// The field at fault, such as `messages[0].content`.
    let param: String?
    /// What programs tell errors apart by.
    let code: String?
    /// When to come back, in seconds.
    var retryAfterSeconds: Int?

    init(
        _ status: HTTPResponse.Status,
        _ message: String,
        type: String = "invalid_request_error",
        param: String? = nil,
        code: String? = nil
    ) {
        self.status = status
        self.message = message
        self.type = type
        self.param = param
        self.code = code
    }

    /// A request that is wrong in itself.
    static func invalid(_ message: String, param: String?, code: String? = nil) -> RequestError {
        RequestError(.badRequest, message, param: param?.isEmpty == true ? nil : param, code: code)
    }

    /// A field that is known but not obeyed here.
    static func unsupported(_ field: String, _ reason: String) -> RequestError {
        RequestError(.badRequest, "'\(field)' is not supported: \(reason)", param: field, code: "unsupported_parameter")
    }

    /// A model that is not served.
    static func unknownModel(_ name: String, known: [String]) -> RequestError {
        RequestError(
            .notFound,
            "the model '\(name)' does not exist; this server has \(known.joined(separator: ", "))",
            type: "not_found_error",
            param: "model",
            code: "model_not_found"
        )
    }

    /// `{"error": {...}}`.
    var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("error")
            write(to: &writer)
        }
        return writer.utf8
    }

    /// The inner object.
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("message")
            writer.string(message)
            writer.key("type")
            writer.string(type)
            writer.key("param")
            if let param { writer.string(param) } else { writer.null() }
            writer.key("code")
            if let code { writer.string(code) } else { writer.null() }
        }
    }
}

extension RequestError {
    /// Why the engine did not take a request.
    init(_ error: AdmissionError) {
        let message = "\(error)"
        switch error {
        case .emptyPrompt: self = .invalid(message, param: "messages")
        case .promptTooLong: self = .invalid(message, param: "messages", code: "context_length_exceeded")
        case .tooManyTokens: self = .invalid(message, param: "max_tokens", code: "context_length_exceeded")
        case .tooManyChoices: self = .invalid(message, param: "n")
        case .tooManyImageTokens: self = .invalid(message, param: "messages", code: "context_length_exceeded")
        case .adapterTooLarge: self = .invalid(message, param: "model")
        case .parameters(let error): self = .invalid(message, param: error.problems.first?.field)
        case .queueFull(_, let seconds):
            self.init(.tooManyRequests, message, type: "rate_limit_error", code: "queue_full")
            retryAfterSeconds = seconds
        case .shuttingDown:
            self.init(.serviceUnavailable, message, type: "unavailable_error", code: "shutting_down")
            retryAfterSeconds = 5
        }
    }

    /// Why a request that was taken has no answer.
    init(_ failure: GenerationFailure) {
        switch failure {
        case .image: self = .invalid("\(failure)", param: "messages", code: "invalid_image")
        case .sampling(.everyTokenExcluded): self = .invalid("\(failure)", param: "logit_bias")
        case .shutDown: self.init(.serviceUnavailable, "\(failure)", type: "unavailable_error", code: "shutting_down")
        case .sampling, .internal: self.init(.internalServerError, "\(failure)", type: "server_error")
        }
    }

    /// Any error, those that are nobody's fault but ours among them.
    init(any error: any Error) {
        switch error {
        case let error as RequestError: self = error
        case let error as AdmissionError: self.init(error)
        case let error as GenerationFailure: self.init(error)
        case let error as ChatError: self = .invalid("\(error)", param: "messages")
        case let error as ImageError: self = .invalid("\(error)", param: "messages", code: "invalid_image")
        case let error as TokenizerError: self = .invalid("\(error)", param: "messages")
        case let error as JSONError: self = .invalid("the body is not valid JSON: \(error)", param: nil)
        default: self.init(.internalServerError, "internal error", type: "server_error")
        }
    }
}
