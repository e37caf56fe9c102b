// Sends spans to a collector, beside everything else: nothing waits for it, and what it cannot send is dropped.
// Read on: SpanQueue.swift, OTLPText.swift.

import AsyncHTTPClient
import Logging
import NIOCore
import Tracing

/// Sends the spans of a queue.
struct SpanExporter: Sendable {
    let queue = SpanQueue()
    private let endpoint: WebAddress
    private let service: String
    private let version: String
    private let logger: Logger

    /// Spans of a request to the collector, the time between requests, the time of one, and how often a batch is tried.
    private static let batchCount = 512
    private static let interval = Duration.seconds(1)
    private static let patience = Duration.seconds(10)
    private static let attemptCount = 4

    /// - Parameters:
    ///   - endpoint: Where the collector takes spans; `/v1/traces` of a server for an address without a path.
    ///   - service: The name of this server among others.
    init(endpoint: WebAddress, service: String, version: String, logger: Logger) {
        var endpoint = endpoint
        if endpoint.target == "/" { endpoint.target = "/v1/traces" }
        self.endpoint = endpoint
        self.service = service
        self.version = version
        self.logger = logger
    }

    var tracer: any Tracer { OTLPTracer(queue: queue) }

    /// Sends spans as they come, until it is cancelled.
    func run() async {
        var isHealthy = true
        while !Task.isCancelled {
            let batch = queue.take(Self.batchCount)
            guard !batch.isEmpty else {
                try? await Task.sleep(for: Self.interval)
                continue
            }
            let failure = await deliver(batch)
            if failure != nil, Task.isCancelled { return queue.putBack(batch) }
            if let failure, isHealthy {
                logger.warning("spans are dropped: the collector takes none", metadata: ["reason": "\(failure)"])
            } else if failure == nil, !isHealthy {
                logger.notice("the collector takes spans again")
            }
            isHealthy = failure == nil
            let dropped = queue.takeDroppedCount()
            if dropped > 0 { logger.warning("spans were dropped", metadata: ["count": "\(dropped)"]) }
        }
    }

    /// Sends what is left, unless the collector takes longer than a moment.
    func finish(within patience: Duration = .seconds(2)) async {
        let rest = queue.take(.max)
        if !rest.isEmpty { _ = await send(rest, within: patience) }
    }

    /// Sends a batch, several times if need be; why it could not, or nil.
    private func deliver(_ batch: [SpanRecord]) async -> DeliveryFailure? {
        var pause = Self.interval
        var failure: DeliveryFailure?
        for attempt in 1...Self.attemptCount {
            failure = await send(batch)
            guard let failure, failure.isTransient, attempt < Self.attemptCount, !Task.isCancelled else { break }
            try? await Task.sleep(for: pause)
            pause *= 2
        }
        return failure
    }

    private func send(
        _ batch: [SpanRecord],
        within patience: Duration = patience
    ) async -> DeliveryFailure? {
        var request = HTTPClientRequest(url: endpoint.url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.headers.add(name: "user-agent", value: "vlmc")
        request.body = .bytes(ByteBuffer(bytes: OTLPText.body(batch, service: service, version: version)))
        do {
            let response = try await OutgoingHTTP.client.execute(request, timeout: TimeAmount(patience))
            let status = Int(response.status.code)
            if (200..<300).contains(status) { return nil }
            return DeliveryFailure(
                description: "\(endpoint.url) answers with status \(status)",
                isTransient: [429, 502, 503, 504].contains(status)
            )
        } catch {
            return DeliveryFailure(description: "\(endpoint.url): \(error)", isTransient: true)
        }
    }
}

/// Why spans could not be sent.
private struct DeliveryFailure: CustomStringConvertible {
    let description: String
    /// Whether trying again could help.
    let isTransient: Bool
}
