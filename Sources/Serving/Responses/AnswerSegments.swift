// An answer as a row of stretches, each of one kind: thoughts, words, or a call of a tool. Interfaces whose answers are
// such rows (Anthropic's blocks, the items of OpenAI's responses) write whole and streamed ones from here.
// Not for several answers to one request (CollectedAnswer.swift).

import ModelRuntime
import ServingEngine

/// A stretch of an answer.
struct AnswerSegment: Sendable {
    /// What it is.
    enum Kind: Sendable, Equatable {
        case text
        case reasoning
        case toolCall(name: String)
    }

    let kind: Kind
    /// Its text so far; of a call, the arguments as JSON.
    var text = ""
    /// Its tokens. The marks between stretches count for one of their neighbours.
    var tokenCount = 0
    /// Those of its tokens that have log probabilities.
    var tokens: [SampledToken] = []
}

/// Divides an answer into stretches as it comes.
struct AnswerSegments: Sendable {
    /// Something new about the stretch with this index.
    enum Change: Sendable {
        case begin(Int)
        case extend(Int, text: String, tokens: [SampledToken])
        case end(Int)
    }

    /// The stretches so far.
    private(set) var segments: [AnswerSegment] = []
    /// Why the answer ended; nil before its end.
    private(set) var finish: FinishReason?
    private(set) var usage = TokenUsage(promptTokens: 0)
    private var reader: AnswerReader
    /// Whether the last of them goes on.
    private(set) var isOpen = false
    /// Tokens that have given no piece of the answer yet.
    private var heldCount = 0
    private var held: [SampledToken] = []

    init(_ format: AnswerFormat) { reader = AnswerReader(format) }

    /// Whether the model called tools, and got to the end of its last call.
    var callsTools: Bool { reader.toolCallCount > 0 && finish != .length }

    /// Takes what is new.
    mutating func append(_ update: GenerationUpdate) -> [Change] {
        usage = update.usage
        finish = update.finish ?? finish
        heldCount += update.tokens.count
        held += update.tokens.filter { $0.logProbabilities != nil }
        var pieces = reader.append(update.text)
        if update.finish != nil { pieces += reader.finish() }
        var changes: [Change] = []
        for piece in pieces {
            switch piece {
            case .content(let text): extend(.text, text, &changes)
            case .reasoning(let text): extend(.reasoning, text, &changes)
            case .toolCall(_, let name): begin(.toolCall(name: name), &changes)
            case .toolArguments(_, let text): extendLast(text, &changes)
            }
        }
        // Log probabilities go with their tokens, whether or not those have given text yet.
        if isOpen, segments.last?.kind == .text, !held.isEmpty { extendLast("", &changes) }
        if update.finish != nil, isOpen {
            segments[segments.count - 1].tokenCount += heldCount
            endLast(&changes)
        }
        return changes
    }

    /// Reads an answer to its end.
    static func collect(_ stream: GenerationStream, format: AnswerFormat) async throws -> AnswerSegments {
        var answer = AnswerSegments(format)
        for try await update in stream { _ = answer.append(update) }
        // The stream ends early, and without an error, if whoever reads it is cancelled.
        try Task.checkCancellation()
        return answer
    }

    private mutating func extend(_ kind: AnswerSegment.Kind, _ text: String, _ changes: inout [Change]) {
        if !isOpen || segments.last?.kind != kind { begin(kind, &changes) }
        extendLast(text, &changes)
    }

    private mutating func begin(_ kind: AnswerSegment.Kind, _ changes: inout [Change]) {
        endLast(&changes)
        segments.append(AnswerSegment(kind: kind))
        isOpen = true
        changes.append(.begin(segments.count - 1))
    }

    private mutating func extendLast(_ text: String, _ changes: inout [Change]) {
        guard isOpen else { return }
        let last = segments.count - 1
        segments[last].text += text
        segments[last].tokenCount += heldCount
        segments[last].tokens += held
        changes.append(.extend(last, text: text, tokens: held))
        (heldCount, held) = (0, [])
    }

    private mutating func endLast(_ changes: inout [Change]) {
        guard isOpen else { return }
        isOpen = false
        changes.append(.end(segments.count - 1))
    }
}
