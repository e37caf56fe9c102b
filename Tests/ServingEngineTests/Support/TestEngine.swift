// Engines over the hashing model, and what tests do with them again and again.

import Generation
import InputProcessing
import ServingEngine
import Synchronization

@testable import ModelRuntime

/// An engine over a model that hashes, and what it reported.
struct TestEngine: Sendable {
    let engine: Engine<HashingModel>
    let model: HashingModel
    let log = EventLog()

    /// An engine with room for so many tokens in its cache.
    init(
        cacheTokens: Int = 4096,
        rows: Int = 64,
        gate: Gate? = nil,
        _ change: (inout EngineConfiguration) -> Void = { _ in }
    ) throws {
        var configuration = EngineConfiguration()
        configuration.promptRowsBesideAnswers = 32
        change(&configuration)
        model = HashingModel(gate: gate)
        let limits = ModelLimits(
            rows: rows,
            logitRows: 32,
            patches: 256,
            imageFeatures: configuration.imageTokens,
            cacheTokens: cacheTokens,
            adapters: AdapterLimits(count: 8, rank: 4)
        )
        engine = try Engine(
            EngineModel(
                decoder: model,
                encoder: (HashingModel(), ThreadPool(threads: 1)),
                pool: ThreadPool(threads: 2),
                limits: limits,
                tokenizer: Self.tokenizer,
                endOfSequence: [0]
            ),
            configuration: configuration,
            observers: [log]
        )
    }

    static let tokenizer: Tokenizer = {
        let file = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let path = "/\(file)/Tests/Fixtures/checkpoints/tiny-qwen25vl-a/tokenizer.json"
        do { return try Tokenizer(contentsOf: path) } catch { preconditionFailure("\(error)") }
    }()

    /// Greedy answers of exactly `count` tokens.
    static func greedy(_ count: Int) -> SamplingParameters {
        var parameters = SamplingParameters.greedy
        parameters.maximumTokens = count
        parameters.ignoresEndOfSequence = true
        return parameters
    }

    /// Asks and gives the tokens of every answer.
    func tokens(_ request: GenerationRequest) async throws -> [[Int32]] {
        try await Answers(engine.submit(request)).tokens
    }
}

/// The answers of one request, complete.
struct Answers {
    var tokens: [[Int32]] = []
    var texts: [String] = []
    var finishes: [FinishReason?] = []
    var usage = TokenUsage(promptTokens: 0)
    /// Updates that came after an answer had ended.
    var lateUpdates = 0

    init(_ stream: GenerationStream) async throws {
        for try await update in stream {
            while tokens.count <= update.choice {
                tokens.append([])
                texts.append("")
                finishes.append(nil)
            }
            if finishes[update.choice] != nil { lateUpdates += 1 }
            tokens[update.choice] += update.tokens.map(\.token)
            texts[update.choice] += update.text
            if let finish = update.finish { finishes[update.choice] = finish }
            usage = update.usage
        }
    }
}

/// What an engine reported.
final class EventLog: EngineObserver {
    struct Events {
        var steps: [StepReport] = []
        var starts: [StartReport] = []
        var ends: [RequestReport] = []
        var preemptions = 0
        var firstTokens = 0
        var laterTokens = 0
    }

    private let events = Mutex(Events())

    var all: Events { events.withLock { $0 } }

    func stepped(_ report: StepReport) { events.withLock { $0.steps.append(report) } }
    func started(_ report: StartReport) { events.withLock { $0.starts.append(report) } }
    func gaveFirstToken(secondsSinceArrival: Double) { events.withLock { $0.firstTokens += 1 } }
    func gaveTokens(_ count: Int, secondsSinceLast: Double) { events.withLock { $0.laterTokens += count } }
    func preempted() { events.withLock { $0.preemptions += 1 } }
    func ended(_ report: RequestReport) { events.withLock { $0.ends.append(report) } }
}
