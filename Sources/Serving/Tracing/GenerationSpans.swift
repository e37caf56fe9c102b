// The spans of what the model did for a request: the whole, and its phases. Made at the end, from the engine's report.
// Names of attributes are OpenTelemetry's for generative models; for latencies, of which it has none, vLLM's.

import ModelRuntime
import ServingEngine
import Tracing

/// What is to be said about a generation besides what the engine reports.
///
/// *Source*: OpenTelemetry semantic conventions for generative AI; vLLM's span attributes below `gen_ai.latency`.
struct GenerationSpans: Sendable {
    let operation: String
    let requestedModel: String
    let servedModel: String
    let requestID: String
    let parameters: SamplingParameters
    let parent: ServiceContext

    /// Makes the spans of a generation that has ended at `end`.
    func record(_ report: RequestReport, end: DefaultTracerClock.Instant, with tracer: any Tracer) {
        let arrival = end.nanosecondsSinceEpoch &- Self.nanoseconds(report.totalSeconds)
        func instant(_ seconds: Double) -> DefaultTracerClock.Instant {
            .init(nanosecondsSinceEpoch: min(arrival &+ Self.nanoseconds(seconds), end.nanosecondsSinceEpoch))
        }
        let whole = tracer.startSpan("\(operation) \(requestedModel)", context: parent, at: instant(0))
        whole.updateAttributes { attributes in
            describeRequest(&attributes)
            describe(report, &attributes)
        }
        if report.end == .failed { whole.setStatus(SpanStatus(code: .error)) }
        func phase(_ name: String, from first: Double, to last: Double) {
            tracer.startSpan(name, context: whole.context, at: instant(first)).end(at: instant(last))
        }
        let start = report.queueSeconds ?? report.totalSeconds
        phase("queue", from: 0, to: start)
        if report.queueSeconds != nil {
            if let seconds = report.imageSeconds { phase("encode images", from: start, to: start + seconds) }
            let firstToken = report.prefillSeconds.map { start + $0 } ?? report.totalSeconds
            phase("prefill", from: start, to: firstToken)
            if let seconds = report.decodeSeconds { phase("decode", from: firstToken, to: firstToken + seconds) }
        }
        whole.end(at: end)
    }

    private static func nanoseconds(_ seconds: Double) -> UInt64 { UInt64(max(seconds, 0) * 1e9) }

    private func describeRequest(_ attributes: inout SpanAttributes) {
        attributes["gen_ai.operation.name"] = operation
        attributes["gen_ai.provider.name"] = "vlmc"
        attributes["gen_ai.request.model"] = requestedModel
        attributes["gen_ai.response.model"] = servedModel
        attributes["gen_ai.request.id"] = requestID
        attributes["gen_ai.request.temperature"] = parameters.temperature
        attributes["gen_ai.request.top_p"] = parameters.topP
        if let count = parameters.topK { attributes["gen_ai.request.top_k"] = count }
        if let count = parameters.maximumTokens { attributes["gen_ai.request.max_tokens"] = count }
        if let seed = parameters.seed.flatMap({ Int(exactly: $0) }) { attributes["gen_ai.request.seed"] = seed }
        attributes["gen_ai.request.frequency_penalty"] = parameters.frequencyPenalty
        attributes["gen_ai.request.presence_penalty"] = parameters.presencePenalty
    }

    private func describe(_ report: RequestReport, _ attributes: inout SpanAttributes) {
        attributes["gen_ai.request.choice.count"] = report.choices
        attributes["gen_ai.usage.input_tokens"] = report.usage.promptTokens
        attributes["gen_ai.usage.output_tokens"] = report.usage.generatedTokens
        attributes["gen_ai.usage.cache_read.input_tokens"] = report.usage.cachedTokens
        attributes["gen_ai.latency.e2e"] = report.totalSeconds
        attributes["vlmc.preemptions"] = report.preemptions
        switch report.end {
        case .finished: attributes["gen_ai.response.finish_reasons"] = report.finishReasons.map(\.openAIName)
        case .cancelled: attributes["error.type"] = "cancelled"
        case .failed: attributes["error.type"] = "failed"
        }
        guard let queue = report.queueSeconds else { return }
        attributes["gen_ai.latency.time_in_queue"] = queue
        guard let prefill = report.prefillSeconds else { return }
        attributes["gen_ai.latency.time_to_first_token"] = queue + prefill
        attributes["gen_ai.latency.time_in_model_prefill"] = prefill
        guard let decode = report.decodeSeconds else { return }
        attributes["gen_ai.latency.time_in_model_decode"] = decode
        attributes["gen_ai.latency.time_in_model_inference"] = prefill + decode
    }
}
