// The inner loop of products with integer weights: a few rows, broadcast, times one or two panels, into registers.
// Not the loops around it: int_product.h. The same for floats: tile.h.
//
// An isa file defines before: INT_TILE_ROWS, the most rows with one panel, and INT_PAIR_ROWS, the most with two, such
// that each sum has two registers: that of a group, exact, and that of all groups, a chain of f32 over the groups in
// order, whatever the tile.
#pragma once

#include "packed_rows.h"
#include "product_scratch.h"

/// How a panel's weights are read.
enum int_mode {
    INT_W8,     ///< bytes; the panel's scales are applied when it ends
    INT_W8G32,  ///< bytes, a scale for 32 inputs
    INT_W4G32,  ///< nibbles, a scale for 32 inputs
    INT_W4G128, ///< nibbles, a scale and a zero point for 128 inputs
};

struct int_tile {
    const char *a;         ///< row r at a + r * INT_ROW_BYTES
    ptrdiff_t a_block;     ///< bytes from a block of 256 inputs to the next
    const char *panels[2]; ///< the first unit of each
    int32_t units;
    const char *ahead[2]; ///< per panel, what a tile of two fetches with its first words; a single one fetches its own
    ptrdiff_t ahead_step;
    const float *channel_scales[2]; ///< if set, [16] by which the sums are multiplied at last
    float *sums;
    enum tile_start start;
};

/// 64 bytes of offset weights: words `index` of 8 that hold a group's 32 inputs.
INLINE v16u int_words(const char *group, const int index, v16u zero_shift, const enum int_mode mode) {
    if (mode == INT_W8 || mode == INT_W8G32) {
        return v_load_words(group + 64 * index);
    }
    const v16u pairs = v_load_words(group + index / 2 * 64);
    const v16u nibbles = (index % 2 == 0 ? pairs : pairs >> 4) & 0x0f0f0f0f;
    // With zero points: nibble + 128 - zero, without carries between bytes.
    return mode == INT_W4G128 ? nibbles + zero_shift : nibbles;
}

/// 128 minus the zero point, in all four bytes of each output's word.
INLINE v16u int_zero_shift(const char *zeros) {
    typedef uint8_t v16bytes __attribute__((ext_vector_type(16)));
    v16bytes bytes;
    memcpy(&bytes, zeros, sizeof bytes);
    return (128 - __builtin_convertvector(bytes, v16u)) * 0x01010101;
}

/// One group of 32 inputs into the sums. `a`: the group's values of the first row; `places`: its scale and correction.
INLINE void int_tile_group(v16 sums[][2], const char *a, const char *places, const char *const group[2],
                           const v16 scales[2], const v16u zero_shift[2], const int rows, const int panels,
                           const enum int_mode mode, const char *ahead[2], ptrdiff_t ahead_step) {
    vdot dots[INT_TILE_ROWS][2];
    UNROLL for (int r = 0; r < rows; r++) {
        const vdot correction = (vdot)(*(const __typeof__((vdot){0}[0]) *)(places + r * INT_ROW_BYTES +
                                                                          (INT_CORRECTIONS - INT_SCALES)));
        UNROLL for (int p = 0; p < panels; p++) {
            dots[r][p] = correction;
        }
    }
    UNROLL for (int i = 0; i < 8; i++) {
        v16u words[2];
        UNROLL for (int p = 0; p < panels; p++) {
            words[p] = int_words(group[p], i, zero_shift[p], mode);
            if (panels == 2) {
                __builtin_prefetch(ahead[p]);
                ahead[p] += ahead_step;
            } else if (mode == INT_W8 || mode == INT_W8G32) {
                __builtin_prefetch(group[p] + 64 * i + PREFETCH_BYTES);
            } else if (i % 2 == 0) {
                __builtin_prefetch(group[p] + 32 * i + PREFETCH_BYTES);
            }
        }
        UNROLL for (int r = 0; r < rows; r++) {
            UNROLL for (int p = 0; p < panels; p++) {
                dots[r][p] = v_dot_bytes(dots[r][p], words[p], a + r * INT_ROW_BYTES + 4 * DOT_VALUE_BYTES * i);
            }
        }
    }
    UNROLL for (int r = 0; r < rows; r++) {
        const float scale = *(const float *)(places + r * INT_ROW_BYTES);
        UNROLL for (int p = 0; p < panels; p++) {
            const v16 factor = mode == INT_W8 ? (v16)scale : scales[p] * scale;
            sums[r][p] = v_fma(v_dot_sum(dots[r][p]), factor, sums[r][p]);
        }
    }
}

INLINE void int_tile_multiply(const struct int_tile *t, const int rows, const int panels, const enum int_mode mode) {
    const int unit_groups = mode == INT_W8 ? 1 : mode == INT_W4G128 ? 4 : 2;
    const int group_bytes = mode == INT_W8 || mode == INT_W8G32 ? 512 : 256;
    const int unit_bytes = unit_groups * group_bytes + (mode == INT_W8 ? 0 : 64);
    v16 sums[INT_TILE_ROWS][2];
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int p = 0; p < panels; p++) {
            sums[r][p] = t->start == FROM_ZERO ? (v16)0.0f : v_load(t->sums + r * SUM_STRIDE + 16 * p);
        }
    }
    const char *unit[2] = {t->panels[0], t->panels[1]};
    const char *ahead[2] = {t->ahead[0], t->ahead[1]};
    const ptrdiff_t ahead_step = t->ahead_step;
    const char *block = t->a;
    for (int32_t left = t->units; left > 0; left -= INT_BLOCK_GROUPS / unit_groups, block += t->a_block) {
        const char *a = block, *places = block + INT_SCALES;
        const int32_t units = left < INT_BLOCK_GROUPS / unit_groups ? left : INT_BLOCK_GROUPS / unit_groups;
        for (int32_t u = 0; u < units; u++) {
            v16 scales[2] = {0.0f, 0.0f};
            v16u zero_shift[2] = {0, 0};
            UNROLL for (int g = 0; g < unit_groups; g++) {
                const char *group[2];
                UNROLL for (int p = 0; p < panels; p++) {
                    group[p] = unit[p] + g * group_bytes;
                    if (mode == INT_W8G32 || mode == INT_W4G32 || (mode == INT_W4G128 && g == 0)) {
                        scales[p] = v_load_f16(unit[p] + unit_groups * group_bytes + 32 * g);
                    }
                    if (mode == INT_W4G128 && g == 0) {
                        zero_shift[p] = int_zero_shift(unit[p] + unit_groups * group_bytes + 32);
                    }
                }
                int_tile_group(sums, a, places, group, scales, zero_shift, rows, panels, mode, ahead, ahead_step);
                a += INT_GROUP_BYTES;
                places += 4;
            }
            if (panels == 1 && mode != INT_W8) {
                __builtin_prefetch(unit[0] + unit_groups * group_bytes + PREFETCH_BYTES);
            }
            UNROLL for (int p = 0; p < panels; p++) {
                unit[p] += unit_bytes;
            }
        }
    }
    UNROLL for (int p = 0; p < panels; p++) {
        const v16 scale = t->channel_scales[p] ? v_load(t->channel_scales[p]) : (v16)1.0f;
        UNROLL for (int r = 0; r < rows; r++) {
            v_store(t->sums + r * SUM_STRIDE + 16 * p, mode == INT_W8 ? sums[r][p] * scale : sums[r][p]);
        }
    }
}

/// Defines `name(tile, rows)` for 1 ... maximum rows and this many panels, each a loop of its own.
#define INT_TILE_FUNCTION(name, maximum, panels, mode)                                                                 \
    static void name(const struct int_tile *t, int32_t rows) {                                                         \
        switch (rows) {                                                                                                \
            INT_TILE_CASE(1, maximum, panels, mode)                                                                    \
            INT_TILE_CASE(2, maximum, panels, mode)                                                                    \
            INT_TILE_CASE(3, maximum, panels, mode)                                                                    \
            INT_TILE_CASE(4, maximum, panels, mode)                                                                    \
            INT_TILE_CASE(5, maximum, panels, mode)                                                                    \
            INT_TILE_CASE(6, maximum, panels, mode)                                                                    \
            INT_TILE_CASE(7, maximum, panels, mode)                                                                    \
            INT_TILE_CASE(8, maximum, panels, mode)                                                                    \
            INT_TILE_CASE(9, maximum, panels, mode)                                                                    \
            INT_TILE_CASE(10, maximum, panels, mode)                                                                   \
            INT_TILE_CASE(11, maximum, panels, mode)                                                                   \
            INT_TILE_CASE(12, maximum, panels, mode)                                                                   \
        default:                                                                                                       \
            break;                                                                                                     \
        }                                                                                                              \
    }
#define INT_TILE_CASE(rows, maximum, panels, mode)                                                                     \
    case rows:                                                                                                         \
        if (rows <= (maximum)) {                                                                                       \
            int_tile_multiply(t, rows, panels, mode);                                                                  \
        }                                                                                                              \
        break;

INT_TILE_FUNCTION(int_tile_w8, INT_TILE_ROWS, 1, INT_W8)
INT_TILE_FUNCTION(int_tile_w8g32, INT_TILE_ROWS, 1, INT_W8G32)
INT_TILE_FUNCTION(int_tile_w4g32, INT_TILE_ROWS, 1, INT_W4G32)
INT_TILE_FUNCTION(int_tile_w4g128, INT_TILE_ROWS, 1, INT_W4G128)
INT_TILE_FUNCTION(int_tile_w8_pair, INT_PAIR_ROWS, 2, INT_W8)
INT_TILE_FUNCTION(int_tile_w8g32_pair, INT_PAIR_ROWS, 2, INT_W8G32)
