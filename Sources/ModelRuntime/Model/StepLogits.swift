// What a step leaves of the rows whose logits were wanted: all logits, or the greatest of them.
// Not which rows those are: SequenceRows.swift. Not the choice of a token: Sampling/TokenSampler.swift.

import CPUKernels

/// What is kept of the logits of one row.
public enum RowLogits {
    /// All of them, `[vocabularySize]`; valid until the next step.
    case all(UnsafeBufferPointer<Float>)
    /// The greatest.
    case greatest(GreatestLogit)
}

/// The greatest logit of a row.
public struct GreatestLogit: Sendable, Hashable {
    /// The token that has it: the lowest of several. If logits are infinite or not a number, the lowest of their tokens.
    public let token: Int32
    /// The logit; infinity if logits are infinite or not a number.
    public let value: Float

    /// The greatest logit and its token.
    public init(token: Int32, value: Float) {
        self.token = token
        self.value = value
    }

    /// What a kernel has left.
    init(kept: UInt64) {
        let found = vlmc_greatest_output(kept)
        self.init(token: found.output, value: found.value)
    }
}

/// The logits that a step has left. Its memory serves step after step; the system gives it as rows are written.
public final class StepLogits {
    private let vocabularySize: Int
    private let logits: UnsafeMutableBufferPointer<Float>
    private let greatest: UnsafeMutableBufferPointer<UInt64>
    private var places: LogitPlaces

    /// Room for `rows` rows of either kind.
    public init(rows: Int, vocabularySize: Int) {
        precondition(rows >= 0 && vocabularySize > 0)
        self.vocabularySize = vocabularySize
        logits = .allocate(capacity: max(rows * vocabularySize, 1))
        greatest = .allocate(capacity: max(rows, 1))
        places = LogitPlaces(
            written: logits.baseAddress.unsafelyUnwrapped,
            writtenRows: 0,
            greatest: greatest.baseAddress.unsafelyUnwrapped,
            greatestRows: 0
        )
    }

    deinit {
        logits.deallocate()
        greatest.deallocate()
    }

    /// The logits of row `index` of `RaggedBatch.logitRows` of the last step.
    public subscript(index: Int) -> RowLogits {
        precondition(index >= 0 && index < places.rowCount, "row \(index) of \(places.rowCount)")
        guard index >= places.writtenRows else {
            let row = UnsafeBufferPointer(logits)[index * vocabularySize..<(index + 1) * vocabularySize]
            return .all(UnsafeBufferPointer(rebasing: row))
        }
        return .greatest(GreatestLogit(kept: greatest[index - places.writtenRows]))
    }

    /// The places for the logits of a batch, which is the next step.
    fileprivate func places(for batch: RaggedBatch) -> LogitPlaces {
        precondition(batch.logitRows.count <= greatest.count, "\(batch.logitRows.count) rows of logits")
        places.writtenRows = batch.logitRows.count - batch.greedyRowCount
        places.greatestRows = batch.greedyRowCount
        return places
    }
}

/// Where a step puts the logits of a batch.
public struct LogitPlaces {
    /// All logits of the rows that want them: `[writtenRows, vocabularySize]`.
    let written: UnsafeMutablePointer<Float>
    /// How many of the rows want all logits.
    fileprivate(set) var writtenRows: Int
    /// The greatest logits of the rows after them, `[greatestRows]`, as kernels keep them (`vlmc_greatest_output`).
    let greatest: UnsafeMutablePointer<UInt64>
    /// How many of the rows want no more than that.
    fileprivate(set) var greatestRows: Int

    /// All rows.
    var rowCount: Int { writtenRows + greatestRows }
}

extension CompiledModel {
    /// Runs the decoder over a batch of rows, and leaves in `logits` what is wanted of row i of `batch.logitRows` at i.
    public func step(
        _ batch: RaggedBatch,
        cache: KeyValueCache,
        into logits: StepLogits,
        observer: StageObserver? = nil
    ) {
        step(batch, cache: cache, into: logits.places(for: batch), observer: observer)
    }
}
