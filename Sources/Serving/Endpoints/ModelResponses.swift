// POST /v1/responses: OpenAI's newer interface, without the state that its servers keep.
// Read on: ../Requests/ResponseInput.swift, ../Responses/ResponseObjectWriter.swift.

import Hummingbird
import JSONText
import ServingEngine

enum ModelResponses {
    static let endpoint = Endpoint(
        .post,
        "/v1/responses",
        "Answers a conversation with items: words, thoughts, calls of functions.",
        body: ObjectSchema("ResponseRequest", ResponseFields.all),
        errors: .openAI.naming([
            "messages": "input", "max_tokens": "max_output_tokens", "response_format": "text.format",
        ]),
        respond: respond
    )

    @Sendable private static func respond(_ incoming: IncomingRequest, _ server: Server) async throws -> Response {
        let loaded = try server.model(named: incoming.body["model"])
        let (request, tools) = try await server.prepare(incoming) { source in
            let chat = try ChatRequest(response: incoming.body, loaded.model)
            return (try loaded.model.answerRequest(chat, incoming, source), chat.tools)
        }
        let stream = try loaded.submit(request.generation)
        let writer = ResponseObjectWriter(
            requestID: incoming.id,
            model: incoming.body["model"]?.string ?? loaded.model.name,
            created: WallClock.seconds,
            body: incoming.body,
            tools: tools,
            parameters: request.generation.parameters,
            tokenizer: loaded.model.tokenizer
        )
        guard request.isStreamed else {
            return try await incoming.whileConnected {
                let answer = try await AnswerSegments.collect(stream, format: request.format)
                return Response(json: writer.response(.ended, answer))
            }
        }
        return ServerSentEvents.response(to: incoming) { sender in
            var answer = AnswerSegments(request.format)
            var events = ResponseEvents(writer)
            for event in events.begin(answer) { try await sender.send(event) }
            do {
                for try await update in stream {
                    for change in answer.append(update) {
                        for event in events.events(change, of: answer) { try await sender.send(event) }
                    }
                }
                try Task.checkCancellation()
            } catch let failure as GenerationFailure {
                let error = RequestError(failure).renamed(by: incoming.errors.fieldNames)
                try await sender.send(events.fail(error, answer))
                return
            }
            try await sender.send(events.end(answer))
        }
    }
}
