// GET /health, /ready and /live: what orchestrators ask.

import Hummingbird
import JSONText

enum Health {
    /// As vLLM and llama.cpp answer: 503 while the model is loaded, then 200.
    static let health = Endpoint(.get, "/health", "Whether requests are answered.", access: .everyone, respond: ready)

    static let ready = Endpoint(.get, "/ready", "Whether requests are taken.", access: .everyone, respond: ready)

    static let live = Endpoint(.get, "/live", "Whether the process runs.", access: .everyone) { _, _ in ok }

    @Sendable private static func ready(_: IncomingRequest, _ server: Server) async throws -> Response {
        do throws(RequestError) {
            _ = try server.loaded()
        } catch {
            // The code is a number here, as those who poll this path expect.
            var writer = JSONWriter()
            writer.object { writer in
                writer.key("error")
                writer.object { writer in
                    writer.key("code")
                    writer.integer(503)
                    writer.key("message")
                    writer.string(error.message)
                    writer.key("type")
                    writer.string(error.type)
                }
            }
            return Response(json: writer.utf8, status: .serviceUnavailable)
        }
        return ok
    }

    private static var ok: Response { Response(json: Array(#"{"status":"ok"}"#.utf8)) }
}
