// Spans in the form in which collectors of OpenTelemetry take them over HTTP.
//
// *Source*: OpenTelemetry protocol 1.x, `ExportTraceServiceRequest` in its JSON form: identities in hexadecimal digits,
// 64-bit integers as strings, enumerations as numbers.

import JSONText
import Tracing

enum OTLPText {
    /// The body of a request to a collector.
    static func body(_ spans: [SpanRecord], service: String, version: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            list("resourceSpans", &writer) { writer in
                writer.key("resource")
                writer.object { writer in
                    write(["service.name": .string(service), "service.version": .string(version)], &writer)
                }
                list("scopeSpans", &writer) { writer in
                    writer.key("scope")
                    writer.object { writer in
                        writer.key("name")
                        writer.string("vlmc.serve")
                    }
                    writer.key("spans")
                    writer.array { writer in for span in spans { write(span, &writer) } }
                }
            }
        }
        return writer.utf8
    }

    /// A list of one object.
    private static func list(_ key: String, _ writer: inout JSONWriter, _ body: (inout JSONWriter) -> Void) {
        writer.key(key)
        writer.array { writer in writer.object { body(&$0) } }
    }

    private static func write(_ span: SpanRecord, _ writer: inout JSONWriter) {
        writer.object { writer in
            write(span.context, &writer)
            if let parent = span.parentID { member("parentSpanId", parent, &writer) }
            member("name", span.name, &writer)
            writer.key("kind")
            writer.integer(number(of: span.kind))
            member("startTimeUnixNano", "\(span.start)", &writer)
            member("endTimeUnixNano", "\(span.end)", &writer)
            write(span.attributes, &writer)
            if !span.events.isEmpty {
                writer.key("events")
                writer.array { writer in
                    for event in span.events {
                        writer.object { writer in
                            member("name", event.name, &writer)
                            member("timeUnixNano", "\(event.nanosecondsSinceEpoch)", &writer)
                            write(event.attributes, &writer)
                        }
                    }
                }
            }
            if !span.links.isEmpty {
                writer.key("links")
                writer.array { writer in
                    for link in span.links {
                        writer.object { writer in
                            write(link.context, &writer)
                            write(link.attributes, &writer)
                        }
                    }
                }
            }
            if let status = span.status {
                writer.key("status")
                writer.object { writer in
                    writer.key("code")
                    writer.integer(status.code == .ok ? 1 : 2)
                    if let message = status.message { member("message", message, &writer) }
                }
            }
        }
    }

    private static func write(_ context: TraceContext, _ writer: inout JSONWriter) {
        member("traceId", context.traceID, &writer)
        member("spanId", context.spanID, &writer)
        if let state = context.state { member("traceState", state, &writer) }
    }

    private static func member(_ key: String, _ value: String, _ writer: inout JSONWriter) {
        writer.key(key)
        writer.string(value)
    }

    private static func number(of kind: SpanKind) -> Int {
        switch kind {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }

    private static func write(_ attributes: SpanAttributes, _ writer: inout JSONWriter) {
        var all: [(key: String, value: SpanAttribute)] = []
        attributes.forEach { all.append(($0, $1)) }
        writer.key("attributes")
        writer.array { writer in
            for (key, value) in all.sorted(by: { $0.key < $1.key }) {
                writer.object { writer in
                    member("key", key, &writer)
                    writer.key("value")
                    write(value, &writer)
                }
            }
        }
    }

    private static func write(_ value: SpanAttribute, _ writer: inout JSONWriter) {
        switch value {
        case .int32(let number): scalar(.integer(Int64(number)), &writer)
        case .int64(let number): scalar(.integer(number), &writer)
        case .double(let number): scalar(.double(number), &writer)
        case .bool(let flag): scalar(.boolean(flag), &writer)
        case .string(let text): scalar(.string(text), &writer)
        case .stringConvertible(let value): scalar(.string("\(value)"), &writer)
        case .int32Array(let numbers): array(numbers.map { .integer(Int64($0)) }, &writer)
        case .int64Array(let numbers): array(numbers.map { .integer($0) }, &writer)
        case .doubleArray(let numbers): array(numbers.map { .double($0) }, &writer)
        case .boolArray(let flags): array(flags.map { .boolean($0) }, &writer)
        case .stringArray(let texts): array(texts.map { .string($0) }, &writer)
        case .stringConvertibleArray(let values): array(values.map { .string("\($0)") }, &writer)
        // The library asks for a default: it may have further kinds.
        default: scalar(.string(""), &writer)
        }
    }

    private enum Scalar {
        case integer(Int64)
        case double(Double)
        case boolean(Bool)
        case string(String)
    }

    private static func array(_ values: [Scalar], _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("arrayValue")
            writer.object { writer in
                writer.key("values")
                writer.array { writer in for value in values { scalar(value, &writer) } }
            }
        }
    }

    private static func scalar(_ value: Scalar, _ writer: inout JSONWriter) {
        writer.object { writer in
            switch value {
            case .integer(let number): member("intValue", "\(number)", &writer)
            case .string(let text): member("stringValue", text, &writer)
            case .boolean(let flag):
                writer.key("boolValue")
                writer.boolean(flag)
            case .double(let number):
                writer.key("doubleValue")
                // What JSON has no number for is a string in this form.
                do throws(JSONWriterError) { try writer.double(number) } catch { writer.string(nonFinite(number)) }
            }
        }
    }

    private static func nonFinite(_ number: Double) -> String {
        number.isNaN ? "NaN" : number > 0 ? "Infinity" : "-Infinity"
    }
}
