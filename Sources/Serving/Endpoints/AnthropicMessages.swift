// POST /v1/messages and /v1/messages/count_tokens: Anthropic's interface.
// Read on: ../Requests/AnthropicConversation.swift, ../Responses/AnthropicMessageWriter.swift.

import Hummingbird
import JSONText
import ServingEngine

enum AnthropicMessages {
    static let create = Endpoint(
        .post,
        "/v1/messages",
        "Answers a conversation, as Anthropic's clients ask.",
        body: ObjectSchema("AnthropicMessageRequest", AnthropicFields.all),
        errors: .anthropic
    ) { incoming, server in
        let loaded = try server.model(named: incoming.body["model"])
        let request = try await server.prepare(incoming) { source in
            let chat = try ChatRequest(anthropic: incoming.body, loaded.model)
            var request = try loaded.model.answerRequest(chat, incoming, source)
            request.generation.user = incoming.user(named: incoming.body["metadata"]?["user_id"])
            return request
        }
        let stream = try loaded.submit(request.generation)
        let writer = AnthropicMessageWriter(
            requestID: incoming.id,
            model: incoming.body["model"]?.string ?? loaded.model.name,
            stopSequences: request.generation.parameters.stopStrings
        )
        guard request.isStreamed else {
            return try await incoming.whileConnected {
                let answer = try await AnswerSegments.collect(stream, format: request.format)
                return Response(json: writer.message(answer))
            }
        }
        return ServerSentEvents.response(to: incoming) { events in
            var answer = AnswerSegments(request.format)
            var hasBegun = false
            for try await update in stream {
                let changes = answer.append(update)
                // Which tokens of the prompt were known is told by the first update, not before.
                if !hasBegun {
                    hasBegun = true
                    try await events.send(writer.start(answer.usage))
                    try await events.send(writer.ping)
                }
                for change in changes {
                    if let event = writer.event(change, of: answer) { try await events.send(event) }
                }
            }
            try Task.checkCancellation()
            for event in writer.end(answer) { try await events.send(event) }
        }
    }

    static let countTokens = Endpoint(
        .post,
        "/v1/messages/count_tokens",
        "Counts the tokens of a conversation, those of images included.",
        body: ObjectSchema("AnthropicTokenCountRequest", AnthropicFields.counted),
        errors: .anthropic
    ) { incoming, server in
        let loaded = try server.model(named: incoming.body["model"])
        return try await server.prepare(incoming) { source in
            let chat = try ChatRequest(anthropic: incoming.body, loaded.model)
            let prompt = try loaded.model.prompt(chat, from: source)
            var writer = JSONWriter()
            writer.object { $0.member("input_tokens", prompt.tokens.count) }
            return Response(json: writer.utf8)
        }
    }
}
