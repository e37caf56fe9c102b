// An engine that answers with texts of a test, at once or when it is told to. What the HTTP side makes of them is tested.

import InputProcessing
import Synchronization

@testable import ModelRuntime
@testable import ServingEngine

/// Answers every request with the same texts, a token for each piece.
final class ScriptedEngine: GenerationEngine {
    private struct State {
        var requests: [GenerationRequest] = []
        var refusal: AdmissionError?
        var failure: GenerationFailure?
        var isClosed = false
        var ended = 0
    }

    let contextTokens = 512
    private let pieces: [String]
    private let finish: FinishReason
    /// Whether answers never end by themselves.
    private let isEndless: Bool
    private let shared = Mutex(State())

    init(_ pieces: [String], finish: FinishReason = .stopToken(0), isEndless: Bool = false) {
        self.pieces = pieces
        self.finish = finish
        self.isEndless = isEndless
    }

    /// The requests so far.
    var requests: [GenerationRequest] { shared.withLock { $0.requests } }
    /// Requests whose streams have been let go.
    var endedCount: Int { shared.withLock { $0.ended } }
    var isClosed: Bool { shared.withLock { $0.isClosed } }
    func refuse(_ error: AdmissionError?) { shared.withLock { $0.refusal = error } }
    func fail(_ failure: GenerationFailure?) { shared.withLock { $0.failure = failure } }

    func submit(_ request: GenerationRequest) throws(AdmissionError) -> GenerationStream {
        do throws(SamplingParametersError) {
            try request.parameters.validate(vocabularySize: 326)
        } catch {
            throw .parameters(error)
        }
        let (refusal, failure) = shared.withLock { shared in
            shared.requests.append(request)
            return (shared.refusal, shared.failure)
        }
        if let refusal { throw refusal }
        let (stream, source) = GenerationStream.make(id: 1, seed: 42) { [self] in shared.withLock { $0.ended += 1 } }
        var usage = TokenUsage(promptTokens: request.tokens.count, cachedTokens: 2)
        for (index, piece) in pieces.enumerated() {
            for choice in 0..<request.choices {
                usage.generatedTokens += 1
                let isLast = index == pieces.count - 1 && failure == nil && !isEndless
                source.yield(
                    GenerationUpdate(
                        choice: choice,
                        text: piece,
                        tokens: [Self.token(index, request.parameters.topLogProbabilities)],
                        finish: isLast ? finish : nil,
                        usage: usage
                    )
                )
            }
        }
        if let failure { source.finish(throwing: failure) } else if !isEndless { source.finish() }
        if !isEndless { request.onEnd?(report(request, usage, failure)) }
        if isEndless {
            let total = usage
            // Somebody has to hold the source, or the stream would end.
            Task { [self] in
                while shared.withLock({ $0.ended == 0 && !$0.isClosed }) {
                    try? await Task.sleep(for: .milliseconds(5))
                }
                source.finish()
                request.onEnd?(report(request, total, .shutDown, isCancelled: shared.withLock { $0.ended > 0 }))
            }
        }
        return stream
    }

    /// What a request took, in seconds that tests can tell apart.
    private func report(
        _ request: GenerationRequest,
        _ usage: TokenUsage,
        _ failure: GenerationFailure?,
        isCancelled: Bool = false
    ) -> RequestReport {
        RequestReport(
            end: isCancelled ? .cancelled : failure == nil ? .finished(finish) : .failed,
            finishReasons: isCancelled || failure != nil ? [] : Array(repeating: finish, count: request.choices),
            usage: usage,
            choices: request.choices,
            maximumTokens: request.parameters.maximumTokens,
            totalSeconds: 16,
            queueSeconds: 1,
            imageSeconds: request.images.isEmpty ? nil : 2,
            prefillSeconds: 4,
            decodeSeconds: 8,
            preemptions: 0
        )
    }

    /// The token of a piece; its log probabilities, if they are asked for, are those of logits that fall with the tokens'
    /// distance from it.
    private static func token(_ index: Int, _ topCount: Int?) -> SampledToken {
        let token = Int32(65 + index % 26)
        guard let topCount else { return SampledToken(token: token) }
        let logits = (0..<128).map { -abs(Float($0) - Float(token)) }
        return SampledToken(
            token: token,
            logProbabilities: logits.withUnsafeBufferPointer {
                LogProbabilities($0, largest: 0, chosen: token, topCount: topCount)
            }
        )
    }

    var state: EngineState { EngineState(running: 1, waiting: 2, usedBlocks: 3, blocks: 12) }
    func close() { shared.withLock { $0.isClosed = true } }
    func waitUntilIdle() async {}
    func stop() { close() }
}
