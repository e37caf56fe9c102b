// The two passes of one instruction set. Not part of the module's interface.
#pragma once

#include "CImageCodecs.h"

/// Sums are in units of 2^-22: half a unit of the result rounds to nearest, arithmetic shifting takes the floor.
enum { resampling_precision = 22, resampling_half = 1 << (resampling_precision - 1) };

struct horizontal_pass {
    struct vlmc_resampling_axis axis;
    const uint8_t *source;
    ptrdiff_t source_stride;
    int32_t source_width;
    int32_t row_count;
    uint8_t *target;
    ptrdiff_t target_stride;
    int32_t target_width;
};

/// One output row: the weighted sum of `count` rows that begin at `source`.
struct vertical_row {
    const int16_t *low;
    const int16_t *high;
    int32_t count;
    const uint8_t *source;
    ptrdiff_t source_stride;
    int32_t row_bytes;
    uint8_t *target;
};

/// Computes output pixel `x` of row `y`.
void vlmc_resample_pixel_portable(const struct horizontal_pass *pass, int32_t x, int32_t y);

/// Computes the bytes of a row from `first_byte` on.
void vlmc_resample_row_portable(const struct vertical_row *row, int32_t first_byte);

#if defined(__x86_64__)
void vlmc_resample_horizontally_avx2(const struct horizontal_pass *pass);
void vlmc_resample_row_avx2(const struct vertical_row *row);
#endif
