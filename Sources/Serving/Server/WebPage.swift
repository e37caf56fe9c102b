// The page at `/`: files that the program carries. Their sources: ../Page/Web, embedded by Scripts/embed-page.

import HTTPTypes
import Hummingbird
import NIOCore

enum WebPage {
    /// Answers requests for the page's files.
    static func addRoutes(to router: Router<ServingContext>) {
        var headers = HTTPFields()
        for (name, value) in EmbeddedPage.headers {
            guard let name = HTTPField.Name(name) else { preconditionFailure("the page's header \(name)") }
            headers[name] = value
        }
        for (path, file) in EmbeddedPage.files {
            let body = ByteBuffer(string: file.text)
            var headers = headers
            headers[.contentType] = file.contentType
            router.get(RouterPath(path)) { [headers] _, _ in
                Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
            }
        }
    }
}
