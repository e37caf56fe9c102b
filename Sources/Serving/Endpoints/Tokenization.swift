// POST /tokenize and /detokenize.

import Hummingbird
import InputProcessing
import JSONText

enum Tokenization {
    static let tokenize = Endpoint(
        .post,
        "/tokenize",
        "Gives the tokens of a text or of a conversation.",
        body: ObjectSchema(
            "TokenizeRequest",
            [
                FieldSchema("model", .string, "The model; the server's model without."),
                FieldSchema("prompt", .string, "A text."),
                FieldSchema("messages", .array(.object(ChatFields.message), counts: 1...65536), "A conversation."),
                FieldSchema("add_special_tokens", .boolean, "Whether the tokenizer adds its tokens around a text."),
                FieldSchema("add_generation_prompt", .boolean, "Whether a conversation ends where the answer begins."),
                FieldSchema("return_token_strs", .boolean, "Whether the texts of the tokens are given, too."),
            ]
        )
    ) { incoming, server in
        let loaded = try server.model(named: incoming.body["model"])
        return try await server.prepare(incoming) { source in
            Response(json: try tokens(incoming.body, loaded.model, source))
        }
    }

    static let detokenize = Endpoint(
        .post,
        "/detokenize",
        "Gives the text of tokens.",
        body: ObjectSchema(
            "DetokenizeRequest",
            [
                FieldSchema("model", .string, "The model; the server's model without."),
                .required("tokens", .array(.integer(0...Int(Int32.max))), "The tokens."),
            ]
        )
    ) { incoming, server in
        let loaded = try server.model(named: incoming.body["model"])
        let tokens = (incoming.body["tokens"]?.array ?? []).compactMap(\.integer)
        if let token = tokens.first(where: { $0 >= loaded.model.vocabularySize }) {
            throw RequestError.invalid(
                "\(token) is no token; allowed: 0 to \(loaded.model.vocabularySize - 1)",
                param: "tokens"
            )
        }
        return try await server.workers.run {
            var writer = JSONWriter()
            writer.object { writer in
                writer.key("prompt")
                writer.string(loaded.model.tokenizer.decode(tokens.map(Int32.init)))
            }
            return Response(json: writer.utf8)
        }
    }

    private static func tokens(
        _ body: JSONValue,
        _ model: ServedModel,
        _ source: ImageSource
    ) throws -> [UInt8] {
        let prompt: PreparedPrompt
        switch (body["prompt"]?.string, body["messages"]?.array) {
        case (let text?, nil):
            prompt = try model.prompt(text: text, addsSpecialTokens: body["add_special_tokens"]?.boolean ?? true)
        case (nil, let messages?):
            let (turns, images) = try ChatFields.turns(messages)
            var conversation = Conversation(turns: turns)
            conversation.addsGenerationPrompt = body["add_generation_prompt"]?.boolean ?? true
            prompt = try model.prompt(conversation, images: images, from: source)
        default:
            throw RequestError.invalid("either 'prompt' or 'messages' is needed, and not both", param: "prompt")
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("count")
            writer.integer(prompt.tokens.count)
            writer.key("max_model_len")
            writer.integer(model.contextTokens)
            writer.key("tokens")
            writer.array { writer in for token in prompt.tokens { writer.integer(token) } }
            writer.key("token_strs")
            if body["return_token_strs"]?.boolean == true {
                writer.array { writer in
                    for token in prompt.tokens { writer.string(model.tokenizer.token(token) ?? "") }
                }
            } else {
                writer.null()
            }
        }
        return writer.utf8
    }
}
