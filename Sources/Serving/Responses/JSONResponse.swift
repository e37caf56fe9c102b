// Responses whose bodies are JSON or text.

import HTTPTypes
import Hummingbird
import NIOCore

extension Response {
    /// A JSON text.
    init(json: [UInt8], status: HTTPResponse.Status = .ok) {
        self.init(text: json, type: "application/json", status: status)
    }

    /// A text of some type.
    init(text: [UInt8], type: String, status: HTTPResponse.Status = .ok) {
        self.init(
            status: status,
            headers: [.contentType: type],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: text))
        )
    }

    /// An error in the form of an interface.
    init(_ error: RequestError, in form: ErrorForm = .openAI, requestID: String? = nil) {
        self.init(json: form.body(error, requestID: requestID), status: error.status)
        if let seconds = error.retryAfterSeconds { headers[.retryAfter] = "\(seconds)" }
        if error.status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
    }
}
