// POST /v1/completions: texts go on, without a chat format.

import Hummingbird
import InputProcessing
import JSONText
import ModelRuntime
import ServingEngine

enum Completions {
    static let endpoint = Endpoint(
        .post,
        "/v1/completions",
        "Continues a text.",
        body: ObjectSchema("CompletionRequest", fields),
        operation: "text_completion",
        respond: respond
    )

    private static let fields: [FieldSchema] =
        [
            .required(
                "prompt",
                .either([.string, .array(.any, counts: 1...1 << 20)]),
                "The text, or its tokens, or a list of either."
            ),
            FieldSchema("model", .string, "The model, or an adapter of it; the server's model without."),
            FieldSchema("echo", .boolean, "Whether the answer begins with the prompt."),
            FieldSchema("suffix", .any, "Only null: the model writes forwards only."),
            FieldSchema("logprobs", .integer(0...64), "Log probabilities, of so many of the most probable tokens."),
            FieldSchema("add_special_tokens", .boolean, "Whether the tokenizer adds its tokens around the prompt."),
        ] + StructuredOutputFields.all + SamplingFields.all + AcceptedFields.chat

    /// One prompt of a request, and the text that it is.
    private struct Part: Sendable {
        let request: AnswerRequest
        let echo: String
    }

    @Sendable private static func respond(_ incoming: IncomingRequest, _ server: Server) async throws -> Response {
        let loaded = try server.model(named: incoming.body["model"])
        let parts = try await server.prepare(incoming) { _ in try prepare(incoming, loaded.model) }
        let streams = try parts.map { try loaded.submit($0.request.generation) }
        let choices = parts[0].request.generation.choices
        let writer = CompletionWriter(
            id: "cmpl-\(incoming.id)",
            model: incoming.body["model"]?.string ?? loaded.model.name,
            created: WallClock.seconds,
            tokenizer: loaded.model.tokenizer
        )
        guard parts[0].request.isStreamed else {
            return try await incoming.whileConnected {
                var answers: [(text: String, tokens: [SampledToken], finish: FinishReason?)] = []
                var usage = TokenUsage(promptTokens: 0)
                for (part, stream) in zip(parts, streams) {
                    let (found, used) = try await CollectedAnswer.collect(
                        stream,
                        choices: choices,
                        format: AnswerFormat()
                    ) { "\($0)-\($1)" }
                    answers += found.map { (part.echo + $0.content, $0.tokens, $0.finish) }
                    usage = usage + used
                }
                return Response(json: writer.completion(answers, usage: usage))
            }
        }
        return ServerSentEvents.response(to: incoming) { events in
            var usage = TokenUsage(promptTokens: 0)
            for (index, stream) in streams.enumerated() {
                var offsets = [Int](repeating: 0, count: choices)
                var hasBegun = [Bool](repeating: false, count: choices)
                var used = TokenUsage(promptTokens: 0)
                for try await update in stream {
                    let text = (hasBegun[update.choice] ? "" : parts[index].echo) + update.text
                    hasBegun[update.choice] = true
                    used = update.usage
                    if text.isEmpty, update.finish == nil, update.tokens.allSatisfy({ $0.logProbabilities == nil }) {
                        continue
                    }
                    let chunk = writer.chunk(
                        choice: index * choices + update.choice,
                        text: text,
                        tokens: update.tokens,
                        textOffset: offsets[update.choice],
                        finish: update.finish?.openAIName
                    )
                    offsets[update.choice] += text.unicodeScalars.count
                    try await events.send(chunk)
                }
                try Task.checkCancellation()
                usage = usage + used
            }
            if parts[0].request.includesUsage { try await events.send(writer.usageChunk(usage)) }
            try await events.sendDone()
        }
    }

    private static func prepare(_ incoming: IncomingRequest, _ model: ServedModel) throws -> [Part] {
        let body = incoming.body
        try AcceptedFields.check(body)
        if let suffix = body["suffix"], !suffix.isNull, suffix.string != "" {
            throw RequestError.unsupported("suffix", "the model writes forwards only")
        }
        var parameters = model.defaults
        try parameters.apply(body)
        // OpenAI's default for texts that go on.
        if body["max_tokens"]?.integer == nil { parameters.maximumTokens = 16 }
        parameters.topLogProbabilities = body["logprobs"]?.integer
        let echoes = body["echo"]?.boolean ?? false
        if echoes, parameters.topLogProbabilities != nil {
            throw RequestError.unsupported("echo", "with logprobs: those of the prompt are not computed")
        }
        let shape = try StructuredOutputFields.shape(body)
        return try prompts(body["prompt"] ?? JSONValue(.null), model, body["add_special_tokens"]?.boolean ?? true)
            .map { prompt in
                var prompt = prompt
                // One token less in the context is better than an error about a default.
                if body["max_tokens"]?.integer == nil {
                    parameters.maximumTokens = max(min(16, model.contextTokens - prompt.tokens.count), 1)
                }
                let echo = echoes ? model.tokenizer.decode(prompt.tokens, skipSpecialTokens: false) : ""
                prompt.images = []
                var request = AnswerRequest(incoming, prompt, parameters)
                request.generation.constraint = try model.constraint(shape)
                return Part(request: request, echo: echo)
            }
    }

    /// Prompts of one request.
    private static let mostPrompts = 1024

    /// The prompts of a request: a text, a list of tokens, or a list of either.
    private static func prompts(_ value: JSONValue, _ model: ServedModel, _ addsSpecial: Bool) throws
        -> [PreparedPrompt]
    {
        if let text = value.string { return [try model.prompt(text: text, addsSpecialTokens: addsSpecial)] }
        let elements = value.array ?? []
        if elements.allSatisfy({ $0.number != nil }) { return [try tokens(elements, model, at: "prompt")] }
        guard elements.count <= mostPrompts else {
            throw RequestError.invalid(
                "'prompt' lists \(elements.count) prompts; at most \(mostPrompts) are taken at once",
                param: "prompt"
            )
        }
        return try elements.enumerated().map { index, element in
            if let text = element.string { return try model.prompt(text: text, addsSpecialTokens: addsSpecial) }
            guard let list = element.array else {
                throw RequestError.invalid("'prompt[\(index)]' is neither a text nor a list of tokens", param: "prompt")
            }
            return try tokens(list, model, at: "prompt[\(index)]")
        }
    }

    private static func tokens(_ values: [JSONValue], _ model: ServedModel, at path: String) throws -> PreparedPrompt {
        PreparedPrompt(
            tokens: try values.enumerated().map { index, value in
                guard let token = value.integer, (0..<model.vocabularySize).contains(token) else {
                    throw RequestError.invalid(
                        "'\(path)[\(index)]' is no token; allowed: 0 to \(model.vocabularySize - 1)",
                        param: path
                    )
                }
                return Int32(token)
            }
        )
    }
}

extension TokenUsage {
    /// The tokens of two requests together.
    static func + (left: TokenUsage, right: TokenUsage) -> TokenUsage {
        TokenUsage(
            promptTokens: left.promptTokens + right.promptTokens,
            cachedTokens: left.cachedTokens + right.cachedTokens,
            generatedTokens: left.generatedTokens + right.generatedTokens
        )
    }
}
