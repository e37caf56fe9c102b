// What attention remembers of the keys seen so far, per row of queries: the greatest score, the sum of the weights
// (16 partial sums) and the weighted sum of the values; and how two such states are merged.
// Not how a state comes about: attention.h.
#pragma once

#include "activations.h"
#include "tile.h"

/// Rows of queries that share a tile of keys, a whole number of tiles on every machine.
#define QUERY_ROWS (TILE_ROWS * (56 / TILE_ROWS))

struct attention_state {
    float greatest[QUERY_ROWS + 16]; ///< room for a whole vector
    float sums[QUERY_ROWS * 16];
    float outputs[QUERY_ROWS * ROW_WORDS];
};

/// The score that weights are relative to: the greatest one, or 0 while no key has been seen.
INLINE v16 reference_score(v16 greatest) {
    return greatest == -INFINITY ? (v16)0.0f : greatest;
}

/// The weight of a score. The difference is exact where it matters and never positive, however large scores are;
/// exponents are to base 2, so that `to_exponent` is the scale times log2 e.
INLINE v16 weight_of_score(v16 score, v16 reference, float to_exponent) {
    return v_exp2_of_nonpositive((score - reference) * to_exponent);
}

static void clear_state(struct attention_state *state, int32_t rows, int32_t head_dim) {
    for (int32_t row = 0; row < rows; row++) {
        state->greatest[row] = -INFINITY;
        v_store(state->sums + 16 * row, (v16)0.0f);
        for (int32_t d = 0; d < head_dim; d += 16) {
            v_store(state->outputs + (ptrdiff_t)row * ROW_WORDS + d, (v16)0.0f);
        }
    }
}

/// Raises each row's greatest score to that of a tile, and writes by what earlier sums are to be scaled.
static void raise_greatest(struct attention_state *state, int32_t rows, const float *tile_greatest, float to_exponent,
                           float *scales) {
    for (int32_t row = 0; row < rows; row += 16) {
        const v16 before = v_load_first(state->greatest + row, rows - row);
        const v16 after = v_max(v_load_first(tile_greatest + row, rows - row), before);
        const v16 scale = weight_of_score(before, reference_score(after), to_exponent);
        v_store_first(scales + row, scale, rows - row);
        v_store_first(state->greatest + row, after, rows - row);
    }
}

/// Adds to `total` what `state` has seen.
static void merge_state(struct attention_state *total, const struct attention_state *state, int32_t rows,
                        int32_t head_dim, float to_exponent) {
    for (int32_t row = 0; row < rows; row++) {
        const v16 a = (v16)total->greatest[row], b = (v16)state->greatest[row];
        const v16 greatest = v_max(a, b);
        const v16 scale_a = weight_of_score(a, reference_score(greatest), to_exponent);
        const v16 scale_b = weight_of_score(b, reference_score(greatest), to_exponent);
        total->greatest[row] = greatest[0];
        float *sums = total->sums + 16 * row;
        v_store(sums, v_fma(v_load(state->sums + 16 * row), scale_b, v_load(sums) * scale_a));
        for (int32_t d = 0; d < head_dim; d += 16) {
            float *to = total->outputs + (ptrdiff_t)row * ROW_WORDS + d;
            const v16 added = v_load(state->outputs + (ptrdiff_t)row * ROW_WORDS + d);
            v_store(to, v_fma(added, scale_b, v_load(to) * scale_a));
        }
    }
}

/// Floats of a saved state.
INLINE size_t partial_floats(int32_t rows, int32_t head_dim) {
    return (size_t)rows * (size_t)(32 + head_dim);
}

/// Floats from one saved state of a split call to the next.
static ptrdiff_t partial_stride(const struct vlmc_attention *attention) {
    int32_t most_rows = 0;
    for (int32_t i = 0; i < attention->segment_count; i++) {
        const int32_t rows = attention->segments[i].query_count * (attention->query_heads / attention->key_value_heads);
        most_rows = most_rows > rows ? most_rows : rows;
    }
    return (ptrdiff_t)partial_floats(most_rows < QUERY_ROWS ? most_rows : QUERY_ROWS, attention->head_dim);
}

static void save_state(const struct attention_state *state, int32_t rows, int32_t head_dim, float *to) {
    for (int32_t row = 0; row < rows; row++) {
        float *place = to + (ptrdiff_t)row * (32 + head_dim);
        place[0] = state->greatest[row];
        v_store(place + 16, v_load(state->sums + 16 * row));
        memcpy(place + 32, state->outputs + (ptrdiff_t)row * ROW_WORDS, (size_t)head_dim * sizeof(float));
    }
}

static void restore_state(struct attention_state *state, int32_t rows, int32_t head_dim, const float *from) {
    for (int32_t row = 0; row < rows; row++) {
        const float *place = from + (ptrdiff_t)row * (32 + head_dim);
        state->greatest[row] = place[0];
        v_store(state->sums + 16 * row, v_load(place + 16));
        memcpy(state->outputs + (ptrdiff_t)row * ROW_WORDS, place + 32, (size_t)head_dim * sizeof(float));
    }
}
