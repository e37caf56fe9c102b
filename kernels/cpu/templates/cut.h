// How a product's outputs are cut into chunks for the threads.
// Not what a chunk does: linear.h and heads.h.
#pragma once

#include "packed_rows.h"

/// Whether a product has so few rows that the reading of its weights bounds it.
INLINE int32_t has_few_rows(const struct vlmc_product *product) {
    return product->rows <= TILE_ROWS;
}

/// The cut of `total` things of `bytes` bytes each, of which chunks hold multiples of `step`, for few rows. Reading
/// starts anew with every chunk, so most (usually three quarters) are a few long ranges; the rest is cut so that all
/// threads end together.
INLINE struct vlmc_cut cut_for_reading(int32_t total, int32_t step, ptrdiff_t bytes, int32_t threads,
                                       struct vlmc_tuning tuning) {
    struct vlmc_cut cut;
    cut.large_size = total / (2 * threads * step) * step;
    cut.large_chunks = cut.large_size > 0 ? tuning.long_quarters * threads / 2 : 0;
    const int32_t least = (int32_t)(tuning.small_chunk_bytes / bytes), part = total / (32 * threads);
    const int32_t small = part < least ? least : part;
    cut.small_size = small < step ? step : (small + step - 1) / step * step;
    return cut;
}

/// Chunks of a cut.
INLINE int32_t cut_chunks(const struct vlmc_cut *cut, int32_t total) {
    const int32_t rest = total - cut->large_chunks * cut->large_size;
    return cut->large_chunks + (rest + cut->small_size - 1) / cut->small_size;
}

/// What a chunk of a cut holds: from `first` to `end`.
struct range {
    int32_t first, end;
};

INLINE struct range range_of_chunk(const struct vlmc_cut *cut, int32_t chunk, int32_t total) {
    const int32_t is_large = chunk < cut->large_chunks;
    const int32_t size = is_large ? cut->large_size : cut->small_size;
    const int32_t first =
        is_large ? chunk * size : cut->large_chunks * cut->large_size + (chunk - cut->large_chunks) * size;
    return (struct range){first, minimum(first + size, total)};
}
