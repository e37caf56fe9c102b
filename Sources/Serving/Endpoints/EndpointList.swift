// Every endpoint of the server. A new one is a file beside this one and a line here.

/// The endpoints, in the order of the OpenAPI description.
enum EndpointList {
    static let all: [Endpoint] = [
        ChatCompletions.endpoint,
        Completions.endpoint,
        ModelResponses.endpoint,
        AnthropicMessages.create,
        AnthropicMessages.countTokens,
        Models.list,
        Models.one,
        Adapters.load,
        Adapters.unload,
        Tokenization.tokenize,
        Tokenization.detokenize,
        Health.health,
        Health.ready,
        Health.live,
        MetricsPage.endpoint,
        Version.endpoint,
        OpenAPI.endpoint,
    ]
}
