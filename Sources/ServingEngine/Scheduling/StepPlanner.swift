// Which sequences run, and which of their tokens the next step computes. Decides; computes nothing.
// Order in here: requests come, are admitted, get rows, lose their room if need be, and end. Next: ../Engine+Steps.swift.

import ModelRuntime

/// Rows of one sequence in the next step.
struct PlannedRows {
    let sequence: ActiveSequence
    /// Tokens, from the first whose keys and values are not there.
    let tokens: Range<Int>

    /// Whether they reach the end of what is known, so that a token is chosen after them.
    var choosesToken: Bool { tokens.upperBound == sequence.tokens.count }
}

/// The next step.
struct PlannedStep {
    var rows: [PlannedRows] = []
    /// Sequences that lost their blocks to others.
    var preempted: [ActiveSequence] = []
}

/// The sequences of an engine: those that wait, those that run, and the blocks that they have.
struct StepPlanner {
    let configuration: EngineConfiguration
    var pool: CachePool
    private var waiting = WaitingQueue<ActiveRequest>()
    /// Sequences that lost their blocks and start again when there is room, in the order in which they had been admitted.
    private var preempted: [ActiveSequence] = []
    /// Sequences that have blocks, in the order in which they had been admitted.
    private(set) var running: [ActiveSequence] = []
    /// Answers that will begin once another one of the same request has read the prompt.
    private var promisedSequences = 0

    init(_ configuration: EngineConfiguration, pool: CachePool) {
        self.configuration = configuration
        self.pool = pool
    }

    /// Requests that have not begun.
    var waitingCount: Int { waiting.count }
    /// Sequences that wait because others needed their blocks.
    var preemptedCount: Int { preempted.count }
    /// Whether there is anything to do, now or once images are encoded.
    var isIdle: Bool { waiting.count == 0 && preempted.isEmpty && running.isEmpty }

    // MARK: Requests come and begin

    /// Takes a request.
    mutating func enqueue(_ request: ActiveRequest) {
        waiting.append(request, id: request.id, user: request.request.user, priority: request.request.priority)
    }

    /// Begins with as many sequences as there is room for: those that were interrupted first, then requests in turn.
    ///
    /// - Parameters:
    ///   - start: Makes the first sequence of a request.
    ///   - prepareImages: Is asked for the encodings that a sequence needs; false if there is no room for them yet.
    mutating func admit(
        start: (ActiveRequest) -> ActiveSequence,
        prepareImages: (ActiveSequence) -> Bool
    ) {
        while let sequence = preempted.first, running.count + promisedSequences < configuration.maximumSequences {
            guard takeRoom(for: sequence, prepareImages) else { return }
            preempted.removeFirst()
            insert(sequence)
        }
        guard preempted.isEmpty else { return }
        while let request = waiting.next,
            running.count + promisedSequences + request.width <= configuration.maximumSequences
        {
            let sequence = start(request)
            guard takeRoom(for: sequence, prepareImages) else {
                request.sequences = []
                return
            }
            _ = waiting.popNext()
            request.usage.cachedTokens = sequence.prefix.tokenCount
            promisedSequences += request.width - 1
            insert(sequence)
        }
    }

    /// Gives a sequence the blocks of its known beginning, if all its tokens can have blocks.
    private mutating func takeRoom(for sequence: ActiveSequence, _ prepareImages: (ActiveSequence) -> Bool) -> Bool {
        let promised = running.reduce(0) { $0 + missingBlocks($1) }
        guard promised + CacheGeometry.blockCount(tokens: sequence.tokens.count + 1) <= pool.availableCount else {
            return false
        }
        // The last token is computed in any case, for what follows it.
        sequence.prefix = pool.takePrefix(
            of: sequence.tokens,
            limit: sequence.tokens.count - 1,
            in: sequence.request.space
        )
        guard prepareImages(sequence) else {
            pool.release(&sequence.prefix)
            return false
        }
        return true
    }

    private func missingBlocks(_ sequence: ActiveSequence) -> Int {
        CacheGeometry.blockCount(tokens: sequence.tokens.count) - sequence.prefix.table.blocks.count
    }

    /// Keeps the order of priorities, and of admission among equal ones.
    private mutating func insert(_ sequence: ActiveSequence) {
        let place = running.lastIndex { $0.rank <= sequence.rank }.map { $0 + 1 } ?? 0
        running.insert(sequence, at: place)
    }

    // MARK: Rows of a step

    /// The rows of the next step, with room for them in the cache; empty if every sequence waits for images.
    ///
    /// Sequences that answer come first, each with what it has chosen; what is left of the step's rows goes to prompts.
    mutating func planStep() -> PlannedStep {
        var step = PlannedStep()
        var rowsLeft = configuration.rowsPerStep
        func isReady(_ sequence: ActiveSequence) -> Bool { sequence.request.missingImages.isEmpty }
        for sequence in running where isReady(sequence) && !sequence.isReading {
            guard rowsLeft > 0 else { break }
            rowsLeft -= plan(sequence, atMost: rowsLeft, in: &step)
        }
        if !step.rows.isEmpty { rowsLeft = min(rowsLeft, configuration.promptRowsBesideAnswers) }
        for sequence in running where isReady(sequence) && sequence.isReading {
            guard rowsLeft > 0 else { break }
            rowsLeft -= plan(sequence, atMost: rowsLeft, in: &step)
        }
        return step
    }

    /// Plans rows of one sequence, if it can have blocks for them, and returns how many. Sequences of a lower rank that are
    /// not in the step yet lose their blocks to it; without any, it loses its own if others go on.
    private mutating func plan(_ sequence: ActiveSequence, atMost rows: Int, in step: inout PlannedStep) -> Int {
        // It may have been a victim of one before it.
        guard running.contains(where: { $0 === sequence }) else { return 0 }
        let first = sequence.prefix.tokenCount
        let count = min(sequence.pendingCount, rows)
        while true {
            if (try? pool.append(count, to: &sequence.prefix)) != nil {
                step.rows.append(PlannedRows(sequence: sequence, tokens: first..<first + count))
                return count
            }
            let victim = running.last { candidate in
                candidate !== sequence && candidate.rank >= sequence.rank
                    && !step.rows.contains { $0.sequence === candidate }
            }
            guard let victim else { break }
            preempt(victim)
            step.preempted.append(victim)
        }
        guard !step.rows.isEmpty || running.count > 1 else { return 0 }
        preempt(sequence)
        step.preempted.append(sequence)
        return 0
    }

    private mutating func preempt(_ sequence: ActiveSequence) {
        running.removeAll { $0 === sequence }
        pool.release(&sequence.prefix)
        let place = preempted.firstIndex { $0.rank > sequence.rank } ?? preempted.count
        preempted.insert(sequence, at: place)
    }

    // MARK: After a step

    /// Begins the other answers of a request, whose prompt `first` has read.
    mutating func fork(_ first: ActiveSequence, _ others: [ActiveSequence]) {
        for sequence in others {
            sequence.prefix = pool.fork(first.prefix)
            insert(sequence)
        }
        promisedSequences -= others.count
    }

    /// Makes known what a step has computed of a sequence.
    mutating func publish(_ sequence: ActiveSequence) {
        pool.publish(
            &sequence.prefix,
            tokens: sequence.tokens[..<sequence.prefix.tokenCount],
            in: sequence.request.space
        )
    }

    /// Lets a sequence that has ended go.
    mutating func remove(_ sequence: ActiveSequence) {
        running.removeAll { $0 === sequence }
        preempted.removeAll { $0 === sequence }
        pool.release(&sequence.prefix)
    }

    /// Lets a request go, which has ended or is not wanted any more.
    mutating func remove(_ request: ActiveRequest) {
        if waiting.remove(id: request.id, user: request.request.user) == nil, !request.sequences.isEmpty {
            promisedSequences -= request.width - request.sequences.count
        }
        for sequence in request.sequences { remove(sequence) }
        waiting.leave(request.request.user)
    }

    /// Takes note of work that was done for a request's user.
    mutating func charge(_ request: ActiveRequest, read: Int, written: Int) {
        waiting.charge(request.request.user, read: read, written: written)
    }

    /// All requests, those that wait and those that run.
    var requests: [ActiveRequest] {
        var seen = Set<UInt64>()
        let begun = (running + preempted).map(\.request).filter { seen.insert($0.id).inserted }
        return begun + waiting.all
    }
}
