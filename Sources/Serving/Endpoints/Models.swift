// GET /v1/models and /v1/models/{model}.

import Hummingbird
import JSONText

enum Models {
    static let list = Endpoint(.get, "/v1/models", "Lists the model and its adapters.") { _, server in
        let model = try server.loaded().model
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("object")
            writer.string("list")
            writer.key("data")
            writer.array { writer in for name in model.names { write(name, model, to: &writer) } }
        }
        return Response(json: writer.utf8)
    }

    static let one = Endpoint(.get, "/v1/models/{model}", "Tells about one of them.") { incoming, server in
        let model = try server.loaded().model
        let name = incoming.parameters["model"] ?? ""
        guard model.names.contains(name) else { throw RequestError.unknownModel(name, known: model.names) }
        var writer = JSONWriter()
        write(name, model, to: &writer)
        return Response(json: writer.utf8)
    }

    private static func write(_ name: String, _ model: ServedModel, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("id")
            writer.string(name)
            writer.key("object")
            writer.string("model")
            writer.key("created")
            writer.integer(model.loadedAt)
            writer.key("owned_by")
            writer.string("vlmc")
            writer.key("root")
            writer.string(model.root)
            writer.key("parent")
            writer.null()
            writer.key("max_model_len")
            writer.integer(model.contextTokens)
        }
    }
}
