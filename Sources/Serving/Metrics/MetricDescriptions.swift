// A sentence about every metric, and the bounds of histograms. A table: read EngineMetrics.swift for what is counted when.

extension PrometheusRegistry {
    private static let tokenBuckets: [Double] = [
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000,
    ]
    private static let tokenSecondBuckets: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40,
        80,
    ]
    private static let requestSecondBuckets: [Double] = [
        0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680,
    ]
    private static let stepBuckets: [Double] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192]
    private static let countBuckets: [Double] = [0, 1, 2, 5, 10, 20]

    /// What is known of every metric of the server.
    static let descriptions: [String: Description] = [
        "vllm:num_requests_running": Description("Sequences in the batches of the model."),
        "vllm:num_requests_waiting": Description("Requests that wait to be computed."),
        "vllm:num_requests_waiting_by_reason": Description("Requests that wait, by what they wait for."),
        "vllm:kv_cache_usage_perc": Description("The part of the key-value cache that requests use; 1 is all of it."),
        "vllm:num_preemptions_total": Description(
            "Sequences that lost their blocks to others and were computed again."
        ),
        "vllm:prefix_cache_queries_total": Description("Tokens that were looked up in the prefix cache."),
        "vllm:prefix_cache_hits_total": Description("Tokens that were found in the prefix cache."),
        "vllm:mm_cache_queries_total": Description("Images whose encodings were looked up."),
        "vllm:mm_cache_hits_total": Description("Images whose encodings were found."),
        "vllm:prompt_tokens_total": Description("Tokens of prompts of requests that have begun."),
        "vllm:prompt_tokens_cached_total": Description("Tokens of prompts that were found in the prefix cache."),
        "vllm:generation_tokens_total": Description("Tokens that were generated."),
        "vllm:request_success_total": Description("Requests that have ended, by reason."),
        "vllm:lora_requests_info": Description(
            "The adapters of requests that run and that wait, and how many may be loaded; the value is the time."
        ),
        "vllm:admission_rejections_total": Description("Requests that were not taken, by reason."),
        "vllm:iteration_tokens_total": Description("Tokens of each step.", buckets: stepBuckets),
        "vllm:time_to_first_token_seconds": Description(
            "Seconds from a request to its first token.",
            buckets: secondBuckets
        ),
        "vllm:inter_token_latency_seconds": Description(
            "Seconds from one token to the next.",
            buckets: tokenSecondBuckets
        ),
        "vllm:request_time_per_output_token_seconds": Description(
            "Seconds for each token after the first.",
            buckets: tokenSecondBuckets
        ),
        "vllm:request_prompt_tokens": Description("Tokens of each prompt.", buckets: tokenBuckets),
        "vllm:request_generation_tokens": Description("Tokens of the answers of each request.", buckets: tokenBuckets),
        "vllm:request_params_max_tokens": Description("Tokens that requests allow.", buckets: tokenBuckets),
        "vllm:request_params_n": Description("Answers that requests ask for.", buckets: [1, 2, 5, 10, 20]),
        "vllm:e2e_request_latency_seconds": Description(
            "Seconds from a request to its end.",
            buckets: requestSecondBuckets
        ),
        "vllm:request_queue_time_seconds": Description(
            "Seconds that requests waited.",
            buckets: requestSecondBuckets
        ),
        "vllm:request_inference_time_seconds": Description(
            "Seconds that requests were computed.",
            buckets: requestSecondBuckets
        ),
        "vllm:request_prefill_time_seconds": Description(
            "Seconds from a request's beginning to its first token.",
            buckets: requestSecondBuckets
        ),
        "vllm:request_decode_time_seconds": Description(
            "Seconds from a request's first token to its last.",
            buckets: requestSecondBuckets
        ),
        "vllm:request_num_preemptions": Description("How often each request was preempted.", buckets: countBuckets),
        "vllm:request_prefill_kv_computed_tokens": Description(
            "Tokens of each prompt that were not found in the prefix cache.",
            buckets: tokenBuckets
        ),
        "vlmc:encoded_image_tokens": Description("Image tokens whose encodings are kept."),
        "vlmc:step_seconds": Description("Seconds of each step.", buckets: secondBuckets),
        "vlmc:http_requests_total": Description("Requests by path, method and status."),
        "vlmc:http_request_seconds": Description("Seconds until a response began.", buckets: secondBuckets),
    ]
}
