// POST /v1/load_lora_adapter and /v1/unload_lora_adapter, as vLLM has them.

import Hummingbird
import JSONText

enum Adapters {
    static let load = Endpoint(
        .post,
        "/v1/load_lora_adapter",
        "Loads a LoRA adapter, if the server was started to allow it.",
        body: ObjectSchema(
            "LoadLoRAAdapterRequest",
            [
                .required("lora_name", .string, "The name by which requests choose it, as their model."),
                .required("lora_path", .string, "Its folder, in the folder that the server may read."),
                FieldSchema("load_inplace", .boolean, "Whether it may replace the adapter of that name."),
            ]
        ),
        contentType: "text/plain"
    ) { incoming, server in
        guard let adapters = try server.loaded().adapters else { throw ServedAdapters.fixed }
        let name = incoming.body["lora_name"]?.string ?? ""
        try await adapters.load(
            name,
            from: incoming.body["lora_path"]?.string ?? "",
            replaces: incoming.body["load_inplace"]?.boolean ?? false
        )
        server.logger.notice("adapter loaded", metadata: ["adapter": "\(name)", "request_id": "\(incoming.id)"])
        return success("Success: LoRA adapter '\(name)' added successfully.")
    }

    static let unload = Endpoint(
        .post,
        "/v1/unload_lora_adapter",
        "Takes the name of a LoRA adapter away; requests that use it go on.",
        body: ObjectSchema(
            "UnloadLoRAAdapterRequest",
            [
                .required("lora_name", .string, "The adapter's name."),
                FieldSchema("lora_int_id", .integer(), "Has no effect: the name tells which."),
            ]
        ),
        contentType: "text/plain"
    ) { incoming, server in
        guard let adapters = try server.loaded().adapters else { throw ServedAdapters.fixed }
        let name = incoming.body["lora_name"]?.string ?? ""
        try adapters.unload(name)
        server.logger.notice("adapter unloaded", metadata: ["adapter": "\(name)", "request_id": "\(incoming.id)"])
        return success("Success: LoRA adapter '\(name)' removed successfully.")
    }

    /// A text, not JSON: clients of vLLM read it as it is.
    private static func success(_ text: String) -> Response {
        Response(text: Array(text.utf8), type: "text/plain; charset=utf-8")
    }
}
