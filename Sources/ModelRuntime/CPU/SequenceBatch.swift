// The sequences of a step in the form that kernels read: slots to write to, and for each sequence its pages.
// Not the batch as it is put together and checked: Model/RaggedBatch.swift.

import CPUKernels

/// The sequences of one step, made once and used by every layer.
///
/// One call at a time may use it: the attention kernel keeps its plan in it.
public final class SequenceBatch {
    /// Where the keys and values of each row go: `block * 16 + offset`.
    let slots: UnsafeMutableBufferPointer<Int32>
    let segments: UnsafeMutableBufferPointer<vlmc_segment>
    private let blocks: UnsafeMutableBufferPointer<Int32>

    /// The sequences of a batch.
    public convenience init(_ batch: RaggedBatch) {
        self.init(slots: batch.slots, sequences: batch.sequences)
    }

    init(slots: [Int32], sequences: [RaggedBatch.Sequence]) {
        self.slots = .allocate(capacity: slots.count)
        _ = self.slots.initialize(from: slots)
        blocks = .allocate(capacity: sequences.reduce(0) { $0 + $1.blocks.count })
        _ = blocks.initialize(from: sequences.lazy.flatMap(\.blocks))
        segments = .allocate(capacity: sequences.count)
        var firstBlock = 0
        for (index, sequence) in sequences.enumerated() {
            let keys = sequence.firstIndex + sequence.rows.count
            let segment = vlmc_segment(
                query_begin: Int32(sequence.rows.lowerBound),
                query_count: Int32(sequence.rows.count),
                key_count: Int32(keys),
                first_query_index: Int32(sequence.firstIndex),
                key_begin: 0,
                block_table: UnsafePointer(blocks.baseAddress.map { $0 + firstBlock }),
                first_chunk: 0
            )
            segments.initializeElement(at: index, to: segment)
            firstBlock += sequence.blocks.count
        }
    }

    deinit {
        slots.deallocate()
        segments.deallocate()
        blocks.deallocate()
    }
}
