// Options for the choice of tokens, under the names that vLLM and OpenAI use.

import ArgumentParser
import ModelRuntime

/// How tokens are chosen. What is not stated is the model's own default.
struct SamplingArguments: ParsableArguments {
    @Option(
        name: [.customLong("max-tokens"), .customLong("max-new-tokens")],
        parsing: .unconditional,
        help: "The most tokens of the answer."
    )
    var maxTokens: Int?

    @Option(parsing: .unconditional, help: "Before so many tokens nothing ends the answer.")
    var minTokens = 0

    @Option(
        name: .shortAndLong,
        parsing: .unconditional,
        help: "Divides the logits; 0 takes the most probable token every time."
    )
    var temperature: Double?

    @Option(parsing: .unconditional, help: "Keep only so many of the most probable tokens.")
    var topK: Int?

    @Option(parsing: .unconditional, help: "Keep only the most probable tokens that together have this probability.")
    var topP: Double?

    @Option(
        parsing: .unconditional,
        help: "Keep only tokens with at least this fraction of the best one's probability."
    )
    var minP: Double?

    @Option(parsing: .unconditional, help: "Divides logits of tokens that occurred in prompt or answer.")
    var repetitionPenalty: Double?

    @Option(parsing: .unconditional, help: "Taken from logits of tokens that the answer has already.")
    var presencePenalty = 0.0

    @Option(parsing: .unconditional, help: "Taken from logits once for each time that the answer has the token.")
    var frequencyPenalty = 0.0

    @Option(parsing: .unconditional, help: "Makes random choices repeatable.")
    var seed: UInt64?

    @Option(help: ArgumentHelp("A text that ends the answer; may be repeated.", valueName: "text"))
    var stop: [String] = []

    @Flag(help: "Go on after the model's own end of an answer.")
    var ignoreEos = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Give the log probability of every token, and of so many of the most probable ones. Needs --json.",
            valueName: "n"
        )
    )
    var logprobs: Int?

    /// Checks what was stated before anything is loaded. What depends on the vocabulary is checked later.
    func validate() throws {
        do {
            try apply(to: SamplingParameters()).validate(vocabularySize: .max)
        } catch {
            let lines = error.problems.map { problem in
                let option = problem.field.hasPrefix("top_logprobs") ? "logprobs" : problem.field
                let name = String(option.map { $0 == "_" ? "-" : $0 })
                return "--\(name) is \(problem.found); allowed: \(problem.allowed)"
            }
            throw ValidationError(lines.joined(separator: "\n"))
        }
    }

    /// The parameters, the rest taken from `defaults`.
    func parameters(_ defaults: GenerationDefaults) -> SamplingParameters {
        apply(to: defaults.samplingParameters)
    }

    private func apply(to defaults: SamplingParameters) -> SamplingParameters {
        var parameters = defaults
        if let temperature { parameters.temperature = temperature }
        if let topK { parameters.topK = topK }
        if let topP { parameters.topP = topP }
        if let minP { parameters.minP = minP }
        if let repetitionPenalty { parameters.repetitionPenalty = repetitionPenalty }
        if let maxTokens { parameters.maximumTokens = maxTokens }
        parameters.minimumTokens = minTokens
        parameters.presencePenalty = presencePenalty
        parameters.frequencyPenalty = frequencyPenalty
        parameters.seed = seed
        parameters.stopStrings = stop
        parameters.ignoresEndOfSequence = ignoreEos
        parameters.topLogProbabilities = logprobs
        return parameters
    }
}
