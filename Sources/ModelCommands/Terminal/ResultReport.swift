// What is said about an answer: one line for people, one JSON object for machines.

import Generation
import Glibc
import InputProcessing
import JSONText
import ModelRuntime

enum ResultReport {
    /// `118 prompt tokens (80 of images) in 0.21 s, 64 tokens at 35.2 a second, stop`.
    static func summary(_ result: GenerationResult) -> String {
        let images = result.imageTokens > 0 ? " (\(result.imageTokens) of images)" : ""
        let cached = result.cachedTokens > 0 ? ", \(result.cachedTokens) of them known" : ""
        let reading = rounded(result.encodingSeconds + result.prefillSeconds)
        let rate = rounded(tokensPerSecond(result))
        return "\(result.promptTokens) prompt tokens\(images)\(cached) in \(reading) s, "
            + "\(result.tokens.count) tokens at \(rate) a second, \(reason(result))"
    }

    /// Tokens a second after the first one.
    static func tokensPerSecond(_ result: GenerationResult) -> Double {
        let count = Double(result.tokens.count - 1)
        return count > 0 && result.decodeSeconds > 0 ? count / result.decodeSeconds : 0
    }

    /// One JSON object.
    ///
    /// - Parameter imageSeconds: What decoding, resizing and cutting the images took.
    static func json<Model: CompiledModel>(
        _ result: GenerationResult,
        _ loaded: LoadedModel<Model>,
        imageSeconds: Double
    ) throws -> String {
        var writer = JSONWriter()
        try writer.object { writer throws(JSONWriterError) in
            func member(_ name: String, _ value: String) {
                writer.key(name)
                writer.string(value)
            }
            func member(_ name: String, _ value: Int) {
                writer.key(name)
                writer.integer(value)
            }
            func seconds(_ name: String, _ value: Double) throws(JSONWriterError) {
                writer.key(name)
                try writer.double(value)
            }
            member("model", loaded.manifest.name)
            if let adapter = loaded.adapter { member("adapter", adapter.path) }
            member("text", result.text)
            member("finish_reason", reason(result))
            if case .stopString(let stop)? = result.finishReason { member("stop", stop) }
            writer.key("tokens")
            writer.array { writer in for token in result.tokens { writer.integer(token) } }
            writer.key("usage")
            writer.object { writer in
                for (name, value) in [
                    ("prompt_tokens", result.promptTokens), ("cached_tokens", result.cachedTokens),
                    ("image_tokens", result.imageTokens), ("completion_tokens", result.tokens.count),
                ] {
                    writer.key(name)
                    writer.integer(value)
                }
            }
            writer.key("seed")
            writer.integer(result.seed)
            try seconds("loading_seconds", loaded.loadingSeconds)
            try seconds("image_seconds", imageSeconds)
            try seconds("encoding_seconds", result.encodingSeconds)
            try seconds("prefill_seconds", result.prefillSeconds)
            try seconds("decode_seconds", result.decodeSeconds)
            try seconds("tokens_per_second", tokensPerSecond(result))
            member("planned_bytes", loaded.plannedBytes)
            if let peak = PeakMemory.bytes() { member("peak_bytes", peak) }
            if !result.logProbabilities.isEmpty {
                writer.key("logprobs")
                try write(result.logProbabilities, loaded.tokenizer, to: &writer)
            }
        }
        return writer.text
    }

    private static func write(
        _ logProbabilities: [LogProbabilities],
        _ tokenizer: Tokenizer,
        to writer: inout JSONWriter
    ) throws(JSONWriterError) {
        func write(_ entry: TokenLogProbability, to writer: inout JSONWriter) throws(JSONWriterError) {
            writer.key("token")
            writer.string(tokenizer.decode([entry.token]))
            writer.key("id")
            writer.integer(entry.token)
            writer.key("logprob")
            try writer.double(max(entry.logProbability, -Double.greatestFiniteMagnitude))
        }
        try writer.array { writer throws(JSONWriterError) in
            for position in logProbabilities {
                try writer.object { writer throws(JSONWriterError) in
                    try write(position.chosen, to: &writer)
                    writer.key("top_logprobs")
                    try writer.array { writer throws(JSONWriterError) in
                        for entry in position.top {
                            try writer.object { writer throws(JSONWriterError) in try write(entry, to: &writer) }
                        }
                    }
                }
            }
        }
    }

    private static func reason(_ result: GenerationResult) -> String {
        result.finishReason?.openAIName ?? "cancelled"
    }

    /// With two digits that count, as in `1.3e-06`; small whole numbers as they are.
    static func scientific(_ value: Double) -> String {
        guard value.isFinite, value != value.rounded() || abs(value) >= 1e6 else {
            return value.isFinite ? String(Int(value)) : "\(value)"
        }
        var exponent = Int(log10(abs(value)).rounded(.down))
        var tenths = Int((value / pow(10, Double(exponent)) * 10).rounded())
        if abs(tenths) == 100 { (tenths, exponent) = (tenths / 10, exponent + 1) }
        let digits = abs(exponent) < 10 ? "0\(abs(exponent))" : "\(abs(exponent))"
        return "\(tenths / 10).\(abs(tenths % 10))e\(exponent < 0 ? "-" : "+")\(digits)"
    }

    /// With two digits behind the point.
    static func rounded(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }
}
