// The fields of requests that decide how tokens are chosen, under the names of OpenAI and vLLM, and what becomes of them.
// Not their bounds: SamplingParameters checks those, and the engine refuses what is out of range.

import JSONText
import ModelRuntime

/// Fields that chat and text completions share.
enum SamplingFields {
    static let all: [FieldSchema] = [
        FieldSchema("temperature", .number(), "Divides the logits; 0 takes the most probable token every time."),
        FieldSchema("top_p", .number(), "Keeps the most probable tokens that together have this probability."),
        FieldSchema("top_k", .integer(), "Keeps so many of the most probable tokens; 0 or -1 keeps all."),
        FieldSchema("min_p", .number(), "Keeps tokens with at least this fraction of the best one's probability."),
        FieldSchema("repetition_penalty", .number(), "Divides logits of tokens that occurred already."),
        FieldSchema("presence_penalty", .number(), "Taken from logits of tokens that the answer has already."),
        FieldSchema("frequency_penalty", .number(), "Taken from logits for each time that the answer has the token."),
        FieldSchema("logit_bias", .map(.number()), "Added to the logits of tokens, by their numbers."),
        FieldSchema("seed", .integer(), "Makes random choices repeatable."),
        FieldSchema("n", .integer(1...1024), "How many answers are wanted."),
        FieldSchema("stop", .either([.string, .array(.string, counts: 0...64)]), "Texts that end the answer."),
        FieldSchema("stop_token_ids", .array(.integer(0...Int(Int32.max))), "Tokens that end the answer."),
        FieldSchema("max_tokens", .integer(1...Int.max), "The most tokens of each answer."),
        FieldSchema("min_tokens", .integer(0...Int.max), "Before so many tokens nothing ends the answer."),
        FieldSchema("ignore_eos", .boolean, "Whether the answer goes on after the model's own end."),
        FieldSchema("skip_special_tokens", .boolean, "Whether special tokens are left out of the text."),
        FieldSchema("include_stop_str_in_output", .boolean, "Whether the text ends with the stop text."),
        FieldSchema("user", .string, "Whom the work is for; the machine is shared fairly among users."),
        FieldSchema("priority", .integer(-1_000_000...1_000_000), "Requests of a lower number go first."),
        FieldSchema("cache_salt", .string, "Keeps the request's prefix cache apart from that of other salts."),
        FieldSchema("stream", .boolean, "Whether the answer is sent piece by piece as it is made."),
        FieldSchema(
            "stream_options",
            .object(
                ObjectSchema(
                    "StreamOptions",
                    [
                        FieldSchema("include_usage", .boolean, "Whether a last piece tells the tokens."),
                        FieldSchema("continuous_usage_stats", .boolean, "Whether every piece tells the tokens."),
                        FieldSchema("include_obfuscation", .boolean, "Has no effect: pieces are never padded."),
                    ]
                )
            ),
            "What is sent besides the answer."
        ),
    ]
}

extension SamplingParameters {
    /// Takes over what a request states. The body has been checked against its table.
    mutating func apply(_ body: JSONValue) throws(RequestError) {
        if let value = body["temperature"]?.double { temperature = value }
        if let value = body["top_p"]?.double { topP = value }
        if let value = body["top_k"]?.integer { topK = value == 0 || value == -1 ? nil : value }
        if let value = body["min_p"]?.double { minP = value }
        if let value = body["repetition_penalty"]?.double { repetitionPenalty = value }
        if let value = body["presence_penalty"]?.double { presencePenalty = value }
        if let value = body["frequency_penalty"]?.double { frequencyPenalty = value }
        if let value = body["seed"]?.integer { seed = UInt64(bitPattern: Int64(value)) }
        if let value = body["max_tokens"]?.integer { maximumTokens = value }
        if let value = body["max_completion_tokens"]?.integer { maximumTokens = value }
        if let value = body["min_tokens"]?.integer { minimumTokens = value }
        if let value = body["ignore_eos"]?.boolean { ignoresEndOfSequence = value }
        if let value = body["include_stop_str_in_output"]?.boolean { includesStopString = value }
        if let text = body["stop"]?.string { stopStrings = [text] }
        if let texts = body["stop"]?.array { stopStrings = texts.compactMap(\.string) }
        if let tokens = body["stop_token_ids"]?.array {
            stopTokens = Set(tokens.compactMap { $0.integer.flatMap { Int32(exactly: $0) } })
        }
        for member in body["logit_bias"]?.object ?? [] {
            guard let token = Int32(member.key) else {
                throw .invalid(
                    "'logit_bias' has the key \"\(member.key)\"; right would be a token's number",
                    param: "logit_bias"
                )
            }
            logitBias[token] = member.value.double ?? 0
        }
    }
}
