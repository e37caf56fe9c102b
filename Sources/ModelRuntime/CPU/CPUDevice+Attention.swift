// Attention: of rows to one another, and of a step's rows to the cache.
// Not the making of queries, keys and values: CPUDevice+Products.swift.

import CPUKernels

extension CPUDevice {
    /// Attention of runs of rows to themselves, as in an image encoder.
    ///
    /// *Math*: `output = softmax(scale * query key^T) value` per head, over the keys of the query's segment; if
    /// `isCausal`, over those up to the query's own row. Computed tile by tile with a running maximum and sum.
    /// *Shapes*: queries and output `[rows, query, width]`, keys and values `[rows, keyValue, width]`, f32. `output` may
    /// not overlap the queries.
    /// *Accumulates in*: f32; if the device's `roundsAttention` and on CPUs with a bf16 dot product, queries, keys,
    /// values and softmax weights are rounded to bf16. *Units/range*: `scale` is positive; weights below 2^-126.5 are 0.
    /// *Source*: Dao et al., FlashAttention (2022), algorithm 1; Milakov and Gimelshein, Online normalizer calculation
    /// for softmax (2018).
    public func attend(
        _ queries: UnsafePointer<Float>,
        keys: UnsafePointer<Float>,
        values: UnsafePointer<Float>,
        segments: AttentionSegments,
        heads: HeadShape,
        scale: Float,
        isCausal: Bool = false,
        into output: UnsafeMutablePointer<Float>
    ) {
        guard let start = segments.storage.baseAddress, segments.storage.count > 0 else { return }
        var arguments = attention(queries, start, segments.storage.count, heads, scale, isCausal, output)
        arguments.key_rows = keys
        arguments.value_rows = values
        attend(&arguments)
    }

    /// Attention of a step's rows to the cached keys of their sequences, which include the rows' own.
    ///
    /// *Math*, *Shapes*: as above with keys and values in the cache; if `isCausal`, a query sees those whose index in
    /// the sequence is at most its own. Rotary positions play no part in it.
    /// *Accumulates in*: f32. With a bf16 or int8 cache on CPUs with a bf16 dot product, queries and softmax weights are
    /// rounded to bf16.
    public func attend(
        _ queries: UnsafePointer<Float>,
        cache: CachePages,
        sequences: SequenceBatch,
        heads: HeadShape,
        scale: Float,
        isCausal: Bool = true,
        into output: UnsafeMutablePointer<Float>
    ) {
        guard let start = sequences.segments.baseAddress, sequences.segments.count > 0 else { return }
        var arguments = attention(queries, start, sequences.segments.count, heads, scale, isCausal, output)
        arguments.pages = cache.kernelArgument
        attend(&arguments)
    }

    private func attention(
        _ queries: UnsafePointer<Float>,
        _ segments: UnsafeMutablePointer<vlmc_segment>,
        _ count: Int,
        _ heads: HeadShape,
        _ scale: Float,
        _ isCausal: Bool,
        _ output: UnsafeMutablePointer<Float>
    ) -> vlmc_attention {
        precondition(scale > 0, "a scale of \(scale)")
        let stride = heads.query * heads.width
        return vlmc_attention(
            queries: queries,
            query_stride: stride,
            output: output,
            output_stride: stride,
            query_heads: Int32(heads.query),
            key_value_heads: Int32(heads.keyValue),
            head_dim: Int32(heads.width),
            scale: scale,
            causal: isCausal ? 1 : 0,
            segments: segments,
            segment_count: Int32(count),
            pages: vlmc_pages(keys: nil, values: nil, format: 0, blocks: 0),
            key_rows: nil,
            value_rows: nil,
            key_value_stride: heads.keyValue * heads.width,
            row_format: (roundsAttention ? VLMC_FORMAT_BF16 : VLMC_FORMAT_F32).rawValue,
            partials: partialBytes.baseAddress.unsafelyUnwrapped,
            partial_bytes: partialBytes.count,
            split: 0,
            merge_chunks: 0,
            merge_parts: 0,
            chunk_rows: 0,
            chunk_heads: 0
        )
    }

    private func attend(_ arguments: inout vlmc_attention) {
        let segments = UnsafeBufferPointer(start: arguments.segments, count: Int(arguments.segment_count))
        profiled("attention", rows: segments.reduce(0) { $0 + Int($1.query_count) }, runs: segments.count) {
            inTurn {
                run(kernels.attention, &arguments, plan: kernels.attention_plan)
                if arguments.split != 0 {
                    withUnsafePointer(to: &arguments) {
                        run(kernels.attention_merge, $0, chunks: $0.pointee.merge_chunks)
                    }
                }
            }
        }
    }
}
