// A backend of swift-distributed-tracing that hands spans to a queue for a collector of OpenTelemetry.
// Not sending: SpanExporter.swift. Programs that bring a backend of their own do without it.

import Synchronization
import Tracing

/// Makes spans.
///
/// Whether the spans of a trace are kept is decided where the trace begins: here all are.
struct OTLPTracer: Tracer {
    let queue: SpanQueue

    func startSpan<Instant: TracerInstant>(
        _ operationName: String,
        context: @autoclosure () -> ServiceContext,
        ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant,
        function: String,
        file fileID: String,
        line: UInt
    ) -> OTLPSpan {
        var context = context()
        let parent = context.traceContext
        let own = parent?.child() ?? .random()
        context.traceContext = own
        let start = instant().nanosecondsSinceEpoch
        let record = SpanRecord(context: own, parentID: parent?.spanID, name: operationName, kind: kind, start: start)
        return OTLPSpan(context, record, queue)
    }

    func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier,
        into context: inout ServiceContext,
        using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let parent = extractor.extract(key: "traceparent", from: carrier) else { return }
        let state = extractor.extract(key: "tracestate", from: carrier)
        // As much has to be handed on, and no more.
        context.traceContext = TraceContext(
            traceParent: parent,
            state: state.flatMap { $0.utf8.count <= 512 ? $0 : nil }
        )
    }

    func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext,
        into carrier: inout Carrier,
        using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let own = context.traceContext else { return }
        injector.inject(own.traceParent, forKey: "traceparent", into: &carrier)
        if let state = own.state { injector.inject(state, forKey: "tracestate", into: &carrier) }
    }

    func forceFlush() {}
}

/// What is known of a span.
struct SpanRecord: Sendable {
    var context: TraceContext
    var parentID: String?
    var name: String
    var kind: SpanKind
    /// Nanoseconds since 1970, as all times here.
    var start: UInt64
    var end: UInt64 = 0
    var attributes = SpanAttributes()
    var events: [SpanEvent] = []
    var links: [(context: TraceContext, attributes: SpanAttributes)] = []
    var status: SpanStatus?

    init(context: TraceContext, parentID: String?, name: String, kind: SpanKind, start: UInt64) {
        self.context = context
        self.parentID = parentID
        self.name = name
        self.kind = kind
        self.start = start
    }
}

/// A span that goes to a queue when it ends. What is said about it afterwards has no effect.
final class OTLPSpan: Span {
    let context: ServiceContext
    /// Nil once it has ended.
    private let record: Mutex<SpanRecord?>
    private let queue: SpanQueue

    fileprivate init(_ context: ServiceContext, _ record: SpanRecord, _ queue: SpanQueue) {
        self.context = context
        self.queue = queue
        self.record = Mutex(record.context.isSampled ? record : nil)
    }

    var isRecording: Bool { record.withLock { $0 != nil } }

    var operationName: String {
        get { record.withLock { $0?.name ?? "" } }
        set { record.withLock { $0?.name = newValue } }
    }

    var attributes: SpanAttributes {
        get { record.withLock { $0?.attributes ?? SpanAttributes() } }
        set { record.withLock { $0?.attributes = newValue } }
    }

    func setStatus(_ status: SpanStatus) { record.withLock { $0?.status = status } }

    func addEvent(_ event: SpanEvent) { record.withLock { $0?.events.append(event) } }

    func addLink(_ link: SpanLink) {
        guard let other = link.context.traceContext else { return }
        record.withLock { $0?.links.append((other, link.attributes)) }
    }

    func recordError<Instant: TracerInstant>(
        _ error: any Error,
        attributes: SpanAttributes,
        at instant: @autoclosure () -> Instant
    ) {
        var attributes = attributes
        // Only the type: messages may quote what somebody asked.
        attributes["exception.type"] = String(reflecting: type(of: error))
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
    }

    func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        let end = instant().nanosecondsSinceEpoch
        let ended = record.withLock { record in
            defer { record = nil }
            return record
        }
        guard var ended else { return }
        ended.end = max(end, ended.start)
        queue.add(ended)
    }
}
