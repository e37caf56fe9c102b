// What attention remembers of the keys seen so far, per row of queries: the greatest score, the sum of the weights
// (16 partial sums) and the weighted sum of the values; and how two such states are merged.
// Not how a state comes about: attention.h.
#pragma once

#include "activations.h"
#include "tile.h"

/// Rows of queries that share a tile of keys, a whole number of tiles on every machine.
#define QUERY_ROWS (TILE_ROWS * (28 / TILE_ROWS))
/// Floats of the state of a chunk's rows.
#define STATE_WORDS 65536

/// The states of some rows; `greatest` has room for a whole vector more.
struct attention_state {
    float *greatest;
    float *sums;    ///< [row][16]
    float *outputs; ///< [row][head_dim]
};

/// Floats of the states of `rows` rows.
INLINE size_t state_floats(int32_t rows, int32_t head_dim) {
    return (size_t)(rows + 31) / 16 * 16 + (size_t)rows * (size_t)(16 + head_dim);
}

INLINE struct attention_state state_at(float *memory, int32_t rows) {
    float *sums = memory + (rows + 31) / 16 * 16;
    return (struct attention_state){.greatest = memory, .sums = sums, .outputs = sums + 16 * (ptrdiff_t)rows};
}

/// The score that weights are relative to: the greatest one, or 0 while no key has been seen.
INLINE v16 reference_score(v16 greatest) {
    return greatest == -INFINITY ? (v16)0.0f : greatest;
}

/// The weight of a score. The difference is exact where it matters and never positive, however large scores are;
/// exponents are to base 2, so that `to_exponent` is the scale times log2 e.
INLINE v16 weight_of_score(v16 score, v16 reference, float to_exponent) {
    return v_exp2_of_nonpositive((score - reference) * to_exponent);
}

static void clear_state(const struct attention_state *state, int32_t rows, int32_t head_dim) {
    for (int32_t row = 0; row < rows; row++) {
        state->greatest[row] = -INFINITY;
    }
    memset(state->sums, 0, (size_t)rows * 16 * sizeof(float));
    memset(state->outputs, 0, (size_t)rows * (size_t)head_dim * sizeof(float));
}

/// Adds to `total` what `state` has seen.
static void merge_state(const struct attention_state *total, const struct attention_state *state, int32_t rows,
                        int32_t head_dim, float to_exponent) {
    for (int32_t row = 0; row < rows; row++) {
        const v16 a = (v16)total->greatest[row], b = (v16)state->greatest[row];
        const v16 greatest = v_max(a, b);
        const v16 scale_a = weight_of_score(a, reference_score(greatest), to_exponent);
        const v16 scale_b = weight_of_score(b, reference_score(greatest), to_exponent);
        total->greatest[row] = greatest[0];
        float *sums = total->sums + 16 * (ptrdiff_t)row;
        v_store(sums, v_fma(v_load(state->sums + 16 * (ptrdiff_t)row), scale_b, v_load(sums) * scale_a));
        for (int32_t d = 0; d < head_dim; d += 16) {
            float *to = total->outputs + (ptrdiff_t)row * head_dim + d;
            const v16 added = v_load(state->outputs + (ptrdiff_t)row * head_dim + d);
            v_store(to, v_fma(added, scale_b, v_load(to) * scale_a));
        }
    }
}
