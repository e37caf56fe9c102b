// The client with which this server asks others: for images by URL, and to hand over spans.
// Not what may be asked of whom: ../Requests/ImageFetcher.swift, ../Tracing/SpanExporter.swift.

import AsyncHTTPClient
import NIOPosix

enum OutgoingHTTP {
    /// One for the whole process; its thread starts when it is used first.
    static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration(
            // Whoever asks decides about each step of a redirect.
            redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(connect: .seconds(5)),
            decompression: .disabled
        )
        // Whoever asks decides about trying again, too.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        // Handing over spans must not make further ones, and other servers need not know of our traces.
        configuration.tracing.tracer = nil
        return HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup(numberOfThreads: 1)),
            configuration: configuration
        )
    }()
}
