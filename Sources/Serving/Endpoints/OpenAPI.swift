// GET /openapi.json: the description that is written from the endpoints' own tables.

import Hummingbird

enum OpenAPI {
    static let endpoint = Endpoint(.get, "/openapi.json", "This description.", access: .everyone) { _, server in
        Response(json: OpenAPIDescription(EndpointList.all, version: server.configuration.version).json(.compact))
    }
}
