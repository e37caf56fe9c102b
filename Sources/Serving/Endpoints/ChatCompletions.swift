// POST /v1/chat/completions.

import Generation
import Hummingbird
import JSONText
import ModelRuntime
import NIOCore
import ServingEngine

enum ChatCompletions {
    static let endpoint = Endpoint(
        .post,
        "/v1/chat/completions",
        "Answers a conversation.",
        body: ObjectSchema("ChatCompletionRequest", fields),
        respond: respond
    )

    private static let fields: [FieldSchema] =
        [
            .required("messages", .array(.object(ChatFields.message), counts: 1...65536), "The conversation so far."),
            FieldSchema("model", .string, "The model, or an adapter of it; the server's model without."),
            FieldSchema("max_completion_tokens", .integer(1...Int.max), "The most tokens of each answer."),
            FieldSchema("logprobs", .boolean, "Whether log probabilities are told."),
            FieldSchema("top_logprobs", .integer(0...64), "Of so many of the most probable tokens, too."),
            FieldSchema("add_generation_prompt", .boolean, "Whether the text ends where the model's answer begins."),
            FieldSchema("continue_final_message", .boolean, "Whether the answer goes on with the last message."),
            FieldSchema("chat_template_kwargs", .map(.any), "Variables of the model's chat template."),
        ] + ToolFields.all + StructuredOutputFields.all + SamplingFields.all + AcceptedFields.chat

    @Sendable private static func respond(_ incoming: IncomingRequest, _ server: Server) async throws -> Response {
        let loaded = try server.model(named: incoming.body["model"])
        let request = try await server.prepare(incoming) { try answerRequest(incoming, loaded.model, $0) }
        let stream = try loaded.submit(request.generation)
        let writer = ChatCompletionWriter(
            id: "chatcmpl-\(incoming.id)",
            model: incoming.body["model"]?.string ?? loaded.model.name,
            created: WallClock.seconds,
            tokenizer: loaded.model.tokenizer,
            fingerprint: server.configuration.version
        )
        guard request.isStreamed else {
            return try await incoming.whileConnected {
                let (answers, usage) = try await CollectedAnswer.collect(
                    stream,
                    choices: request.generation.choices,
                    format: request.format
                ) { "call-\(incoming.id)-\($0)-\($1)" }
                return Response(json: writer.completion(answers, usage: usage))
            }
        }
        return ServerSentEvents.response(to: incoming) { events in
            var pieces = ChatChunks(writer, request, callID: "call-\(incoming.id)")
            for try await update in stream {
                for chunk in pieces.chunks(for: update) { try await events.send(chunk) }
            }
            try Task.checkCancellation()
            if request.includesUsage { try await events.send(writer.usageChunk(pieces.usage)) }
            try await events.sendDone()
        }
    }

    private static func answerRequest(
        _ incoming: IncomingRequest,
        _ model: ServedModel,
        _ source: ImageSource
    ) throws -> AnswerRequest {
        let body = incoming.body
        try AcceptedFields.check(body)
        let (turns, images) = try ChatFields.turns(body["messages"]?.array ?? [])
        var conversation = Conversation(turns: turns)
        conversation.continuesLastMessage = body["continue_final_message"]?.boolean ?? false
        conversation.addsGenerationPrompt = body["add_generation_prompt"]?.boolean ?? !conversation.continuesLastMessage
        guard !(conversation.continuesLastMessage && conversation.addsGenerationPrompt) else {
            throw RequestError.invalid(
                "'continue_final_message' and 'add_generation_prompt' exclude each other",
                param: "continue_final_message"
            )
        }
        conversation.variables = (body["chat_template_kwargs"]?.object ?? []).map {
            TemplateVariable(name: $0.key, value: $0.value)
        }
        var parameters = model.defaults
        try parameters.apply(body)
        if body["logprobs"]?.boolean == true {
            parameters.topLogProbabilities = body["top_logprobs"]?.integer ?? 0
        } else if body["top_logprobs"]?.integer ?? 0 > 0 {
            throw RequestError.invalid("'top_logprobs' needs 'logprobs' to be true", param: "top_logprobs")
        }
        let chat = ChatRequest(
            conversation: conversation,
            images: images,
            parameters: parameters,
            tools: try ToolFields.policy(body),
            shape: try StructuredOutputFields.shape(body)
        )
        return try model.answerRequest(chat, incoming, source)
    }
}

/// Turns the updates of a request into the pieces of streamed answers.
private struct ChatChunks {
    private let writer: ChatCompletionWriter
    private let request: AnswerRequest
    private let callID: String
    private var readers: [AnswerReader]
    private var hasBegun: [Bool]
    private(set) var usage = TokenUsage(promptTokens: 0)

    init(_ writer: ChatCompletionWriter, _ request: AnswerRequest, callID: String) {
        self.writer = writer
        self.request = request
        self.callID = callID
        readers = [AnswerReader](repeating: AnswerReader(request.format), count: request.generation.choices)
        hasBegun = [Bool](repeating: false, count: request.generation.choices)
    }

    mutating func chunks(for update: GenerationUpdate) -> [[UInt8]] {
        let choice = update.choice
        usage = update.usage
        let told = request.includesUsageAlways ? usage : nil
        var chunks: [[UInt8]] = []
        if !hasBegun[choice] {
            hasBegun[choice] = true
            chunks.append(
                writer.chunk(choice: choice, logProbabilities: [], finish: nil, usage: told) { writer in
                    writer.key("role")
                    writer.string("assistant")
                    writer.key("content")
                    writer.string("")
                }
            )
        }
        var pieces = readers[choice].append(update.text)
        if update.finish != nil { pieces += readers[choice].finish() }
        // Log probabilities go with the tokens, whether or not those have given text yet.
        var tokens = update.tokens.filter { $0.logProbabilities != nil }
        if pieces.isEmpty, !tokens.isEmpty { pieces = [.content("")] }
        for piece in pieces {
            chunks.append(
                writer.chunk(choice: choice, logProbabilities: tokens, finish: nil, usage: told) {
                    write(piece, choice: choice, to: &$0)
                }
            )
            tokens = []
        }
        if let finish = update.finish {
            let calls = readers[choice].toolCallCount > 0 && finish != .length
            let name = calls ? "tool_calls" : finish.openAIName
            chunks.append(writer.chunk(choice: choice, logProbabilities: [], finish: name, usage: told) { _ in })
        }
        return chunks
    }

    private func write(_ piece: AnswerPiece, choice: Int, to writer: inout JSONWriter) {
        switch piece {
        case .content(let text):
            writer.key("content")
            writer.string(text)
        case .reasoning(let text):
            writer.key("reasoning_content")
            writer.string(text)
        case .toolCall(let index, let name):
            toolCall(index, to: &writer) { writer in
                writer.key("id")
                writer.string("\(callID)-\(choice)-\(index)")
                writer.key("type")
                writer.string("function")
                writer.key("function")
                writer.object { writer in
                    writer.key("name")
                    writer.string(name)
                    writer.key("arguments")
                    writer.string("")
                }
            }
        case .toolArguments(let index, let text):
            toolCall(index, to: &writer) { writer in
                writer.key("function")
                writer.object { writer in
                    writer.key("arguments")
                    writer.string(text)
                }
            }
        }
    }

    private func toolCall(_ index: Int, to writer: inout JSONWriter, _ body: (inout JSONWriter) -> Void) {
        writer.key("tool_calls")
        writer.array { writer in
            writer.object { writer in
                writer.key("index")
                writer.integer(index)
                body(&writer)
            }
        }
    }
}
