// The updates of one request, as its owner reads them. Letting go of the stream cancels the request.

/// The updates of a request, in order. Ends after the last answer has; throws `GenerationFailure`.
public struct GenerationStream: AsyncSequence, Sendable {
    /// The number of the request in this process.
    public let id: UInt64
    /// The seeds of the answers' random choices: asking again with them gives the same answers.
    public let seed: UInt64
    private let updates: AsyncThrowingStream<GenerationUpdate, any Error>

    /// A stream and its source. `onEnd` is called once nobody reads any more.
    public static func make(
        id: UInt64,
        seed: UInt64,
        onEnd: @escaping @Sendable () -> Void
    ) -> (stream: GenerationStream, source: AsyncThrowingStream<GenerationUpdate, any Error>.Continuation) {
        let (updates, source) = AsyncThrowingStream.makeStream(of: GenerationUpdate.self, throwing: (any Error).self)
        source.onTermination = { _ in onEnd() }
        return (GenerationStream(id: id, seed: seed, updates: updates), source)
    }

    private init(id: UInt64, seed: UInt64, updates: AsyncThrowingStream<GenerationUpdate, any Error>) {
        self.id = id
        self.seed = seed
        self.updates = updates
    }

    /// Reads the updates; for one reader.
    public func makeAsyncIterator() -> AsyncThrowingStream<GenerationUpdate, any Error>.Iterator {
        updates.makeAsyncIterator()
    }
}
