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

    /// An error.
    init(_ error: RequestError) {
        self.init(json: error.json, status: error.status)
        if let seconds = error.retryAfterSeconds { headers[.retryAfter] = "\(seconds)" }
        if error.status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
    }
}
