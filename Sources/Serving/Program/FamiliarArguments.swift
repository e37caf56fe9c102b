// Options that vLLM's users are used to and that `serve` does not have: taken where they change nothing, put into the words
// of `serve` where they do, refused with what would be right otherwise. So a command line can move over as it is.
// Not the options themselves: ServeArguments.swift.

import ArgumentParser
import JSONText

/// Options of vLLM.
///
/// *Source*: the options of `vllm serve`, vllm@0.12.
enum FamiliarArguments {
    /// What becomes of an option.
    private enum Treatment: Sendable {
        /// It stands alone and changes nothing, for this reason.
        case flag(String)
        /// Its value changes nothing if it is one of these, or any for nil.
        case value(String, allowed: [String]?)
        /// It has another name here.
        case renamed(String)
        /// Numbers of images, by kind of input.
        case images
    }

    private static let options: [String: Treatment] = [
        "enable-auto-tool-choice": .flag("tools may always be called"),
        "tool-call-parser": .value("calls are read in the form <tool_call>", allowed: ["hermes"]),
        "reasoning-parser": .value(
            "thoughts between <think> and </think> are told apart",
            allowed: ["qwen3", "deepseek_r1"]
        ),
        "enable-reasoning": .flag("thoughts are told apart where the chat template knows them"),
        "enable-chunked-prefill": .flag("long prompts are always read in pieces"),
        "enable-prompt-tokens-details": .flag("usage always tells them"),
        "enable-force-include-usage": .flag("ask for it with stream_options.include_usage"),
        "trust-remote-code": .flag("no code of a checkpoint is run"),
        "enforce-eager": .flag("the model is compiled"),
        "async-scheduling": .flag("there is one way of scheduling"),
        "disable-log-requests": .flag("content is never logged; see --log-level"),
        "no-enable-log-requests": .flag("content is never logged; see --log-level"),
        "disable-log-stats": .flag("figures are at /metrics"),
        "disable-frontend-multiprocessing": .flag("there is one process"),
        "disable-uvicorn-access-log": .flag("see --log-level"),
        "gpu-memory-utilization": .value("see --kv-cache-memory", allowed: nil),
        "max-cpu-loras": .value("all adapters are in the machine's memory; see --max-loras", allowed: nil),
        "fully-sharded-loras": .flag("one machine computes"),
        "swap-space": .value("sequences that lose their blocks are computed again", allowed: nil),
        "cpu-offload-gb": .value("weights are in the machine's memory", allowed: nil),
        "seed": .value("requests without a seed get one each", allowed: nil),
        "block-size": .value("blocks have 16 tokens", allowed: ["16"]),
        "tensor-parallel-size": .value("one machine computes", allowed: ["1"]),
        "pipeline-parallel-size": .value("one machine computes", allowed: ["1"]),
        "data-parallel-size": .value("one machine computes", allowed: ["1"]),
        "device": .value("the model runs on the processor", allowed: ["auto", "cpu"]),
        "load-format": .value("weights are read from safetensors", allowed: ["auto", "safetensors"]),
        "tokenizer-mode": .value("there is one tokenizer", allowed: ["auto", "hf"]),
        "runner": .value("the model generates", allowed: ["auto", "generate"]),
        "task": .value("the model generates", allowed: ["auto", "generate"]),
        "generation-config": .value("the checkpoint's is used", allowed: ["auto"]),
        "chat-template-content-format": .value(
            "text alone is a text, all else a list of parts",
            allowed: ["auto", "openai"]
        ),
        "structured-outputs-config.backend": .value("there is one way of doing it", allowed: nil),
        "guided-decoding-backend": .value("there is one way of doing it", allowed: nil),
        "uvicorn-log-level": .renamed("log-level"),
        "kv-cache-memory-bytes": .renamed("kv-cache-memory"),
        "limit-mm-per-prompt": .images,
    ]

    /// The arguments in the words of `serve`, and what there is to say about those that change nothing.
    ///
    /// - Throws: `ValidationError` for one that asks for what `serve` does not do.
    static func translated(_ arguments: [String]) throws -> (arguments: [String], notes: [String]) {
        var found: [String] = []
        var notes: [String] = []
        var rest = arguments[...]
        // `vllm serve MODEL`: the checkpoint may stand first, without a name.
        if let first = rest.first, !first.hasPrefix("-") { found += ["--weights", rest.removeFirst()] }
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("--") else {
                found.append(argument)
                continue
            }
            let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0].replacing("_", with: "-"))
            func value() throws -> String {
                if parts.count > 1 { return String(parts[1]) }
                guard let next = rest.popFirst() else { throw ValidationError("Missing value for '--\(name)'.") }
                return next
            }
            switch options[name] {
            case nil: found.append("--" + ([name] + parts.dropFirst().map(String.init)).joined(separator: "="))
            case .flag(let reason): notes.append("--\(name) has no effect: \(reason)")
            case .value(let reason, let allowed):
                let value = try value()
                if let allowed, !allowed.contains(value) {
                    let right = allowed.map { "'\($0)'" }.joined(separator: " or ")
                    throw ValidationError("--\(name) cannot be '\(value)': \(reason); \(right) would be taken.")
                }
                notes.append("--\(name) has no effect: \(reason)")
            case .renamed(let other): found.append("--\(other)=\(try value())")
            case .images: found.append("--max-images=\(try images(value()))")
            }
        }
        return (found, notes)
    }

    /// `{"image": 4}` or `image=4`.
    private static func images(_ text: String) throws -> Int {
        let refusal = ValidationError("--limit-mm-per-prompt is '\(text)'; right would be '{\"image\": 4}'.")
        if text.hasPrefix("image=") {
            guard let count = Int(text.dropFirst(6)) else { throw refusal }
            return count
        }
        guard let limits = try? JSONDocument(text).root, let count = limits["image"]?.integer else { throw refusal }
        return count
    }
}
