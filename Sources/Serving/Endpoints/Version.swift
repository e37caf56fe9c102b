// GET /version.

import Hummingbird
import JSONText

enum Version {
    static let endpoint = Endpoint(.get, "/version", "Which version serves.", access: .everyone) { _, server in
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("version")
            writer.string(server.configuration.version)
            // What the page looks at before it sends images.
            writer.key("limits")
            writer.object { writer in
                writer.key("request_bytes")
                writer.integer(server.configuration.maximumBodyBytes)
                writer.key("image_bytes")
                writer.integer(server.configuration.imageSource.maximumBytes)
                writer.key("images")
                writer.integer(server.loadedModel?.model.images?.maximumCount ?? 0)
            }
        }
        return Response(json: writer.utf8)
    }
}
