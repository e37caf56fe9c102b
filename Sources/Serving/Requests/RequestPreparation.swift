// How requests are prepared for the engine: on threads of their own, within a span of their own, images fetched before.
// Not what is done there: PromptPreparation.swift. Not how images are fetched: ImageFetcher.swift.

extension Server {
    /// Runs `body`, which reads a request into what the engine takes, on a thread that may be busy for long.
    ///
    /// Those threads are few and must not wait for other servers: if images are to be fetched, `body` ends with an error
    /// that names them, and runs again when they are there.
    func prepare<Result: Sendable>(
        _ incoming: IncomingRequest,
        _ body: @escaping @Sendable (ImageSource) throws -> Result
    ) async throws -> Result {
        try await incoming.trace.part("prepare") {
            var source = configuration.imageSource
            source.memory = bytesInFlight
            do {
                return try await workers.run { [source] in try body(source) }
            } catch let missing as ImagesToFetch {
                let fetcher = ImageFetcher(
                    allowedHosts: source.allowedHosts,
                    maximumBytes: min(source.maximumBytes, configuration.maximumBodyBytes),
                    seconds: source.fetchSeconds,
                    memory: bytesInFlight
                )
                source.fetched = try await incoming.trace.part("fetch images") {
                    try await incoming.whileConnected { try await fetcher.fetch(missing.images) }
                }
                return try await workers.run { [source] in try body(source) }
            }
        }
    }
}
