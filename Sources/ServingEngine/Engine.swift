// The engine: takes requests from any thread and answers them in batches on one of its own.
// Read on: Requests/ (what comes and goes), Scheduling/StepPlanner.swift (whose turn it is), EngineLoop.swift (the work).

import Generation
import InputProcessing
import ModelRuntime
import Synchronization

/// What answers requests; an `Engine`, or something simpler in a test.
public protocol GenerationEngine: Sendable {
    /// Tokens that prompt and answer may have together.
    var contextTokens: Int { get }
    /// Takes a request. Letting go of the stream cancels it.
    func submit(_ request: GenerationRequest) throws(AdmissionError) -> GenerationStream
    /// How busy it is.
    var state: EngineState { get }
    /// Takes no further requests.
    func close()
    /// Returns when all requests have ended.
    func waitUntilIdle() async
    /// Ends all requests, and the engine. Without it the engine's thread goes on.
    func stop()
}

/// A model with everything that an engine needs of it.
public struct EngineModel<Model: CompiledModel> {
    /// The decoder; its arena is used by the engine's thread alone.
    public let decoder: Model
    /// Another instance for images with threads of its own; nil if the model reads none.
    public let encoder: (model: Model, pool: ThreadPool)?
    /// The threads that compute steps.
    public let pool: ThreadPool
    /// The most of everything.
    public let limits: ModelLimits
    /// The tokenizer, for the text of answers.
    public let tokenizer: Tokenizer
    /// Tokens that end an answer.
    public let endOfSequence: Set<Int32>

    /// The parts of a model that was loaded with an encoder of its own, if it reads images.
    public init(_ loaded: LoadedModel<Model>) {
        decoder = loaded.model
        encoder = loaded.encoder.map { ($0.model, $0.device.pool) }
        pool = loaded.device.pool
        limits = loaded.limits
        tokenizer = loaded.tokenizer
        endOfSequence = loaded.endOfSequence
    }

    /// A model from its parts.
    public init(
        decoder: Model,
        encoder: (model: Model, pool: ThreadPool)?,
        pool: ThreadPool,
        limits: ModelLimits,
        tokenizer: Tokenizer,
        endOfSequence: Set<Int32>
    ) {
        self.decoder = decoder
        self.encoder = encoder
        self.pool = pool
        self.limits = limits
        self.tokenizer = tokenizer
        self.endOfSequence = endOfSequence
    }
}

/// Continuous batching over one model.
///
/// Every step of the model computes rows of all sequences that run: the next token of each answer, and pieces of prompts.
/// Keys and values are kept in blocks; sequences that begin alike share them. If blocks run out, the sequences that came
/// last lose theirs and are computed again later.
public final class Engine<Model: CompiledModel>: GenerationEngine {
    /// See `GenerationEngine`.
    public let contextTokens: Int
    private let limits: ModelLimits
    private let configuration: EngineConfiguration
    private let tokenizer: Tokenizer
    private let endOfSequence: Set<Int32>
    private let inbox = MessageQueue<EngineMessage>()
    private let shared: Mutex<Shared>

    /// What callers and the engine's thread both see.
    private struct Shared {
        var state: EngineState
        var nextID: UInt64 = 1
        var isClosed = false
        /// Requests that have not begun.
        var waiting = 0
        /// A running mean of the seconds that requests took.
        var meanSeconds = 1.0
    }

    /// Starts an engine.
    ///
    /// - Throws: `MemoryRefused` or `ThreadRefused`.
    public init(
        _ model: EngineModel<Model>,
        configuration: EngineConfiguration,
        observers: [any EngineObserver] = []
    ) throws {
        let limits = model.limits
        var configuration = configuration
        configuration.rowsPerStep = min(configuration.rowsPerStep, limits.rows)
        configuration.maximumSequences = min(
            configuration.maximumSequences,
            min(limits.logitRows, configuration.rowsPerStep)
        )
        self.limits = limits
        tokenizer = model.tokenizer
        endOfSequence = model.endOfSequence
        configuration.contextTokens = min(
            configuration.contextTokens,
            min(Model.manifest.decoder.contextLength, limits.cacheTokens)
        )
        contextTokens = configuration.contextTokens
        self.configuration = configuration
        let blocks = CacheGeometry.blockCount(tokens: limits.cacheTokens)
        shared = Mutex(Shared(state: EngineState(blocks: blocks)))
        let inbox = inbox
        let encoder = try model.encoder.map { encoder in
            try ImageEncoder(encoder.model, pool: encoder.pool, limits: limits) { _ = inbox.post(.encoded($0)) }
        }
        let loop = try EngineLoop(
            model,
            encoder: encoder,
            blocks: blocks,
            configuration: configuration,
            observers: observers,
            inbox: inbox
        )
        // The loop belongs to its thread from here on.
        nonisolated(unsafe) let owned = loop
        try startThread("engine") { [self] in
            owned.run(onState: { self.note($0) }, onBegin: { self.noteBegin() }, onEnd: { self.noteEnd(seconds: $0) })
        }
    }

    /// See `GenerationEngine`.
    public var state: EngineState {
        shared.withLock { shared in
            var state = shared.state
            state.waiting = shared.waiting
            return state
        }
    }

    /// See `GenerationEngine`.
    public func submit(_ request: GenerationRequest) throws(AdmissionError) -> GenerationStream {
        try check(request)
        let samplers = try samplers(for: request)
        let id = try enter()
        let inbox = inbox
        let (stream, source) = GenerationStream.make(id: id, seed: samplers[0].seed) { _ = inbox.post(.cancel(id)) }
        let active = ActiveRequest(
            id: id,
            request,
            samplers: samplers,
            axisCount: Model.manifest.decoder.rotaryAxes,
            merge: Model.manifest.vision?.merge ?? 1,
            arrival: ContinuousClock().now,
            source: source
        )
        guard inbox.post(.submit(active)) else { throw .shuttingDown }
        return stream
    }

    /// See `GenerationEngine`.
    public func close() { shared.withLock { $0.isClosed = true } }

    /// See `GenerationEngine`.
    public func waitUntilIdle() async {
        await withCheckedContinuation { continuation in
            if !inbox.post(.tellWhenIdle(continuation)) { continuation.resume() }
        }
    }

    /// See `GenerationEngine`.
    public func stop() {
        close()
        inbox.post(.stop)
    }

    // MARK: Admission

    /// The choices of each answer. Answers differ, and each can be had again: their seeds follow one another.
    private func samplers(for request: GenerationRequest) throws(AdmissionError) -> [TokenSampler] {
        var samplers: [TokenSampler] = []
        var parameters = request.parameters
        for choice in 0..<request.choices {
            if let first = request.parameters.seed ?? samplers.first?.seed { parameters.seed = first &+ UInt64(choice) }
            do throws(SamplingParametersError) {
                samplers.append(
                    try TokenSampler(
                        parameters,
                        vocabularySize: Model.manifest.decoder.vocabularySize,
                        endOfSequence: endOfSequence,
                        prompt: request.tokens
                    )
                )
            } catch {
                throw .parameters(error)
            }
        }
        return samplers
    }

    /// Counts a request, or says why it is not taken.
    private func enter() throws(AdmissionError) -> UInt64 {
        let outcome = shared.withLock { shared -> Result<UInt64, AdmissionError> in
            guard !shared.isClosed else { return .failure(.shuttingDown) }
            guard shared.waiting < configuration.maximumWaiting else {
                let seconds = shared.meanSeconds * Double(shared.waiting) / Double(configuration.maximumSequences)
                return .failure(
                    .queueFull(waiting: shared.waiting, retryAfterSeconds: Int(min(max(seconds.rounded(.up), 1), 60)))
                )
            }
            shared.waiting += 1
            shared.nextID += 1
            return .success(shared.nextID - 1)
        }
        return try outcome.get()
    }

    /// Refuses what could never be answered, whoever else is there.
    private func check(_ request: GenerationRequest) throws(AdmissionError) {
        let prompt = request.tokens.count
        guard prompt > 0 else { throw .emptyPrompt }
        guard prompt < contextTokens else { throw .promptTooLong(tokens: prompt, context: contextTokens) }
        if let asked = request.parameters.maximumTokens, asked > contextTokens - prompt {
            throw .tooManyTokens(prompt: prompt, asked: asked, context: contextTokens)
        }
        guard (1...configuration.maximumSequences).contains(request.choices) else {
            throw .tooManyChoices(request.choices, allowed: configuration.maximumSequences)
        }
        if let rank = request.adapter?.adapter.rank, rank > limits.adapters.rank {
            throw .adapterTooLarge(rank: rank, allowed: limits.adapters.rank)
        }
        let merge = Model.manifest.vision?.merge ?? 1
        let imageTokens = Dictionary(request.images.map { ($0.key, $0.grid.tokenCount(merge: merge)) }) { $1 }
        let total = imageTokens.values.reduce(0, +)
        guard total <= configuration.imageTokens else {
            throw .tooManyImageTokens(total, allowed: configuration.imageTokens)
        }
    }

    private func note(_ state: EngineState) { shared.withLock { $0.state = state } }

    private func noteBegin() { shared.withLock { $0.waiting -= 1 } }

    private func noteEnd(seconds: Double) { shared.withLock { $0.meanSeconds += (seconds - $0.meanSeconds) / 16 } }
}

/// What the engine's thread is told.
enum EngineMessage: @unchecked Sendable {
    case submit(ActiveRequest)
    case cancel(UInt64)
    case encoded(EncodedImage)
    case tellWhenIdle(CheckedContinuation<Void, Never>)
    case stop
}
