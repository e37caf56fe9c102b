// Spans on their way to a collector: what it is sent, and that one that is slow, wrong or gone holds up nothing.

import JSONText
import ServingEngine
import Testing
import Tracing

@testable import Serving

@Suite struct SpanExporterTests {
    private static let hello = #"{"prompt":"Hi"}"#

    private static func exporter(_ port: Int, _ log: RecordingLog) throws -> SpanExporter {
        SpanExporter(
            endpoint: try WebAddress("http://127.0.0.1:\(port)"),
            service: "tests",
            version: "vlmc 0",
            logger: log.logger
        )
    }

    private static func waitFor(_ condition: () -> Bool) async throws {
        for _ in 0..<1000 where !condition() { try await Task.sleep(for: .milliseconds(10)) }
    }

    /// The attribute of a span, in OTLP's form.
    private static func attribute(_ object: JSONValue?, _ key: String) -> JSONValue? {
        object?["attributes"]?.array?.first { $0["key"]?.string == key }?["value"]
    }

    @Test func aCollectorIsSentTheSpans() async throws {
        let collector = try LoopbackServer { _ in .answer("200 OK", body: Array("{}".utf8)) }
        let exporter = try Self.exporter(collector.port, RecordingLog())
        let exporting = Task { await exporter.run() }
        try await RunningServer.with(ScriptedEngine(["x"]), tracer: exporter.tracer) { server in
            #expect(try await server.post("/v1/completions", Self.hello).status == 200)
            func spans() -> [JSONValue] {
                collector.requests.flatMap { $0.json["resourceSpans"]?.array ?? [] }
                    .flatMap { $0["scopeSpans"]?.array ?? [] }.flatMap { $0["spans"]?.array ?? [] }
            }
            try await Self.waitFor { spans().count == 6 }
            let request = try #require(collector.requests.first)
            #expect(request.method == "POST" && request.target == "/v1/traces")
            #expect(request.headers["content-type"] == "application/json")
            // Sending spans makes no spans, and tells nobody of one.
            #expect(request.headers["traceparent"] == nil)
            let resource = request.json["resourceSpans"]?.array?.first?["resource"]
            #expect(Self.attribute(resource, "service.name")?["stringValue"]?.string == "tests")
            func span(_ name: String) throws -> JSONValue {
                try #require(spans().first { $0["name"]?.string == name }, "\(name)")
            }
            let (http, model, decode) = (
                try span("POST /v1/completions"), try span("text_completion tiny"), try span("decode")
            )
            #expect(http["kind"]?.integer == 2 && model["kind"]?.integer == 1)
            #expect(http["parentSpanId"] == nil)
            #expect(model["parentSpanId"]?.string == http["spanId"]?.string)
            #expect(decode["parentSpanId"]?.string == model["spanId"]?.string)
            #expect(http["traceId"]?.string?.utf8.count == 32 && http["spanId"]?.string?.utf8.count == 16)
            #expect(Set(spans().compactMap { $0["traceId"]?.string }).count == 1)
            let start = try #require(decode["startTimeUnixNano"]?.string.flatMap { UInt64($0) })
            let end = try #require(decode["endTimeUnixNano"]?.string.flatMap { UInt64($0) })
            #expect(end - start == 8_000_000_000)
            #expect(Self.attribute(http, "http.response.status_code")?["intValue"]?.string == "200")
            #expect(Self.attribute(model, "gen_ai.latency.e2e")?["doubleValue"]?.number != nil)
            let reasons = Self.attribute(model, "gen_ai.response.finish_reasons")?["arrayValue"]?["values"]?.array
            #expect(reasons?.first?["stringValue"]?.string == "stop")
        }
        exporting.cancel()
        await exporting.value
    }

    /// A port at which nobody listens, one at which nobody answers, and one that refuses.
    enum Collector: CaseIterable {
        case gone
        case silent
        case refusing
    }

    @Test(arguments: Collector.allCases)
    func aCollectorThatTakesNothingHoldsUpNothing(kind: Collector) async throws {
        let other = try LoopbackServer { _ in kind == .silent ? .silence : .answer("400 Bad Request") }
        let log = RecordingLog()
        // Port 1 of this machine is nobody's.
        let exporter = try Self.exporter(kind == .gone ? 1 : other.port, log)
        let exporting = Task { await exporter.run() }
        try await RunningServer.with(ScriptedEngine(["x"]), tracer: exporter.tracer) { server in
            for _ in 0..<20 {
                #expect(try await server.post("/v1/completions", Self.hello).status == 200)
            }
            // It has been tried.
            switch kind {
            case .gone: break
            case .silent: try await Self.waitFor { !other.requests.isEmpty }
            case .refusing: try await Self.waitFor { log.all.contains { $0.contains("spans are dropped") } }
            }
            #expect(try await server.post("/v1/completions", Self.hello).status == 200)
        }
        exporting.cancel()
        await exporting.value
        if kind == .refusing { #expect(log.all.contains { $0.contains("status 400") }) }
        if kind == .silent {
            // What was on its way when the server ended is not lost: it is tried once more.
            #expect(exporter.queue.count > 0)
        }
    }

    @Test func whatIsLeftIsSentAtTheEnd() async throws {
        let collector = try LoopbackServer { _ in .answer("200 OK") }
        let exporter = try Self.exporter(collector.port, RecordingLog())
        exporter.tracer.startSpan("last").end()
        // Among a thousand other tests a moment is too short.
        await exporter.finish(within: .seconds(60))
        #expect(collector.requests.count == 1 && exporter.queue.count == 0)
    }

    @Test func aFullQueueDropsTheNewest() {
        let queue = SpanQueue(capacity: 3)
        let tracer = OTLPTracer(queue: queue)
        for index in 0..<5 { tracer.startSpan("\(index)").end() }
        #expect(queue.takeDroppedCount() == 2 && queue.takeDroppedCount() == 0)
        let taken = queue.take(2)
        #expect(taken.map(\.name) == ["0", "1"])
        tracer.startSpan("5").end()
        queue.putBack(taken)
        #expect(queue.take(9).map(\.name) == ["0", "2", "5"] && queue.takeDroppedCount() == 1)
    }

    @Test func everyKindOfValueHasAForm() throws {
        let queue = SpanQueue()
        let tracer = OTLPTracer(queue: queue)
        let span = tracer.startSpan("all", ofKind: .client)
        span.attributes.set("a", value: .int32(-1))
        span.attributes.set("b", value: .int64(.max))
        span.attributes.set("c", value: .double(.nan))
        span.attributes.set("d", value: .doubleArray([0.5, .infinity]))
        span.attributes.set("e", value: .boolArray([true]))
        span.attributes.set("f", value: .string("\"\n"))
        span.attributes.set("g", value: .stringConvertible(7))
        span.recordError(TestClientError("not to be told"))
        span.addLink(SpanLink(context: tracer.startSpan("other").context, attributes: [:]))
        span.setStatus(SpanStatus(code: .error, message: "why"))
        span.end()
        // What has ended is what it was.
        span.attributes.set("h", value: .bool(true))
        span.end()
        let records = queue.take(9)
        #expect(records.count == 1)
        let text = String(decoding: OTLPText.body(records, service: "s", version: "v"), as: UTF8.self)
        let found = try JSONDocument(text).root["resourceSpans"]?.array?.first?["scopeSpans"]?.array?.first?["spans"]?
            .array
        let json = try #require(found?.first)
        #expect(json["kind"]?.integer == 3 && json["status"]?["code"]?.integer == 2)
        for (key, value) in [
            "a": #"{"intValue":"-1"}"#, "b": #"{"intValue":"9223372036854775807"}"#, "c": #"{"doubleValue":"NaN"}"#,
            "d": #"{"arrayValue":{"values":[{"doubleValue":0.5},{"doubleValue":"Infinity"}]}}"#,
            "e": #"{"arrayValue":{"values":[{"boolValue":true}]}}"#, "f": #"{"stringValue":"\"\n"}"#,
            "g": #"{"stringValue":"7"}"#,
        ] {
            #expect(text.contains(#"{"key":"\#(key)","value":\#(value)}"#), "\(key): \(text)")
        }
        #expect(!text.contains("not to be told") && !text.contains(#""key":"h""#))
        #expect(json["events"]?.array?.first?["name"]?.string == "exception")
        #expect(json["links"]?.array?.first?["traceId"]?.string?.utf8.count == 32)
    }
}
