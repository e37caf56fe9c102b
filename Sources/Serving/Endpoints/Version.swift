// GET /version.

import Hummingbird
import JSONText

enum Version {
    static let endpoint = Endpoint(.get, "/version", "Which version serves.", access: .everyone) { _, server in
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("version")
            writer.string(server.configuration.version)
        }
        return Response(json: writer.utf8)
    }
}
