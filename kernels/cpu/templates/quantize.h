// Chooses scales (and zero points) of integer weights: for 16 outputs at once, the candidate of least squared error.
// Not where integers lie: quantized_panels.h. Who walks through rows: packing.h.
#pragma once

#include "../panel_layout.h"
#include "activations.h"

/// The least and the greatest value of a group, 0 among them; lanes with a value that is not finite are special.
struct value_range {
    v16 least;
    v16 greatest;
    v16i is_special;
};

INLINE void widen_range(struct value_range *range, const v16 *columns, int32_t count) {
    for (int32_t k = 0; k < count; k++) {
        range->least = v_min(columns[k], range->least);
        range->greatest = v_max(columns[k], range->greatest);
        range->is_special |= (columns[k] - columns[k]) != 0.0f;
    }
}

/// A quantised value is round(x / scale), between `lowest` and `highest`; what is stored is that plus the zero point.
struct group_scale {
    v16 scale;
    v16 inverse;
    v16 zero;
    v16 lowest;
    v16 highest;
    v16i is_special;
};

struct scale_search {
    struct group_scale candidates[VLMC_SCALE_CANDIDATES];
    v16 errors[VLMC_SCALE_CANDIDATES];
};

/// Candidates shrink the range step by step: values at its ends are clipped, and all others are finer.
static void begin_search(struct scale_search *search, const struct value_range *range, uint32_t format) {
    const int has_zeros = format == VLMC_FORMAT_W4G128;
    const int is_byte = panel_layout(format).bits == 8;
    const v16 least = range->is_special ? (v16)0.0f : range->least;
    const v16 greatest = range->is_special ? (v16)0.0f : range->greatest;
    const v16 extent = has_zeros ? greatest - least : v_max(greatest, -least);
    const float levels = has_zeros ? 15.0f : is_byte ? 127.0f : 7.0f;
    const float step = has_zeros ? 0.4f : is_byte ? 2.0f : 0.25f;
    for (int c = 0; c < VLMC_SCALE_CANDIDATES; c++) {
        struct group_scale *candidate = &search->candidates[c];
        v16 scale = extent * (1.0f / (levels + step * (float)c));
        if (format != VLMC_FORMAT_W8) {
            scale = v_widen_f16(v_round_f16(v_min(scale, (v16)65504.0f)));
        }
        const v16 inverse = scale > 0.0f ? 1.0f / scale : (v16)0.0f;
        v16 zero = 0.0f;
        if (has_zeros) {
            const v16 centred = 7.5f - (least + greatest) * 0.5f * inverse;
            const v16 shifted = v_min(v_max(centred, (v16)0.0f), (v16)15.0f) + ROUNDING_CONSTANT;
            zero = shifted - ROUNDING_CONSTANT;
        }
        *candidate = (struct group_scale){.scale = scale, .inverse = inverse, .zero = zero};
        candidate->lowest = has_zeros ? -zero : is_byte ? (v16)-127.0f : (v16)-8.0f;
        candidate->highest = has_zeros ? 15.0f - zero : is_byte ? (v16)127.0f : (v16)7.0f;
        candidate->is_special = range->is_special;
        search->errors[c] = 0.0f;
    }
}

/// The nearest whole number of scales.
INLINE v16 quantized(v16 x, const struct group_scale *scale) {
    const v16 clipped = v_min(v_max(x * scale->inverse, scale->lowest), scale->highest);
    const v16 shifted = clipped + ROUNDING_CONSTANT;
    return shifted - ROUNDING_CONSTANT;
}

static void search_columns(struct scale_search *search, const v16 *columns, int32_t count,
                           const float *importance) {
    for (int c = 0; c < VLMC_SCALE_CANDIDATES; c++) {
        const struct group_scale candidate = search->candidates[c];
        v16 sum = search->errors[c];
        for (int32_t k = 0; k < count; k++) {
            const v16 error = columns[k] - quantized(columns[k], &candidate) * candidate.scale;
            sum = v_fma(importance ? error * importance[k] : error, error, sum);
        }
        search->errors[c] = sum;
    }
}

/// Of equal candidates the first, which clips least.
static struct group_scale best_scale(const struct scale_search *search) {
    struct group_scale best = search->candidates[0];
    v16 least = search->errors[0];
    for (int c = 1; c < VLMC_SCALE_CANDIDATES; c++) {
        const struct group_scale *candidate = &search->candidates[c];
        const v16i is_better = search->errors[c] < least;
        least = is_better ? search->errors[c] : least;
        best.scale = is_better ? candidate->scale : best.scale;
        best.inverse = is_better ? candidate->inverse : best.inverse;
        best.zero = is_better ? candidate->zero : best.zero;
        best.lowest = is_better ? candidate->lowest : best.lowest;
        best.highest = is_better ? candidate->highest : best.highest;
    }
    return best;
}
