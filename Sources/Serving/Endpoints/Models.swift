// GET /v1/models and /v1/models/{model}.

import Hummingbird
import JSONText

enum Models {
    static let list = Endpoint(.get, "/v1/models", "Lists the model and its adapters.") { _, server in
        let loaded = try server.loaded()
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("object")
            writer.string("list")
            writer.key("data")
            writer.array { writer in
                for name in loaded.model.names { write(name, loaded.model, to: &writer) }
                for name in loaded.adapters?.names ?? [] {
                    // One that is gone by now is left out.
                    if let adapter = loaded.adapters?.listed(name) { write(name, loaded.model, adapter, to: &writer) }
                }
            }
        }
        return Response(json: writer.utf8)
    }

    static let one = Endpoint(.get, "/v1/models/{model}", "Tells about one of them.") { incoming, server in
        let loaded = try server.loaded()
        let name = incoming.parameters["model"] ?? ""
        let adapter = loaded.adapters?.listed(name)
        guard adapter != nil || loaded.model.names.contains(name) else {
            throw RequestError.unknownModel(name, known: loaded.names)
        }
        var writer = JSONWriter()
        write(name, loaded.model, adapter, to: &writer)
        return Response(json: writer.utf8)
    }

    private static func write(
        _ name: String,
        _ model: ServedModel,
        _ adapter: ServedAdapters.Listed? = nil,
        to writer: inout JSONWriter
    ) {
        writer.object { writer in
            writer.key("id")
            writer.string(name)
            writer.key("object")
            writer.string("model")
            writer.key("created")
            writer.integer(adapter?.loadedAt ?? model.loadedAt)
            writer.key("owned_by")
            writer.string("vlmc")
            writer.key("root")
            writer.string(adapter?.adapter.path ?? model.root)
            writer.key("parent")
            if let adapter { writer.string(adapter.parent) } else { writer.null() }
            writer.key("max_model_len")
            writer.integer(model.contextTokens)
        }
    }
}
