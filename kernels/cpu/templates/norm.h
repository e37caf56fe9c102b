// RMS and layer normalisation of a row: first its statistics, then sixteen values at a time wherever they are needed.
// Not a kernel: pack_input (product.h), project_heads (heads.h) and norm_rows (rows.h) use it.
#pragma once

#include "../vectors/vector16.h"

/// What normalising takes from the whole row. Accumulates in f32, in 64 partial sums.
struct row_statistics {
    float mean;
    float scale;
};

/// The sum of (x - shift)^power over a row.
INLINE float sum_of_powers(const float *row, int32_t width, float shift, const int power) {
    v16 sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    int32_t i = 0;
    for (; i + 64 <= width; i += 64) {
        UNROLL for (int j = 0; j < 4; j++) {
            const v16 x = v_load(row + i + 16 * j) - shift;
            sums[j] = power == 1 ? sums[j] + x : v_fma(x, x, sums[j]);
        }
    }
    for (; i < width; i += 16) {
        const v16 x = v_load_first(row + i, width - i) - shift;
        const v16 kept = v_iota() < width - i ? x : (v16)0.0f;
        sums[0] = power == 1 ? sums[0] + kept : v_fma(kept, kept, sums[0]);
    }
    return v_sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

static struct row_statistics row_statistics(const float *row, int32_t width, const struct vlmc_norm *norm) {
    struct row_statistics statistics = {0.0f, 1.0f};
    if (norm->kind != VLMC_NORM_NONE) {
        if (norm->kind == VLMC_NORM_LAYER) {
            statistics.mean = sum_of_powers(row, width, 0.0f, 1) / (float)width;
        }
        const float variance = sum_of_powers(row, width, statistics.mean, 2) / (float)width;
        statistics.scale = 1.0f / sqrtf(variance + norm->epsilon);
    }
    return statistics;
}

/// The normalised values at `i` ... `i + 15` of a row, zeros from `width` on.
INLINE v16 normalised(const float *row, int32_t i, int32_t width, const struct vlmc_norm *norm,
                      struct row_statistics statistics) {
    v16 x = v_load_first(row + i, width - i);
    if (norm->kind == VLMC_NORM_NONE) {
        return x;
    }
    x = (x - statistics.mean) * statistics.scale;
    if (norm->weight) {
        x *= v_load_first(norm->weight + i, width - i);
    }
    if (norm->bias) {
        x += v_load_first(norm->bias + i, width - i);
    }
    return v_iota() < width - i ? x : (v16)0.0f;
}
