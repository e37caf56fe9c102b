// The identity of a span and how it travels from program to program in the headers `traceparent` and `tracestate`.
// Not spans: OTLPTracer.swift, or another backend of swift-distributed-tracing.

import HTTPTypes
import Tracing

/// Which span of which trace.
///
/// *Source*: W3C Trace Context, level 1.
struct TraceContext: Sendable, Hashable {
    /// 16 bytes, not all 0, as 32 digits of lower case.
    var traceID: String
    /// 8 bytes, not all 0, as 16 digits of lower case.
    var spanID: String
    /// Whether spans of the trace are kept.
    var isSampled: Bool
    /// What other systems say about the trace, to be handed on as it is.
    var state: String?

    /// A new trace.
    static func random() -> TraceContext {
        TraceContext(traceID: digits(16), spanID: digits(8), isSampled: true)
    }

    /// A further span of the same trace.
    func child() -> TraceContext {
        var child = self
        child.spanID = Self.digits(8)
        return child
    }

    /// Random bytes as hexadecimal digits.
    private static func digits(_ count: Int) -> String {
        // The first byte is not 0, and so the whole is not.
        var bytes = [UInt8.random(in: 1...255)]
        for _ in 1..<count { bytes.append(UInt8.random(in: 0...255)) }
        return bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    init(traceID: String, spanID: String, isSampled: Bool, state: String? = nil) {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
        self.state = state
    }

    /// Reads `traceparent`; nil for one that is not valid, which is to be taken as if there were none.
    init?(traceParent: String, state: String? = nil) {
        let parts = traceParent.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, Self.isHex(parts[0], 2), parts[0] != "ff", Self.isHex(parts[1], 32),
            Self.isHex(parts[2], 16), Self.isHex(parts[3], 2), let flags = UInt8(parts[3], radix: 16)
        else { return nil }
        // Later versions may have further parts.
        guard parts.count == 4 || parts[0] != "00" else { return nil }
        guard parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" }) else { return nil }
        self.init(traceID: String(parts[1]), spanID: String(parts[2]), isSampled: flags & 1 == 1, state: state)
    }

    /// The value of `traceparent`.
    var traceParent: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }

    private static func isHex(_ text: Substring, _ count: Int) -> Bool {
        text.utf8.count == count
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}

/// Under which a `TraceContext` travels through this program.
private enum TraceContextKey: ServiceContextKey {
    typealias Value = TraceContext
    static let nameOverride: String? = "vlmc.trace-context"
}

extension ServiceContext {
    /// The span that new ones belong to; of `OTLPTracer`, not of other backends.
    var traceContext: TraceContext? {
        get { self[TraceContextKey.self] }
        set { self[TraceContextKey.self] = newValue }
    }
}

/// Reads what a request's headers say about its trace.
struct HeaderExtractor: Extractor {
    func extract(key: String, from headers: HTTPFields) -> String? {
        HTTPField.Name(key).flatMap { headers[$0] }
    }
}

/// Writes what is to be said about a trace into a table of names and values.
struct TableInjector: Injector {
    func inject(_ value: String, forKey key: String, into table: inout [String: String]) { table[key] = value }
}
