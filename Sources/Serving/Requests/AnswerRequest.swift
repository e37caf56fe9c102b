// A request as the engine takes it, together with what its answer has to look like. Chat and other interfaces end here.

import JSONText
import ModelRuntime
import ServingEngine

/// A prepared request, and how its answer is written.
struct AnswerRequest: Sendable {
    var generation: GenerationRequest
    /// Whether the answer is sent as it is made.
    var isStreamed = false
    /// Whether a streamed answer ends with its usage.
    var includesUsage = false
    /// Whether every piece of a streamed answer tells the usage so far.
    var includesUsageAlways = false
    /// How the text of an answer is read: as text, or with calls of tools in it.
    var format = AnswerFormat()

    /// A request with the fields that all interfaces share.
    init(_ incoming: IncomingRequest, _ prompt: PreparedPrompt, _ parameters: SamplingParameters) {
        let body = incoming.body
        generation = GenerationRequest(
            tokens: prompt.tokens,
            images: prompt.images,
            parameters: parameters,
            choices: body["n"]?.integer ?? 1,
            user: incoming.user,
            priority: body["priority"]?.integer ?? 0,
            cacheSalt: body["cache_salt"]?.string ?? "",
            skipsSpecialTokens: body["skip_special_tokens"]?.boolean ?? true
        )
        generation.onEnd = incoming.trace.generationObserver(parameters, model: body["model"]?.string)
        isStreamed = body["stream"]?.boolean ?? false
        includesUsage = body["stream_options"]?["include_usage"]?.boolean ?? false
        includesUsageAlways = body["stream_options"]?["continuous_usage_stats"]?.boolean ?? false
    }
}
