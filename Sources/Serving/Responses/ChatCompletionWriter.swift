// Chat completions as OpenAI's clients read them: whole ones, and the pieces of streamed ones.

import InputProcessing
import JSONText
import ModelRuntime
import ServingEngine

/// Writes the answers to one chat request.
struct ChatCompletionWriter: Sendable {
    let id: String
    let model: String
    /// Seconds since 1970.
    let created: Int
    let tokenizer: Tokenizer
    /// What made the answers: another one may give others for the same seed.
    let fingerprint: String

    /// A piece of a streamed answer.
    ///
    /// - Parameter delta: Writes the members of `delta`.
    func chunk(
        choice: Int,
        logProbabilities: [SampledToken],
        finish: String?,
        usage: TokenUsage?,
        _ delta: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        frame("chat.completion.chunk", usage: usage) { writer in
            writer.object { writer in
                writer.key("index")
                writer.integer(choice)
                writer.key("delta")
                writer.object(delta)
                writer.key("logprobs")
                write(logProbabilities, to: &writer)
                writer.key("finish_reason")
                if let finish { writer.string(finish) } else { writer.null() }
            }
        }
    }

    /// The last piece, which tells the tokens.
    func usageChunk(_ usage: TokenUsage) -> [UInt8] {
        frame("chat.completion.chunk", usage: usage) { _ in }
    }

    /// All answers.
    func completion(_ answers: [CollectedAnswer], usage: TokenUsage) -> [UInt8] {
        frame("chat.completion", usage: usage) { writer in
            for (index, answer) in answers.enumerated() {
                writer.object { writer in
                    writer.key("index")
                    writer.integer(index)
                    writer.key("message")
                    write(answer, to: &writer)
                    writer.key("logprobs")
                    write(answer.tokens, to: &writer)
                    writer.key("finish_reason")
                    writer.string(answer.finishName)
                }
            }
        }
    }

    private func write(_ answer: CollectedAnswer, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("role")
            writer.string("assistant")
            writer.key("content")
            // Beside calls an empty content is none.
            if answer.content.isEmpty, !answer.toolCalls.isEmpty {
                writer.null()
            } else {
                writer.string(answer.content)
            }
            writer.key("refusal")
            writer.null()
            if !answer.reasoning.isEmpty {
                writer.key("reasoning_content")
                writer.string(answer.reasoning)
            }
            guard !answer.toolCalls.isEmpty else { return }
            writer.key("tool_calls")
            writer.array { writer in
                for call in answer.toolCalls {
                    writer.object { writer in
                        writer.key("id")
                        writer.string(call.id)
                        writer.key("type")
                        writer.string("function")
                        writer.key("function")
                        writer.object { writer in
                            writer.key("name")
                            writer.string(call.name)
                            writer.key("arguments")
                            writer.string(call.arguments)
                        }
                    }
                }
            }
        }
    }

    private func write(_ tokens: [SampledToken], to writer: inout JSONWriter) {
        if tokens.contains(where: { $0.logProbabilities != nil }) {
            writer.chatLogProbabilities(tokens, tokenizer)
        } else {
            writer.null()
        }
    }

    private func frame(_ object: String, usage: TokenUsage?, _ choices: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("id")
            writer.string(id)
            writer.key("object")
            writer.string(object)
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
            writer.key("system_fingerprint")
            writer.string(fingerprint)
        }
        return writer.utf8
    }
}
