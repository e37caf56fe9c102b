// An answer that is complete, read piece by piece.

import ModelRuntime
import ServingEngine

/// A call of a tool.
struct CollectedToolCall: Sendable {
    let id: String
    let name: String
    var arguments = ""
}

/// A complete answer.
struct CollectedAnswer: Sendable {
    var content = ""
    var reasoning = ""
    var toolCalls: [CollectedToolCall] = []
    var tokens: [SampledToken] = []
    var finish: FinishReason?

    /// Why it ended, in OpenAI's words.
    var finishName: String {
        guard let finish else { return "stop" }
        return toolCalls.isEmpty || finish == .length ? finish.openAIName : "tool_calls"
    }

    mutating func append(_ piece: AnswerPiece, id: (Int) -> String) {
        switch piece {
        case .content(let text): content += text
        case .reasoning(let text): reasoning += text
        case .toolCall(let index, let name): toolCalls.append(CollectedToolCall(id: id(index), name: name))
        case .toolArguments(_, let text):
            if !toolCalls.isEmpty { toolCalls[toolCalls.count - 1].arguments += text }
        }
    }

    /// Collects all answers of a request.
    static func collect(
        _ stream: GenerationStream,
        choices: Int,
        format: AnswerFormat,
        id: @Sendable (_ choice: Int, _ call: Int) -> String
    ) async throws -> (answers: [CollectedAnswer], usage: TokenUsage) {
        var answers = [CollectedAnswer](repeating: CollectedAnswer(), count: choices)
        var readers = [AnswerReader](repeating: AnswerReader(format), count: choices)
        var usage = TokenUsage(promptTokens: 0)
        for try await update in stream {
            let choice = update.choice
            var pieces = readers[choice].append(update.text)
            if update.finish != nil { pieces += readers[choice].finish() }
            for piece in pieces { answers[choice].append(piece) { id(choice, $0) } }
            answers[choice].tokens += update.tokens
            answers[choice].finish = update.finish ?? answers[choice].finish
            usage = update.usage
        }
        // The stream ends early, and without an error, if whoever reads it is cancelled.
        try Task.checkCancellation()
        return (answers, usage)
    }
}
