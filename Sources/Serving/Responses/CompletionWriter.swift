// Text completions as OpenAI's clients read them: whole ones, and the pieces of streamed ones.

import InputProcessing
import JSONText
import ModelRuntime
import ServingEngine

/// Writes the answers to one request for texts.
struct CompletionWriter: Sendable {
    let id: String
    let model: String
    /// Seconds since 1970.
    let created: Int
    let tokenizer: Tokenizer

    /// A piece of a streamed answer.
    func chunk(choice: Int, text: String, tokens: [SampledToken], textOffset: Int, finish: String?) -> [UInt8] {
        frame(usage: nil) { writer in
            write(choice, text, tokens, textOffset, finish, to: &writer)
        }
    }

    /// The last piece, which tells the tokens.
    func usageChunk(_ usage: TokenUsage) -> [UInt8] { frame(usage: usage) { _ in } }

    /// All answers.
    func completion(
        _ answers: [(text: String, tokens: [SampledToken], finish: FinishReason?)],
        usage: TokenUsage
    ) -> [UInt8] {
        frame(usage: usage) { writer in
            for (index, answer) in answers.enumerated() {
                write(index, answer.text, answer.tokens, 0, answer.finish?.openAIName ?? "stop", to: &writer)
            }
        }
    }

    private func write(
        _ index: Int,
        _ text: String,
        _ tokens: [SampledToken],
        _ textOffset: Int,
        _ finish: String?,
        to writer: inout JSONWriter
    ) {
        writer.object { writer in
            writer.key("index")
            writer.integer(index)
            writer.key("text")
            writer.string(text)
            writer.key("logprobs")
            if tokens.contains(where: { $0.logProbabilities != nil }) {
                writer.completionLogProbabilities(tokens, tokenizer, firstOffset: textOffset)
            } else {
                writer.null()
            }
            writer.key("finish_reason")
            if let finish { writer.string(finish) } else { writer.null() }
        }
    }

    private func frame(usage: TokenUsage?, _ choices: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("id")
            writer.string(id)
            writer.key("object")
            writer.string("text_completion")
            writer.key("created")
            writer.integer(created)
            writer.key("model")
            writer.string(model)
            writer.key("choices")
            writer.array(choices)
            if let usage {
                writer.key("usage")
                writer.usage(usage)
            }
        }
        return writer.utf8
    }
}
