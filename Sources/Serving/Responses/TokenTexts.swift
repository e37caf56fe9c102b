// Log probabilities as chat and text completions write them.

import InputProcessing
import JSONText
import ModelRuntime
import ServingEngine

extension JSONWriter {
    /// `{"content": [...]}` of a chat completion.
    mutating func chatLogProbabilities(_ tokens: [SampledToken], _ tokenizer: Tokenizer) {
        object { writer in
            writer.key("content")
            writer.tokenLogProbabilities(tokens, tokenizer)
            writer.key("refusal")
            writer.null()
        }
    }

    /// `[{"token": ..., "logprob": ..., "bytes": ..., "top_logprobs": [...]}, ...]` of those tokens that have them.
    mutating func tokenLogProbabilities(_ tokens: [SampledToken], _ tokenizer: Tokenizer) {
        array { writer in
            for token in tokens {
                guard let found = token.logProbabilities else { continue }
                writer.object { writer in
                    writer.tokenLogProbability(found.chosen, tokenizer)
                    writer.key("top_logprobs")
                    writer.array { writer in
                        for top in found.top { writer.object { $0.tokenLogProbability(top, tokenizer) } }
                    }
                }
            }
        }
    }

    private mutating func tokenLogProbability(_ token: TokenLogProbability, _ tokenizer: Tokenizer) {
        let bytes = tokenizer.bytes(of: token.token) ?? []
        key("token")
        string(String(decoding: bytes, as: UTF8.self))
        key("logprob")
        finite(token.logProbability)
        key("bytes")
        array { writer in for byte in bytes { writer.integer(byte) } }
    }

    /// `{"tokens": ..., "token_logprobs": ..., "top_logprobs": ..., "text_offset": ...}` of a text completion.
    ///
    /// - Parameter firstOffset: The characters of the answer before these tokens.
    mutating func completionLogProbabilities(_ tokens: [SampledToken], _ tokenizer: Tokenizer, firstOffset: Int) {
        let found = tokens.compactMap(\.logProbabilities)
        func text(_ token: Int32) -> String { String(decoding: tokenizer.bytes(of: token) ?? [], as: UTF8.self) }
        object { writer in
            writer.key("tokens")
            writer.array { writer in for item in found { writer.string(text(item.chosen.token)) } }
            writer.key("token_logprobs")
            writer.array { writer in for item in found { writer.finite(item.chosen.logProbability) } }
            writer.key("top_logprobs")
            writer.array { writer in
                for item in found {
                    writer.object { writer in
                        // Two tokens may have the same text; the more probable one keeps it.
                        var seen = Set<String>()
                        for top in item.top where seen.insert(text(top.token)).inserted {
                            writer.key(text(top.token))
                            writer.finite(top.logProbability)
                        }
                    }
                }
            }
            writer.key("text_offset")
            writer.array { writer in
                var offset = firstOffset
                for item in found {
                    writer.integer(offset)
                    offset += text(item.chosen.token).unicodeScalars.count
                }
            }
        }
    }

    /// A number; what JSON cannot hold becomes the least that clients accept, as vLLM writes it.
    mutating func finite(_ value: Double) {
        if let number = JSONNumber(max(value, -9999)) { self.number(number) } else { null() }
    }

    /// `{"prompt_tokens": ..., ...}`.
    mutating func usage(_ usage: TokenUsage) {
        object { writer in
            writer.key("prompt_tokens")
            writer.integer(usage.promptTokens)
            writer.key("completion_tokens")
            writer.integer(usage.generatedTokens)
            writer.key("total_tokens")
            writer.integer(usage.promptTokens + usage.generatedTokens)
            writer.key("prompt_tokens_details")
            writer.object { writer in
                writer.key("cached_tokens")
                writer.integer(usage.cachedTokens)
            }
        }
    }
}
