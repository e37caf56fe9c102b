// The runs of rows whose queries see one another's keys, in the form that the attention kernel reads.
// Not the sequences of a decoder, whose keys lie in the cache: SequenceBatch.swift.

import CPUKernels

/// Runs of rows that see only themselves, made once and used by every layer of an image encoder.
///
/// One call at a time may use it: the kernel keeps its plan in it.
public final class AttentionSegments {
    let storage: UnsafeMutableBufferPointer<vlmc_segment>

    /// Runs that are disjoint; rows in none of them are left as they are.
    public init(_ segments: [RowSegment]) {
        storage = .allocate(capacity: segments.count)
        let elements = segments.map { segment in
            vlmc_segment(
                query_begin: Int32(segment.first),
                query_count: Int32(segment.count),
                key_count: Int32(segment.count),
                first_query_index: 0,
                key_begin: Int32(segment.first),
                block_table: nil,
                first_chunk: 0
            )
        }
        _ = storage.initialize(from: elements)
    }

    deinit { storage.deallocate() }
}
