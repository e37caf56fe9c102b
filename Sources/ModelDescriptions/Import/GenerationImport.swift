// Imports the defaults of sampling from `generation_config.json`.
// *Source*: transformers@5.23.0:generation/configuration_utils.py, `_get_default_generation_params`.

import Diagnostics
import JSONText

/// Puts together the table [generation].
struct GenerationImport {
    let session: ImportSession

    /// `top_k` of transformers where none is stated; it has an effect only if tokens are drawn.
    private static let defaultTopK = 50

    func read(_ config: ConfigReader?) -> ModelDescription.Generation? {
        guard let config else {
            session.comment("generation", "no generation_config.json beside config.json: greedy")
            return ModelDescription.Generation()
        }
        let sample = config.boolean("do_sample", for: "generation.sample", default: false)
        let temperature = config.double("temperature", for: "generation.temperature", default: 1)
        let topP = config.double("top_p", for: "generation.top-p", default: 1)
        let topK = config.integer("top_k", for: "generation.top-k", default: Self.defaultTopK)
        let minP = config.optional("min_p", for: "generation.min-p", expected: "a number") { $0.double }
        let penalty = config.double("repetition_penalty", for: "generation.repetition-penalty", default: 1)
        let maximumTokens = config.optional("max_new_tokens", for: "generation.max-tokens", expected: "an integer") {
            $0.integer
        }
        config.finish(.generation)
        guard let sample, let temperature, let topP, let topK, let penalty else { return nil }
        var generation = ModelDescription.Generation(
            sample: sample,
            temperature: temperature,
            topP: topP,
            topK: topK,
            minP: minP ?? 0,
            repetitionPenalty: penalty,
            maximumTokens: maximumTokens
        )
        if temperature == 0 {
            // Temperature 0 is another spelling of greedy.
            generation.sample = false
            generation.temperature = 1
            session.comment("generation.sample", "temperature 0 in generation_config.json: greedy")
        }
        return generation
    }
}
