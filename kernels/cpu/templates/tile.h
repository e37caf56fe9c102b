// The one inner loop of all products: a few rows, broadcast, times one, two or four panels, into registers.
// Not the loops around it: product.h walks through a weight matrix, attention.h through keys and values.
//
// An isa file defines before: TILE_ROWS, the most rows with one panel, and PAIR_ROWS, the most with two, such that
// sums, panels and one broadcast fit the registers; and QUAD_ROWS, so few that only four panels keep enough sums under
// way. Each sum is one chain over the inputs in order, whatever the tile, so that a row's result does not depend on the
// rows beside it.
#pragma once

#include "../vectors/vector16.h"

/// Rows of A lie this many 4-byte words apart: 256 words and a gap that spreads rows over the sets of the L1 cache.
#define ROW_WORDS 272
#define ROW_BYTES (4 * ROW_WORDS)
/// The most panels of a tile.
#define TILE_PANELS 4

#if defined(V_HAS_BF16_DOT) || defined(V_EMULATES_BF16_DOT)
#define HAS_DOT 1
#else
#define HAS_DOT 0
#endif

/// How one step of a tile multiplies. A step reads 64 bytes of each panel.
enum tile_mode {
    TILE_F32,   ///< one input: floats times floats
    TILE_WIDEN, ///< two inputs: floats times bfloat16, widened
    TILE_HALF,  ///< two inputs: floats times halves, widened, the first input's 16 before the second's
    TILE_DOT,   ///< two inputs: bfloat16 times bfloat16 by the machine's dot product
};

/// Bytes of a row of A that a step reads.
INLINE ptrdiff_t tile_step_bytes(enum tile_mode mode) {
    return mode == TILE_WIDEN || mode == TILE_HALF ? 8 : 4;
}

enum tile_start { FROM_ZERO, FROM_SUMS, FROM_SCALED_SUMS };

/// sums[row][panel] = start + A times panels. Inputs come in `segments` of `steps` steps each.
struct tile {
    const char *a;                  ///< row r at a + r * ROW_BYTES
    ptrdiff_t a_segment;            ///< bytes from a segment to the next within a row of A
    const char *const (*panels)[TILE_PANELS]; ///< [segment][panel]
    int32_t segments;
    int32_t steps;
    const char *ahead[TILE_PANELS]; ///< per panel, what the first step fetches into cache
    ptrdiff_t ahead_step; ///< bytes from there to what the next step fetches
    float *sums;          ///< row r at sums + r * sums_stride, its panels side by side
    ptrdiff_t sums_stride;
    enum tile_start start;
    const float *scales; ///< per row, for FROM_SCALED_SUMS
};

INLINE void tile_load_sums(const struct tile *t, v16 sums[][TILE_PANELS], const int rows, const int panels) {
    const float *from = t->sums;
    const ptrdiff_t stride = t->sums_stride;
    switch (t->start) {
    case FROM_ZERO:
        UNROLL for (int i = 0; i < rows * panels; i++) {
            sums[i / panels][i % panels] = (v16)0.0f;
        }
        break;
    case FROM_SUMS:
        UNROLL for (int r = 0; r < rows; r++) {
            UNROLL for (int p = 0; p < panels; p++) {
                sums[r][p] = v_load(from + r * stride + 16 * p);
            }
        }
        break;
    case FROM_SCALED_SUMS:
        UNROLL for (int r = 0; r < rows; r++) {
            const v16 scale = (v16)t->scales[r];
            UNROLL for (int p = 0; p < panels; p++) {
                sums[r][p] = v_load(from + r * stride + 16 * p) * scale;
            }
        }
        break;
    }
}

/// One step: the next words of each panel into the sums. `a` points to the step's inputs of the first row.
INLINE void tile_step(v16 sums[][TILE_PANELS], const char *a, const v16u words[TILE_PANELS], const int rows,
                      const int panels, const enum tile_mode mode) {
    if (mode == TILE_DOT) {
#if HAS_DOT
        UNROLL for (int r = 0; r < rows; r++) {
            const v16u x = (v16u)(*(const uint32_t *)(a + r * ROW_BYTES));
            UNROLL for (int p = 0; p < panels; p++) {
                sums[r][p] = v_dot_bf16(sums[r][p], words[p], x);
            }
        }
#endif
        return;
    }
    UNROLL for (int i = 0; i < (mode == TILE_F32 ? 1 : 2); i++) {
        v16 weights[TILE_PANELS];
        UNROLL for (int p = 0; p < panels; p++) {
            if (mode == TILE_HALF) {
                weights[p] = v_load_f16((const char *)&words[p] + 32 * i);
            } else {
                weights[p] = mode == TILE_F32 ? (v16)words[p] : i == 0 ? v_even_bf16(words[p]) : v_odd_bf16(words[p]);
            }
        }
        UNROLL for (int r = 0; r < rows; r++) {
            const v16 x = (v16)(*(const float *)(a + r * ROW_BYTES + 4 * i));
            UNROLL for (int p = 0; p < panels; p++) {
                sums[r][p] = v_fma(x, weights[p], sums[r][p]);
            }
        }
    }
}

INLINE void tile_multiply(const struct tile *t, const int rows, const int panels, const enum tile_mode mode) {
    v16 sums[TILE_ROWS][TILE_PANELS];
    tile_load_sums(t, sums, rows, panels);
    const int32_t steps = t->steps;
    const char *ahead[TILE_PANELS], *b[TILE_PANELS];
    UNROLL for (int p = 0; p < panels; p++) {
        ahead[p] = t->ahead[p];
    }
    const ptrdiff_t ahead_step = t->ahead_step;
    for (int32_t segment = 0; segment < t->segments; segment++) {
        const char *a = t->a + segment * t->a_segment;
        UNROLL for (int p = 0; p < panels; p++) {
            b[p] = t->panels[segment][p];
        }
        for (int32_t step = 0; step < steps; step++) {
            v16u words[TILE_PANELS];
            UNROLL for (int p = 0; p < panels; p++) {
                words[p] = v_load_words(b[p]);
                b[p] += 64;
                __builtin_prefetch(ahead[p]);
                ahead[p] += ahead_step;
            }
            tile_step(sums, a, words, rows, panels, mode);
            a += tile_step_bytes(mode);
        }
    }
    float *to = t->sums;
    const ptrdiff_t stride = t->sums_stride;
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int p = 0; p < panels; p++) {
            v_store(to + r * stride + 16 * p, sums[r][p]);
        }
    }
}

/// Defines `name(tile, rows)` for 1 ... maximum rows and this many panels, each a loop of its own.
#define TILE_FUNCTION(name, maximum, panels, mode)                                                                     \
    static void name(const struct tile *t, int32_t rows) {                                                             \
        switch (rows) {                                                                                                \
            TILE_CASE(1, maximum, panels, mode)                                                                        \
            TILE_CASE(2, maximum, panels, mode)                                                                        \
            TILE_CASE(3, maximum, panels, mode)                                                                        \
            TILE_CASE(4, maximum, panels, mode)                                                                        \
            TILE_CASE(5, maximum, panels, mode)                                                                        \
            TILE_CASE(6, maximum, panels, mode)                                                                        \
            TILE_CASE(7, maximum, panels, mode)                                                                        \
            TILE_CASE(8, maximum, panels, mode)                                                                        \
            TILE_CASE(9, maximum, panels, mode)                                                                        \
            TILE_CASE(10, maximum, panels, mode)                                                                       \
            TILE_CASE(11, maximum, panels, mode)                                                                       \
            TILE_CASE(12, maximum, panels, mode)                                                                       \
            TILE_CASE(13, maximum, panels, mode)                                                                       \
            TILE_CASE(14, maximum, panels, mode)                                                                       \
        default:                                                                                                       \
            break;                                                                                                     \
        }                                                                                                              \
    }
#define TILE_CASE(rows, maximum, panels, mode)                                                                         \
    case rows:                                                                                                         \
        if (rows <= (maximum)) {                                                                                       \
            tile_multiply(t, rows, panels, mode);                                                                      \
        }                                                                                                              \
        break;

TILE_FUNCTION(tile_f32_single, TILE_ROWS, 1, TILE_F32)
TILE_FUNCTION(tile_f32_pair, PAIR_ROWS, 2, TILE_F32)
TILE_FUNCTION(tile_f32_quad, QUAD_ROWS, 4, TILE_F32)
TILE_FUNCTION(tile_half_single, TILE_ROWS, 1, TILE_HALF)
TILE_FUNCTION(tile_half_pair, PAIR_ROWS, 2, TILE_HALF)
TILE_FUNCTION(tile_half_quad, QUAD_ROWS, 4, TILE_HALF)
#if HAS_DOT
TILE_FUNCTION(tile_dot_single, TILE_ROWS, 1, TILE_DOT)
TILE_FUNCTION(tile_dot_pair, PAIR_ROWS, 2, TILE_DOT)
TILE_FUNCTION(tile_dot_quad, QUAD_ROWS, 4, TILE_DOT)
#else
TILE_FUNCTION(tile_widen_single, TILE_ROWS, 1, TILE_WIDEN)
TILE_FUNCTION(tile_widen_pair, PAIR_ROWS, 2, TILE_WIDEN)
TILE_FUNCTION(tile_widen_quad, QUAD_ROWS, 4, TILE_WIDEN)
#endif

/// The panels, of `left`, that a tile of `rows` rows takes at a time.
INLINE int32_t tile_panels(int32_t rows, int32_t left) {
    if (left >= 4 && rows <= QUAD_ROWS) {
        return 4;
    }
    return left >= 2 && (PAIR_ROWS == TILE_ROWS || rows <= PAIR_ROWS) ? 2 : 1;
}

/// The tile as described, for any `rows` up to the most that this many panels (1, 2 or 4) allow.
static void tile_any(const struct tile *t, int32_t rows, int32_t panels, enum tile_mode mode) {
    if (mode == TILE_F32) {
        (panels == 4 ? tile_f32_quad : panels == 2 ? tile_f32_pair : tile_f32_single)(t, rows);
    } else if (mode == TILE_HALF) {
        (panels == 4 ? tile_half_quad : panels == 2 ? tile_half_pair : tile_half_single)(t, rows);
    } else {
#if HAS_DOT
        (panels == 4 ? tile_dot_quad : panels == 2 ? tile_dot_pair : tile_dot_single)(t, rows);
#else
        (panels == 4 ? tile_widen_quad : panels == 2 ? tile_widen_pair : tile_widen_single)(t, rows);
#endif
    }
}

/// Where part `index` of `count` begins when `total` is cut into parts that differ by one at most, greater ones first.
INLINE int32_t even_part(int32_t total, int32_t count, int32_t index) {
    return total / count * index + (index < total % count ? index : total % count);
}

INLINE int32_t minimum(int32_t a, int32_t b) {
    return a < b ? a : b;
}
