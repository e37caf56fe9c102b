// The work of the engine's thread: messages, admission, steps, choices, ends. One turn of `run` is one step.
// Not whose turn it is (Scheduling/StepPlanner.swift), nor what a model computes.

import Generation
import InputProcessing
import ModelRuntime

/// Everything that the engine's thread owns.
final class EngineLoop<Model: CompiledModel> {
    let model: Model
    let encoder: ImageEncoder<Model>?
    let pool: ThreadPool
    let limits: ModelLimits
    let tokenizer: Tokenizer
    let endOfSequence: Set<Int32>
    let contextTokens: Int
    let observers: [any EngineObserver]
    let shape: BatchShape
    let cache: KeyValueCache
    let logits: StepLogits
    var planner: StepPlanner
    var images: EncodedImages
    private var adapters = AdapterUses()
    private let inbox: MessageQueue<EngineMessage>
    private var requests: [UInt64: ActiveRequest] = [:]
    private var isStopped = false
    private var idleWaiters: [CheckedContinuation<Void, Never>] = []
    let clock = ContinuousClock()
    private var onBegin: () -> Void = {}
    private var onEnd: (Double) -> Void = { _ in }

    init(
        _ model: EngineModel<Model>,
        encoder: ImageEncoder<Model>?,
        blocks: Int,
        configuration: EngineConfiguration,
        observers: [any EngineObserver],
        inbox: MessageQueue<EngineMessage>
    ) throws(MemoryRefused) {
        self.model = model.decoder
        self.encoder = encoder
        pool = model.pool
        limits = model.limits
        tokenizer = model.tokenizer
        endOfSequence = model.endOfSequence
        contextTokens = configuration.contextTokens
        self.observers = observers
        self.inbox = inbox
        let decoder = Model.manifest.decoder
        cache = try KeyValueCache(decoder.cacheGeometry(limits.cachePrecision), blockCount: blocks)
        shape = Model.batchShape(limits: limits, cacheBlocks: blocks)
        logits = StepLogits(rows: limits.logitRows, vocabularySize: decoder.vocabularySize)
        let pool = CachePool(blockCount: blocks, isSharing: configuration.sharesPrefixes, cache: cache)
        planner = StepPlanner(configuration, pool: pool)
        images = EncodedImages(capacity: configuration.imageTokens)
    }

    var merge: Int { Model.manifest.vision?.merge ?? 1 }

    /// Works until it is told to stop.
    ///
    /// - Parameters:
    ///   - onState: Is told how busy the engine is, after every step.
    ///   - onBegin: Is told that a request does not wait any more.
    ///   - onEnd: Is told how many seconds a request took.
    func run(onState: (EngineState) -> Void, onBegin: @escaping () -> Void, onEnd: @escaping (Double) -> Void) {
        self.onBegin = onBegin
        self.onEnd = onEnd
        var waits = true
        while true {
            for message in inbox.takeAll(waits: waits) { take(message) }
            if isStopped { return stop() }
            planner.admit(start: begin, prepareImages: prepareImages)
            let planned = planner.planStep()
            planned.preempted.forEach(notePreemption)
            if !planned.rows.isEmpty { step(planned.rows) }
            onState(state)
            if planner.isIdle { tellIdle() }
            waits = planned.rows.isEmpty
            if waits, !planner.isIdle, !isWaitingForImages { failStuckRequest() }
        }
    }

    /// How busy the engine is.
    var state: EngineState {
        EngineState(
            running: planner.running.count,
            waiting: planner.waitingCount,
            preempted: planner.preemptedCount,
            usedBlocks: planner.pool.usedCount,
            blocks: planner.pool.blockCount,
            imageTokens: images.tokenCount,
            adapters: adapters.names
        )
    }

    // MARK: Messages

    private func take(_ message: EngineMessage) {
        switch message {
        case .submit(let request):
            requests[request.id] = request
            adapters.wait(request.request.adapter)
            planner.enqueue(request)
        case .cancel(let id):
            // What has ended is gone already.
            if let request = requests[id] { end(request, .cancelled) }
        case .encoded(let image): receive(image)
        case .tellWhenIdle(let waiter): idleWaiters.append(waiter)
        case .stop: isStopped = true
        }
    }

    private func stop() {
        encoder?.stop()
        for request in requests.values.sorted(by: { $0.id < $1.id }) { fail(request, .shutDown) }
        for message in inbox.close() {
            switch message {
            case .submit(let request): request.source.finish(throwing: GenerationFailure.shutDown)
            case .tellWhenIdle(let waiter): waiter.resume()
            case .cancel, .encoded, .stop: break
            }
        }
        tellIdle()
    }

    private func tellIdle() {
        for waiter in idleWaiters { waiter.resume() }
        idleWaiters = []
    }

    private var isWaitingForImages: Bool { planner.running.contains { !$0.request.missingImages.isEmpty } }

    /// Requests are there, none has rows, and none waits for images: nobody would ever wake this thread again.
    private func failStuckRequest() {
        guard let request = requests.values.min(by: { $0.id < $1.id }) else { return }
        fail(request, .internal("no step could be planned for this request"))
    }

    // MARK: Beginning

    // The planner calls these two while it changes, so they must not look at it.

    /// The first answer of a request, not begun yet.
    private func begin(_ request: ActiveRequest) -> ActiveSequence {
        let sequence = makeSequence(request, choice: 0)
        request.sequences = [sequence]
        return sequence
    }

    func makeSequence(_ request: ActiveRequest, choice: Int) -> ActiveSequence {
        let parameters = request.request.parameters
        let rule = StopRule(
            parameters,
            endOfSequence: endOfSequence,
            promptTokens: request.prompt.count,
            contextLength: contextTokens
        )
        let answer = AnswerText(
            parameters,
            tokenizer: tokenizer,
            skipsSpecialTokens: request.request.skipsSpecialTokens
        )
        return ActiveSequence(request, choice: choice, sampler: request.samplers[choice], rule: rule, answer: answer)
    }

    /// Reserves the encodings that a sequence needs, and has those made that nobody has; false if there is no room.
    /// Called when the sequence has been given blocks: what its known beginning covers needs no encoding.
    private func prepareImages(_ sequence: ActiveSequence) -> Bool {
        let request = sequence.request
        let needed = request.request.images.enumerated().compactMap { index, image in
            let tokens = image.grid.tokenCount(merge: merge)
            let key = request.encodingKey(image)
            return image.firstToken + tokens > sequence.prefix.tokenCount ? (index, key, tokens) : nil
        }
        guard case .granted(let ready, let toEncode, let pending) = images.reserve(needed) else { return false }
        request.pinnedImages += needed.map { $0.1 }
        // Another answer of the request may be reading images of its own.
        for (index, features) in ready { request.features[index] = features }
        request.missingImages.formUnion(pending)
        for index in toEncode {
            let image = request.request.images[index]
            encoder?.encode(
                EncodingJob(key: request.encodingKey(image), image: image, adapter: request.imageAdapter)
            )
        }
        if request.times.start == nil {
            let now = clock.now
            request.times.start = now
            adapters.begin(request.request.adapter)
            onBegin()
            let report = StartReport(
                promptTokens: request.prompt.count,
                cachedTokens: sequence.prefix.tokenCount,
                images: (needed.count, needed.count - toEncode.count),
                queueSeconds: (now - request.times.arrival) / .seconds(1)
            )
            for observer in observers { observer.started(report) }
        }
        return true
    }

    private func receive(_ image: EncodedImage) {
        switch image.features {
        case .success(let features): images.complete(image.key, features)
        case .failure: images.fail(image.key)
        }
        for request in requests.values.sorted(by: { $0.id < $1.id }) where request.missingImages.contains(image.key) {
            request.missingImages.remove(image.key)
            if request.missingImages.isEmpty { request.times.imagesEncoded = request.times.imagesEncoded ?? clock.now }
            for (index, wanted) in request.request.images.enumerated() where request.encodingKey(wanted) == image.key {
                switch image.features {
                case .success(let features): request.features[index] = features
                case .failure(let error):
                    fail(request, .image(index, error))
                    return receiveFailure(image)
                }
            }
        }
    }

    /// Fails the other requests that show the same image.
    private func receiveFailure(_ image: EncodedImage) {
        if requests.values.contains(where: { $0.missingImages.contains(image.key) }) { receive(image) }
    }

    /// Lets go of the encodings that a request has read.
    func releaseImages(_ request: ActiveRequest) {
        for key in request.pinnedImages { images.release(key) }
        request.pinnedImages = []
        for index in request.features.indices { request.features[index] = nil }
    }

    /// As `releaseImages`, unless an answer of the request still reads.
    func releaseImagesIfRead(_ request: ActiveRequest) {
        let isRead = !planner.running.contains { $0.request === request && $0.isReading }
        if isRead, !request.pinnedImages.isEmpty { releaseImages(request) }
    }

    func isAlive(_ request: ActiveRequest) -> Bool { requests[request.id] != nil }

    private func notePreemption(_ sequence: ActiveSequence) {
        sequence.request.preemptions += 1
        releaseImagesIfRead(sequence.request)
        for observer in observers { observer.preempted() }
    }

    // MARK: Ending

    func fail(_ request: ActiveRequest, _ failure: GenerationFailure) {
        request.source.finish(throwing: failure)
        end(request, .failed)
    }

    /// Lets a request go and tells the observers; its stream has been finished, or nobody reads it.
    func end(_ request: ActiveRequest, _ end: RequestReport.End) {
        guard requests.removeValue(forKey: request.id) != nil else { return }
        releaseImages(request)
        adapters.end(request.request.adapter, hasBegun: request.times.start != nil)
        if request.times.start == nil { onBegin() }
        planner.remove(request)
        let report = RequestReport(request, end: end, now: clock.now)
        if case .finished = end { onEnd(report.totalSeconds - (report.queueSeconds ?? 0)) }
        for observer in observers { observer.ended(report) }
        request.request.onEnd?(report)
    }
}

extension RequestReport {
    fileprivate init(_ request: ActiveRequest, end: End, now: ContinuousClock.Instant) {
        let times = request.times
        func seconds(_ first: ContinuousClock.Instant?, _ last: ContinuousClock.Instant?) -> Double? {
            guard let first, let last else { return nil }
            return (last - first) / .seconds(1)
        }
        self.init(
            end: end,
            finishReasons: request.sequences.compactMap(\.finish),
            usage: request.usage,
            choices: request.request.choices,
            maximumTokens: request.request.parameters.maximumTokens,
            totalSeconds: (now - times.arrival) / .seconds(1),
            queueSeconds: seconds(times.arrival, times.start),
            imageSeconds: seconds(times.start, times.imagesEncoded),
            prefillSeconds: seconds(times.start, times.firstToken),
            decodeSeconds: seconds(times.firstToken, times.lastToken),
            preemptions: request.preemptions
        )
    }
}
