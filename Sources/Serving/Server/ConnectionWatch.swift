// Tells requests when their client goes away. It reads nothing, so that the connection can be used again afterwards.
// Not for clients that are there and slow (SlowClients.swift).

import NIOCore
import Synchronization

/// Watches over one connection, from its pipeline.
final class ConnectionWatch: ChannelInboundHandler, RemovableChannelHandler, Sendable {
    /// What is read passes by as it is.
    typealias InboundIn = Never

    private struct State {
        var isClosed = false
        var next: UInt64 = 0
        var waiting: [UInt64: AsyncStream<Never>.Continuation] = [:]
    }

    private let state = Mutex(State())

    // MARK: The connection

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A client that sends no more is taken for one that has gone: most of them close both ways at once.
        if let event = event as? ChannelEvent, event == .inputClosed { close() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        close()
        context.fireChannelInactive()
    }

    private func close() {
        let waiting = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [:] }
            return state.waiting
        }
        for source in waiting.values { source.finish() }
    }

    // MARK: Requests

    /// Runs `body`, and cancels it if the client goes away. Returns or throws once it has ended, not before.
    func whileOpen<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        let (closing, source) = AsyncStream.makeStream(of: Never.self)
        let number = begin(source)
        defer { state.withLock { _ = $0.waiting.removeValue(forKey: number) } }
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                for await _ in closing {}
                return nil
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() ?? nil else { throw CancellationError() }
            return result
        }
    }

    private func begin(_ source: AsyncStream<Never>.Continuation) -> UInt64 {
        let (number, isClosed) = state.withLock { state in
            state.next += 1
            if !state.isClosed { state.waiting[state.next] = source }
            return (state.next, state.isClosed)
        }
        if isClosed { source.finish() }
        return number
    }
}
