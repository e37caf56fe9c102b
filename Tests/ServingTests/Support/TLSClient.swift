// A client of TLS that trusts one certificate. Plain sockets: TestClient.swift.

import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS

/// A connection over TLS to a server on this machine.
struct TLSConnection: Sendable {
    private let channel: any Channel
    private let received: AsyncThrowingStream<ByteBuffer, any Error>

    /// Connects to `localhost`, which must prove to be what `certificate` says.
    init(port: Int, trusting certificate: String) async throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(certificate))
        let context = try NIOSSLContext(configuration: configuration)
        let (received, source) = AsyncThrowingStream.makeStream(of: ByteBuffer.self, throwing: (any Error).self)
        let (handshake, outcome) = AsyncThrowingStream.makeStream(of: Void.self, throwing: (any Error).self)
        self.received = received
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        NIOSSLClientHandler(context: context, serverHostname: "localhost"),
                        Collector(received: source, handshake: outcome)
                    )
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        for try await _ in handshake { return }
        throw TestClientError("the connection has ended before the handshake")
    }

    /// Asks, and reads until `end` comes, which stands at the end of what is returned.
    func ask(_ text: String, until end: String) async throws -> String {
        try await channel.writeAndFlush(ByteBuffer(string: text))
        var answer = ""
        for try await buffer in received {
            answer += String(buffer: buffer)
            if answer.hasSuffix(end) { return answer }
        }
        throw TestClientError("the connection has ended after: \(answer)")
    }

    func close() async throws { try await channel.close() }
}

/// Hands on what is received, and how the handshake goes.
private final class Collector: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let received: AsyncThrowingStream<ByteBuffer, any Error>.Continuation
    private let handshake: AsyncThrowingStream<Void, any Error>.Continuation

    init(
        received: AsyncThrowingStream<ByteBuffer, any Error>.Continuation,
        handshake: AsyncThrowingStream<Void, any Error>.Continuation
    ) {
        self.received = received
        self.handshake = handshake
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent { handshake.yield() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { received.yield(unwrapInboundIn(data)) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        handshake.finish(throwing: error)
        received.finish(throwing: error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        handshake.finish()
        received.finish()
    }
}
