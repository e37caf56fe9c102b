// What the engine does, under the names by which dashboards made for vLLM ask. What vLLM has no name for begins with `vlmc:`.
// Not how numbers are kept: PrometheusRegistry.swift.

import CoreMetrics
import Metrics
import ModelRuntime
import ServingEngine

/// Takes the engine's reports.
///
/// *Source*: the names, labels and meanings are those of vLLM's metrics.
/// *Differs from source*: tokens of answers that were cancelled count as generated; metrics of parts that this server
/// does not have (remote caches, sleep) are left out.
final class EngineMetrics: EngineObserver {
    private let running: Meter
    private let waiting: Meter
    private let waitingForCapacity: Meter
    private let cacheUsage: Meter
    private let preemptions: Counter
    private let prefixQueries: Counter
    private let prefixHits: Counter
    private let imageQueries: Counter
    private let imageHits: Counter
    private let promptTokens: Counter
    private let cachedPromptTokens: Counter
    private let generationTokens: Counter
    private let imageTokens: Meter
    private let stepTokens: Recorder
    private let stepSeconds: Recorder
    private let firstToken: Recorder
    private let betweenTokens: Recorder
    private let requestPromptTokens: Recorder
    private let requestGenerationTokens: Recorder
    private let requestMaximumTokens: Recorder
    private let requestChoices: Recorder
    private let requestSeconds: Recorder
    private let queueSeconds: Recorder
    private let inferenceSeconds: Recorder
    private let prefillSeconds: Recorder
    private let decodeSeconds: Recorder
    private let secondsPerToken: Recorder
    private let requestPreemptions: Recorder
    private let computedTokens: Recorder
    private let registry: PrometheusRegistry

    init(_ registry: PrometheusRegistry) {
        func counter(_ name: String) -> Counter { Counter(label: name, factory: registry) }
        func meter(_ name: String, _ labels: [(String, String)] = []) -> Meter {
            Meter(label: name, dimensions: labels, factory: registry)
        }
        func recorder(_ name: String) -> Recorder { Recorder(label: name, aggregate: true, factory: registry) }
        self.registry = registry
        running = meter("vllm:num_requests_running")
        waiting = meter("vllm:num_requests_waiting")
        waitingForCapacity = meter("vllm:num_requests_waiting_by_reason", [("reason", "capacity")])
        meter("vllm:num_requests_waiting_by_reason", [("reason", "deferred")]).set(0)
        cacheUsage = meter("vllm:kv_cache_usage_perc")
        preemptions = counter("vllm:num_preemptions_total")
        prefixQueries = counter("vllm:prefix_cache_queries_total")
        prefixHits = counter("vllm:prefix_cache_hits_total")
        imageQueries = counter("vllm:mm_cache_queries_total")
        imageHits = counter("vllm:mm_cache_hits_total")
        promptTokens = counter("vllm:prompt_tokens_total")
        cachedPromptTokens = counter("vllm:prompt_tokens_cached_total")
        generationTokens = counter("vllm:generation_tokens_total")
        imageTokens = meter("vlmc:encoded_image_tokens")
        stepTokens = recorder("vllm:iteration_tokens_total")
        stepSeconds = recorder("vlmc:step_seconds")
        firstToken = recorder("vllm:time_to_first_token_seconds")
        betweenTokens = recorder("vllm:inter_token_latency_seconds")
        requestPromptTokens = recorder("vllm:request_prompt_tokens")
        requestGenerationTokens = recorder("vllm:request_generation_tokens")
        requestMaximumTokens = recorder("vllm:request_params_max_tokens")
        requestChoices = recorder("vllm:request_params_n")
        requestSeconds = recorder("vllm:e2e_request_latency_seconds")
        queueSeconds = recorder("vllm:request_queue_time_seconds")
        inferenceSeconds = recorder("vllm:request_inference_time_seconds")
        prefillSeconds = recorder("vllm:request_prefill_time_seconds")
        decodeSeconds = recorder("vllm:request_decode_time_seconds")
        secondsPerToken = recorder("vllm:request_time_per_output_token_seconds")
        requestPreemptions = recorder("vllm:request_num_preemptions")
        computedTokens = recorder("vllm:request_prefill_kv_computed_tokens")
        for reason in ["stop", "length", "abort", "error"] { success(reason).increment(by: Int64(0)) }
    }

    private func success(_ reason: String) -> Counter {
        Counter(label: "vllm:request_success_total", dimensions: [("finished_reason", reason)], factory: registry)
    }

    /// Takes note of a request that was not taken.
    func rejected(_ reason: String) {
        Counter(label: "vllm:admission_rejections_total", dimensions: [("reason", reason)], factory: registry)
            .increment()
    }

    /// Takes the state of an engine that may not have made a step for long.
    ///
    /// - Parameter adapterLimit: How many adapters may be loaded; nil for a server without any.
    func refresh(_ state: EngineState?, adapterLimit: Int? = nil) {
        guard let state else { return }
        if let adapterLimit { refresh(state.adapters, limit: adapterLimit) }
        running.set(state.running)
        waiting.set(state.waiting + state.preempted)
        waitingForCapacity.set(state.waiting + state.preempted)
        cacheUsage.set(state.blocks > 0 ? Double(state.usedBlocks) / Double(state.blocks) : 0)
        imageTokens.set(state.imageTokens)
    }

    /// The names stand in labels; the value is the time at which they were those.
    private func refresh(_ names: AdapterNames, limit: Int) {
        registry.setOnly(
            "vllm:lora_requests_info",
            [
                ("max_lora", "\(limit)"), ("running_lora_adapters", names.running.joined(separator: ",")),
                ("waiting_lora_adapters", names.waiting.joined(separator: ",")),
            ],
            to: Double(WallClock.seconds)
        )
    }

    func stepped(_ report: StepReport) {
        generationTokens.increment(by: report.generatedTokens)
        stepTokens.record(report.promptTokens + report.generatedTokens)
        stepSeconds.record(report.seconds)
    }

    func started(_ report: StartReport) {
        promptTokens.increment(by: report.promptTokens)
        prefixQueries.increment(by: report.promptTokens)
        prefixHits.increment(by: report.cachedTokens)
        cachedPromptTokens.increment(by: report.cachedTokens)
        imageQueries.increment(by: report.images.lookups)
        imageHits.increment(by: report.images.hits)
        queueSeconds.record(report.queueSeconds)
    }

    func gaveFirstToken(secondsSinceArrival: Double) { firstToken.record(secondsSinceArrival) }

    func gaveTokens(_ count: Int, secondsSinceLast: Double) {
        for _ in 0..<count { betweenTokens.record(secondsSinceLast / Double(count)) }
    }

    func preempted() { preemptions.increment() }

    func ended(_ report: RequestReport) {
        switch report.end {
        case .finished(let reason): success(reason.openAIName).increment()
        case .cancelled: success("abort").increment()
        case .failed: success("error").increment()
        }
        requestPromptTokens.record(report.usage.promptTokens)
        requestGenerationTokens.record(report.usage.generatedTokens)
        requestChoices.record(report.choices)
        if let maximum = report.maximumTokens { requestMaximumTokens.record(maximum) }
        requestSeconds.record(report.totalSeconds)
        requestPreemptions.record(report.preemptions)
        computedTokens.record(report.usage.promptTokens - report.usage.cachedTokens)
        if let seconds = report.prefillSeconds { prefillSeconds.record(seconds) }
        guard let decode = report.decodeSeconds else { return }
        decodeSeconds.record(decode)
        inferenceSeconds.record(decode + (report.prefillSeconds ?? 0))
        if report.usage.generatedTokens > 1 {
            secondsPerToken.record(decode / Double(report.usage.generatedTokens - 1))
        }
    }
}
