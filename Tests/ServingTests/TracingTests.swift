// Spans of requests, in a tracer that keeps them: which there are, what they say, and what they do not say.
// Not sending them: SpanExporterTests.swift.

import InMemoryTracing
import JSONText
import ServingEngine
import Testing
import Tracing

@testable import Serving

@Suite struct TracingTests {
    private static let secret = "the-secret-question"
    private static let chat = "/v1/chat/completions"
    private static let body =
        #"{"model":"other-name","messages":[{"role":"user","content":"\#(secret)"}],"temperature":0.5,"top_p":0.9,"#
        + #""max_tokens":7,"seed":3,"n":2,"stop":["\#(secret)"],"user":"\#(secret)"}"#

    /// The spans by their names, once there are so many.
    private static func spans(_ tracer: InMemoryTracer, _ count: Int) async throws -> [String: FinishedInMemorySpan] {
        for _ in 0..<1000 where tracer.finishedSpans.count < count { try await Task.sleep(for: .milliseconds(10)) }
        let spans = tracer.popFinishedSpans()
        #expect(spans.count == count, "\(spans.map(\.operationName))")
        return Dictionary(spans.map { ($0.operationName, $0) }, uniquingKeysWith: { first, _ in first })
    }

    private static func seconds(_ span: FinishedInMemorySpan) -> Double {
        Double(span.endInstant.nanosecondsSinceEpoch - span.startInstant.nanosecondsSinceEpoch) / 1e9
    }

    private static func text(_ span: FinishedInMemorySpan) -> String {
        var text = span.operationName
        span.attributes.forEach { text += " \($0)=\($1)" }
        return text + "\(span.events)\(span.errors)"
    }

    @Test(arguments: [false, true])
    func aRequestAndItsPhases(isStreamed: Bool) async throws {
        let tracer = InMemoryTracer()
        let engine = ScriptedEngine(["the-secret-", "answer"], finish: .length)
        try await RunningServer.with(engine, tracer: tracer) { server in
            let body = isStreamed ? Self.body.replacing(#""n":2"#, with: #""n":2,"stream":true"#) : Self.body
            #expect(try await server.post(Self.chat, body).status == 200)
            let spans = try await Self.spans(tracer, 6)
            let request = try #require(spans["POST /v1/chat/completions"])
            let chat = try #require(spans["chat other-name"])
            #expect(request.kind == .server && request.spanContext.parentSpanID == nil)
            #expect(request.attributes.get("http.request.method") == .string("POST"))
            #expect(request.attributes.get("http.route") == .string(Self.chat))
            #expect(request.attributes.get("http.response.status_code") == .int64(200))
            #expect(request.status == nil)
            for (key, value) in [
                "gen_ai.operation.name": .string("chat"), "gen_ai.request.model": .string("other-name"),
                "gen_ai.response.model": .string("tiny"), "gen_ai.request.temperature": .double(0.5),
                "gen_ai.request.top_p": .double(0.9), "gen_ai.request.max_tokens": .int64(7),
                "gen_ai.request.seed": .int64(3), "gen_ai.request.choice.count": .int64(2),
                "gen_ai.usage.output_tokens": .int64(4), "gen_ai.usage.cache_read.input_tokens": .int64(2),
                "gen_ai.usage.input_tokens": .int64(Int64(engine.requests[0].tokens.count)),
                "gen_ai.response.finish_reasons": .stringArray(["length", "length"]),
                "gen_ai.latency.time_in_queue": .double(1), "gen_ai.latency.time_to_first_token": .double(5),
                "gen_ai.latency.time_in_model_prefill": .double(4), "gen_ai.latency.time_in_model_decode": .double(8),
                "gen_ai.latency.time_in_model_inference": .double(12), "gen_ai.latency.e2e": .double(16),
            ] as [String: SpanAttribute] {
                #expect(chat.attributes.get(key) == value, "\(key)")
            }
            #expect(chat.spanContext.parentSpanID == request.spanContext.spanID)
            // The phases follow one another, and each is as long as the engine says.
            var last = chat.startInstant.nanosecondsSinceEpoch
            for (name, seconds) in [("queue", 1.0), ("prefill", 4), ("decode", 8)] {
                let phase = try #require(spans[name])
                #expect(phase.spanContext.parentSpanID == chat.spanContext.spanID)
                #expect(Self.seconds(phase) == seconds)
                #expect(phase.startInstant.nanosecondsSinceEpoch == last)
                last = phase.endInstant.nanosecondsSinceEpoch
            }
            #expect(Self.seconds(chat) == 16)
            #expect(spans["prepare"]?.spanContext.parentSpanID == request.spanContext.spanID)
            #expect(Set(spans.values.map(\.spanContext.traceID)).count == 1)
            for span in spans.values { #expect(!Self.text(span).contains("the-secret"), "\(Self.text(span))") }
            #expect(tracer.activeSpans.isEmpty)
        }
    }

    @Test func imagesHaveASpan() async throws {
        let tracer = InMemoryTracer()
        let image = ImageBytes.base64(try ImageBytes.read("stamp-61x45.png"))
        let body =
            #"{"model":"tiny","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":{"#
            + #""type":"base64","media_type":"image/png","data":"\#(image)"}},{"type":"text","text":"?"}]}]}"#
        try await RunningServer.with(ScriptedEngine(["x"]), tracer: tracer) { server in
            #expect(try await server.post("/v1/messages", body).status == 200)
            let spans = try await Self.spans(tracer, 7)
            let (images, prefill) = (try #require(spans["encode images"]), try #require(spans["prefill"]))
            #expect(
                Self.seconds(images) == 2
                    && images.startInstant.nanosecondsSinceEpoch == prefill.startInstant.nanosecondsSinceEpoch
            )
        }
    }

    @Test func errorsAndClientsThatGo() async throws {
        let tracer = InMemoryTracer()
        let engine = ScriptedEngine(["x"], isEndless: true)
        try await RunningServer.with(engine, tracer: tracer) { server in
            let wrong =
                #"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":"\#(Self.secret)"}]}]}"#
            #expect(try await server.post(Self.chat, wrong).status == 400)
            var spans = try await Self.spans(tracer, 2)
            #expect(spans["POST \(Self.chat)"]?.attributes.get("http.response.status_code") == .int64(400))
            // Mistakes of clients are no errors of the server.
            #expect(spans["POST \(Self.chat)"]?.status == nil)
            #expect(spans["prepare"]?.attributes.get("error.type") == .string("invalid_image_url"))
            for span in spans.values { #expect(!Self.text(span).contains(Self.secret)) }

            let port = server.port
            let connection = try await RunningServer.blocking { () -> TestConnectionBox in
                let connection = try TestConnection(port: port)
                let streamed = #"{"messages":[{"role":"user","content":"x"}],"stream":true}"#
                try connection.send(RunningServer.request("POST", Self.chat, streamed))
                _ = try connection.read(until: #""content":"x""#)
                return TestConnectionBox(connection)
            }
            connection.close()
            spans = try await Self.spans(tracer, 6)
            #expect(spans["chat tiny"]?.attributes.get("error.type") == .string("cancelled"))
            #expect(spans["chat tiny"]?.attributes.get("gen_ai.response.finish_reasons") == nil)

            // What is asked every few seconds has no spans.
            for path in ["/health", "/metrics", "/version"] { _ = try await server.ask("GET", path) }
            #expect(try await server.ask("GET", "/v1/models").status == 200)
            spans = try await Self.spans(tracer, 1)
            #expect(spans["GET /v1/models"] != nil)
            engine.refuse(.shuttingDown)
            #expect(try await server.post(Self.chat, Self.body).status == 503)
            spans = try await Self.spans(tracer, 2)
            #expect(spans["POST \(Self.chat)"]?.status?.code == .error)
            #expect(spans["POST \(Self.chat)"]?.attributes.get("error.type") == .string("503"))
            #expect(tracer.activeSpans.isEmpty)
        }
    }

    /// Each with the trace that the logs have to name.
    @Test func theTraceOfAClientGoesOn() async throws {
        let log = RecordingLog()
        let queue = SpanQueue()
        let (trace, parent) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
        let hello = #"{"prompt":"Hi"}"#
        try await RunningServer.with(
            ScriptedEngine(["x"]),
            logger: log.logger,
            tracer: OTLPTracer(queue: queue)
        ) { server in
            let headers = ["traceparent": "00-\(trace)-\(parent)-01", "tracestate": "vendor=1"]
            #expect(try await server.post("/v1/completions", hello, headers: headers).status == 200)
            for _ in 0..<1000 where queue.count < 6 { try await Task.sleep(for: .milliseconds(10)) }
            let spans = queue.take(10)
            #expect(spans.count == 6)
            #expect(spans.allSatisfy { $0.context.traceID == trace && $0.context.state == "vendor=1" })
            #expect(spans.first { $0.kind == .server }?.parentID == parent)
            #expect(spans.contains { $0.name == "text_completion tiny" })
            #expect(log.all.contains { $0.hasPrefix("info request ") && $0.contains("trace_id=\(trace)") })

            // The client's decision not to keep the trace is obeyed; the logs name it all the same.
            let other = "1af7651916cd43dd8448eb211c80319c"
            let unsampled = ["traceparent": "00-\(other)-\(parent)-00"]
            #expect(try await server.post("/v1/completions", hello, headers: unsampled).status == 200)
            // A trace that is not valid is as good as none.
            let damaged = ["traceparent": "00-\(other)-\(parent)-"]
            #expect(try await server.post("/v1/completions", hello, headers: damaged).status == 200)
            for _ in 0..<1000 where queue.count < 6 { try await Task.sleep(for: .milliseconds(10)) }
            let last = queue.take(20)
            #expect(last.count == 6 && last.allSatisfy { $0.context.traceID != other })
            #expect(log.all.count { $0.contains("trace_id=\(other)") } == 1)
            #expect(log.all.contains { $0.contains("trace_id=\(last[0].context.traceID)") })
        }
    }

    @Test func withoutATracerTheLogsNameTheClientsTrace() async throws {
        let log = RecordingLog()
        let trace = "0af7651916cd43dd8448eb211c80319c"
        let engine = ScriptedEngine(["x"])
        try await RunningServer.with(engine, logger: log.logger, tracer: NoOpTracer()) { server in
            let headers = ["traceparent": "00-\(trace)-b7ad6b7169203331-01"]
            let first = try await server.post(Self.chat, Self.body, headers: headers)
            let second = try await server.post(Self.chat, Self.body)
            #expect(first.status == 200 && second.status == 200)
        }
        let lines = log.all.filter { $0.hasPrefix("info request ") }
        #expect(lines.map { $0.contains("trace_id=\(trace)") } == [true, false])
    }
}
