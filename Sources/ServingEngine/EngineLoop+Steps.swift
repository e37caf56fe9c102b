// One step of the model, and what is chosen after it. Not what is planned: Scheduling/StepPlanner.swift.

import Generation
import InputProcessing
import ModelRuntime

/// A token to be chosen: for which answer, and where its logits are.
private struct PendingChoice {
    let sequence: ActiveSequence
    let place: Int
}

extension EngineLoop {
    /// Computes the planned rows, chooses tokens where they end, and tells whoever asked.
    func step(_ planned: [PlannedRows]) {
        let start = clock.now
        let planned = Self.groupedByAdapter(planned)
        let batch: RaggedBatch
        do {
            batch = try RaggedBatch(planned.map(rows), shape: shape)
        } catch {
            // The planner keeps to every bound that is checked there.
            for row in planned { fail(row.sequence.request, .internal("\(error)")) }
            return
        }
        model.step(batch, cache: cache, into: logits)
        var promptTokens = 0
        var choices: [PendingChoice] = []
        for (row, laid) in zip(planned, batch.sequences) {
            let request = row.sequence.request
            let read = row.tokens.clamped(to: 0..<request.prompt.count).count
            promptTokens += read
            planner.charge(request, read: read, written: 0)
            planner.publish(row.sequence)
            row.sequence.forcedCount = 0
            guard row.choosesToken, let place = laid.logitRows.first else { continue }
            choices.append(PendingChoice(sequence: row.sequence, place: place))
            choices += startOthers(row.sequence).map { PendingChoice(sequence: $0, place: place) }
            releaseImagesIfRead(request)
        }
        let outcomes = choose(choices)
        let now = clock.now
        var generated = 0
        for (choice, outcome) in zip(choices, outcomes) where isAlive(choice.sequence.request) {
            switch outcome {
            case .success(let token): generated += take(token, for: choice.sequence, at: now)
            case .failure(let error): fail(choice.sequence.request, .sampling(error))
            }
        }
        let report = StepReport(
            promptTokens: promptTokens,
            generatedTokens: generated,
            seconds: (clock.now - start) / .seconds(1),
            state: state
        )
        for observer in observers { observer.stepped(report) }
    }

    /// The rows of each adapter beside one another, so that products take them together. Answers are the same in any order.
    private static func groupedByAdapter(_ planned: [PlannedRows]) -> [PlannedRows] {
        func identity(_ row: PlannedRows) -> UInt64 { row.sequence.request.adapter?.identity ?? 0 }
        guard let first = planned.first, planned.contains(where: { identity($0) != identity(first) }) else {
            return planned
        }
        let groups = Dictionary(grouping: planned, by: identity)
        return groups.sorted { $0.key < $1.key }.flatMap(\.value)
    }

    /// What a sequence brings to the batch.
    private func rows(_ planned: PlannedRows) throws(GenerationFailure) -> SequenceRows {
        let sequence = planned.sequence
        let request = sequence.request
        var spans: [SequenceRows.FeatureSpan] = []
        for (index, image) in request.request.images.enumerated() {
            let tokens = image.firstToken..<image.firstToken + image.grid.tokenCount(merge: merge)
            guard tokens.overlaps(planned.tokens) else { continue }
            guard let features = request.features[index] else { throw .internal("image \(index) is not encoded") }
            if let span = SequenceRows.FeatureSpan(features, at: image.firstToken, within: planned.tokens) {
                spans.append(span)
            }
        }
        return SequenceRows(
            tokens: sequence.tokens[planned.tokens].map(\.token),
            rotaryPositions: sequence.positions[planned.tokens],
            firstIndex: planned.tokens.lowerBound,
            blocks: sequence.prefix.table.blocks,
            featureSpans: spans,
            logitRows: planned.choosesToken ? [planned.tokens.count - 1] : [],
            isGreedy: sequence.needsGreatestOnly,
            adapter: request.adapter
        )
    }

    /// The other answers of a request, if `first` has just read its prompt for all of them.
    private func startOthers(_ first: ActiveSequence) -> [ActiveSequence] {
        let request = first.request
        guard request.sequences.count < request.request.choices else { return [] }
        let others = (request.sequences.count..<request.request.choices).map { makeSequence(request, choice: $0) }
        request.sequences += others
        planner.fork(first, others)
        return others
    }

    /// Chooses tokens, on all threads at once where that is work.
    private func choose(_ choices: [PendingChoice]) -> [Result<SampledToken, SamplingError>] {
        var outcomes = [Result<SampledToken, SamplingError>](
            repeating: .failure(.everyTokenExcluded),
            count: choices.count
        )
        outcomes.withUnsafeMutableBufferPointer { outcomes in
            nonisolated(unsafe) let outcomes = outcomes
            func choose(_ index: Int) {
                let sequence = choices[index].sequence
                let allowed = sequence.constraint?.allowedTokens()
                do throws(SamplingError) {
                    outcomes[index] = .success(
                        try sequence.sampler.sample(logits[choices[index].place], allowed: allowed)
                    )
                } catch {
                    outcomes[index] = .failure(error)
                }
            }
            let isWork = choices.contains { !$0.sequence.needsGreatestOnly }
            if isWork, choices.count > 1 {
                pool.forEach(choices.count, choose)
            } else {
                choices.indices.forEach(choose)
            }
        }
        return outcomes
    }

    // MARK: Answers grow and end

    /// Adds a token that was chosen, and those that must follow it, to an answer, and tells whoever asked. Returns how
    /// many there were.
    private func take(_ sampled: SampledToken, for sequence: ActiveSequence, at now: ContinuousClock.Instant) -> Int {
        let request = sequence.request
        var tokens: [SampledToken] = []
        var text = ""
        guard append(sampled, to: sequence, &tokens, &text) else {
            fail(request, .internal("the constraint refuses a token that it had allowed"))
            return 0
        }
        // Forced tokens have no logits, so that nobody could be told their probabilities.
        if sequence.finish == nil, request.request.parameters.topLogProbabilities == nil {
            for token in sequence.constraint?.forcedTokens() ?? [] where sequence.finish == nil {
                sequence.sampler.append(token)
                guard append(SampledToken(token: token), to: sequence, &tokens, &text) else {
                    fail(request, .internal("the constraint refuses a token that it had forced"))
                    return 0
                }
                sequence.forcedCount += 1
            }
        }
        if sequence.finish != nil { text += sequence.answer.finish() }
        request.usage.generatedTokens += tokens.count
        planner.charge(request, read: 0, written: tokens.count)
        note(tokens.count, for: sequence, at: now)
        request.source.yield(
            GenerationUpdate(
                choice: sequence.choice,
                text: text,
                tokens: tokens,
                finish: sequence.finish,
                usage: request.usage
            )
        )
        guard let finish = sequence.finish else { return tokens.count }
        planner.remove(sequence)
        if request.isDone {
            request.source.finish()
            end(request, .finished(request.sequences[0].finish ?? finish))
        }
        return tokens.count
    }

    /// Adds one token to an answer; false if the answer's constraint does not allow it.
    private func append(
        _ sampled: SampledToken,
        to sequence: ActiveSequence,
        _ tokens: inout [SampledToken],
        _ text: inout String
    ) -> Bool {
        tokens.append(sampled)
        var finish = sequence.rule.append(sampled.token)
        var endsAnswer = false
        if case .stopToken = finish { endsAnswer = true }
        if !endsAnswer, sequence.constraint?.accept(sampled.token) == false {
            // The model's own end is allowed where the answer is complete, even if it would not end other answers.
            guard endOfSequence.contains(sampled.token) else { return false }
            finish = .stopToken(sampled.token)
            endsAnswer = true
        }
        text += sequence.answer.append(
            sampled,
            endsAnswer: endsAnswer,
            allowsStop: sequence.rule.allowsStopString
        )
        if let stop = sequence.answer.stop { finish = .stopString(stop) }
        if sequence.constraint?.isFinished == true, !endsAnswer, sequence.answer.stop == nil { finish = .complete }
        sequence.finish = finish
        if finish == nil {
            sequence.tokens.append(TokenIdentity(token: sampled.token))
            sequence.positions.append(textTokens: 1)
        }
        return true
    }

    private func note(_ count: Int, for sequence: ActiveSequence, at now: ContinuousClock.Instant) {
        let request = sequence.request
        if request.times.firstToken == nil {
            request.times.firstToken = now
            let seconds = (now - request.times.arrival) / .seconds(1)
            for observer in observers { observer.gaveFirstToken(secondsSinceArrival: seconds) }
        } else if let last = sequence.lastToken {
            let seconds = (now - last) / .seconds(1)
            for observer in observers { observer.gaveTokens(count, secondsSinceLast: seconds) }
        }
        sequence.lastToken = now
        request.times.lastToken = now
    }
}
