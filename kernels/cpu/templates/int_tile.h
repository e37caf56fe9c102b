// The inner loop of products with integer weights: a few rows, broadcast, times one or two panels, into registers.
// Not the loops around it: int_product.h. The same for floats: tile.h.
//
// An isa file defines before: INT_TILE_ROWS, the most rows with one panel, and INT_PAIR_ROWS, the most with two, such
// that each sum has two registers: that of a group, exact, and that of several groups, a chain of f32 over them in
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
    INT_W8G128, ///< the same, brought to bytes
};

/// How the units of a panel are laid out: groups of 32 inputs, then a line of scales and zero points.
struct int_unit {
    int groups;
    int group_bytes;
    int bytes;
};

INLINE struct int_unit int_unit(const enum int_mode mode) {
    switch (mode) {
    case INT_W8:
        return (struct int_unit){1, 512, 512};
    case INT_W8G32:
        return (struct int_unit){2, 512, 1088};
    case INT_W4G32:
        return (struct int_unit){2, 256, 576};
    case INT_W4G128:
        return (struct int_unit){4, 256, 1088};
    default: // INT_W8G128
        return (struct int_unit){4, 512, 2112};
    }
}

struct int_tile {
    const char *a;         ///< row r at a + r * INT_ROW_BYTES
    ptrdiff_t a_block;     ///< bytes from a block of 256 inputs to the next
    const char *panels[2]; ///< the first unit of each
    int32_t units;
    const char *ahead[2]; ///< per panel, what a tile of two fetches with its first words
    ptrdiff_t ahead_step; ///< bytes from there to what the next words fetch; of one panel, how far ahead it fetches
    const float *channel_scales[2]; ///< if set, [16] by which the sums are multiplied at last
    float *sums;
    enum tile_start start;
};

/// 64 bytes of weights: words `index` of 8 that hold a group's 32 inputs.
INLINE v16u int_words(const char *group, const int index, const int group_bytes) {
    if (group_bytes == 512) {
        return v_load_words(group + 64 * index);
    }
    const v16u pairs = v_load_words(group + index / 2 * 64);
    return (index % 2 == 0 ? pairs : pairs >> 4) & 0x0f0f0f0f;
}

/// The zero points of 16 outputs.
INLINE v16 int_zeros(const char *from) {
    typedef uint8_t v16bytes __attribute__((ext_vector_type(16)));
    v16bytes bytes;
    memcpy(&bytes, from, sizeof bytes);
    return __builtin_convertvector(bytes, v16);
}

/// Adds the dot products of one group of 32 inputs to `dots`. `a`: the group's values of the first row.
INLINE void int_group_dots(vdot dots[][2], const char *a, const char *const group[2], const int rows, const int panels,
                           const int group_bytes, const char *ahead[2], ptrdiff_t ahead_step) {
    UNROLL for (int i = 0; i < 8; i++) {
        v16u words[2];
        UNROLL for (int p = 0; p < panels; p++) {
            words[p] = int_words(group[p], i, group_bytes);
            if (panels == 2) {
                __builtin_prefetch(ahead[p]);
                ahead[p] += ahead_step;
            } else if (group_bytes == 512 || i % 2 == 0) {
                __builtin_prefetch(group[p] + group_bytes / 8 * i + ahead_step);
            }
        }
        UNROLL for (int r = 0; r < rows; r++) {
            UNROLL for (int p = 0; p < panels; p++) {
                dots[r][p] = v_dot_bytes(dots[r][p], words[p], a + r * INT_ROW_BYTES + 4 * DOT_VALUE_BYTES * i);
            }
        }
    }
}

/// One group of 32 inputs into the sums of the formats with an offset. `places`: the group's scale in the first row.
INLINE void int_tile_group(v16 sums[][2], const char *a, const char *places, const char *const group[2],
                           const v16 scales[2], const int rows, const int panels, const enum int_mode mode,
                           const char *ahead[2], ptrdiff_t ahead_step) {
    vdot dots[INT_TILE_ROWS][2];
    UNROLL for (int r = 0; r < rows; r++) {
        const vdot correction = (vdot)(*(const __typeof__((vdot){0}[0]) *)(places + r * INT_ROW_BYTES +
                                                                          (INT_CORRECTIONS - INT_SCALES)));
        UNROLL for (int p = 0; p < panels; p++) {
            dots[r][p] = correction;
        }
    }
    int_group_dots(dots, a, group, rows, panels, int_unit(mode).group_bytes, ahead, ahead_step);
    UNROLL for (int r = 0; r < rows; r++) {
        const float scale = *(const float *)(places + r * INT_ROW_BYTES);
        UNROLL for (int p = 0; p < panels; p++) {
            const v16 factor = mode == INT_W8 ? (v16)scale : scales[p] * scale;
            sums[r][p] = v_fma(v_dot_sum(dots[r][p]), factor, sums[r][p]);
        }
    }
}

/// Units of one scale and one zero point: products with both left out, whose sum is scaled once. That the zero points
/// are taken off from is a number of the row (packed_rows.h).
INLINE void int_tile_zeroed_unit(float *sums, const int is_first, const char *a, const char *places,
                                 const char *const unit[2], const int rows, const int panels, const enum int_mode mode,
                                 const char *ahead[2], ptrdiff_t ahead_step) {
    const struct int_unit layout = int_unit(mode);
    const char *const tail[2] = {unit[0] + layout.groups * layout.group_bytes,
                                 unit[1] + layout.groups * layout.group_bytes};
    v16 unscaled[INT_TILE_ROWS][2];
    UNROLL for (int p = 0; p < panels; p++) {
        const v16 zeros = int_zeros(tail[p] + 32);
        UNROLL for (int r = 0; r < rows; r++) {
            unscaled[r][p] = zeros * *(const float *)(places + r * INT_ROW_BYTES + (INT_CORRECTIONS - INT_SCALES));
        }
    }
    UNROLL for (int g = 0; g < layout.groups; g++) {
        const char *const group[2] = {unit[0] + g * layout.group_bytes, unit[1] + g * layout.group_bytes};
        vdot dots[INT_TILE_ROWS][2];
        UNROLL for (int i = 0; i < rows * panels; i++) {
            dots[i / panels][i % panels] = (vdot){0};
        }
        int_group_dots(dots, a + g * INT_GROUP_BYTES, group, rows, panels, layout.group_bytes, ahead, ahead_step);
        UNROLL for (int r = 0; r < rows; r++) {
            const v16 scale = (v16)(*(const float *)(places + r * INT_ROW_BYTES + 4 * g));
            UNROLL for (int p = 0; p < panels; p++) {
                unscaled[r][p] = v_fma(v_dot_sum(dots[r][p]), scale, unscaled[r][p]);
            }
        }
    }
    UNROLL for (int p = 0; p < panels; p++) {
        const v16 scales = v_load_f16(tail[p]);
        UNROLL for (int r = 0; r < rows; r++) {
            float *sum = sums + r * SUM_STRIDE + 16 * p;
            v_store(sum, v_fma(unscaled[r][p], scales, is_first ? (v16)0.0f : v_load(sum)));
        }
    }
}

/// The sums of the formats with zero points: they stay in memory, since each unit has sums of its own in registers.
INLINE void int_tile_multiply_zeroed(const struct int_tile *t, const int rows, const int panels,
                                     const enum int_mode mode) {
    const struct int_unit layout = int_unit(mode);
    const char *unit[2] = {t->panels[0], t->panels[1]};
    const char *ahead[2] = {t->ahead[0], t->ahead[1]};
    int is_first = t->start == FROM_ZERO;
    for (int32_t u = 0; u < t->units; u++) {
        const int32_t in_block = u % (INT_BLOCK_GROUPS / layout.groups) * layout.groups;
        const char *block = t->a + u / (INT_BLOCK_GROUPS / layout.groups) * t->a_block;
        const char *a = block + in_block * INT_GROUP_BYTES, *places = block + INT_SCALES + 4 * in_block;
        if (is_first) {
            int_tile_zeroed_unit(t->sums, 1, a, places, unit, rows, panels, mode, ahead, t->ahead_step);
        } else {
            int_tile_zeroed_unit(t->sums, 0, a, places, unit, rows, panels, mode, ahead, t->ahead_step);
        }
        is_first = 0;
        if (panels == 1) {
            __builtin_prefetch(unit[0] + layout.groups * layout.group_bytes + t->ahead_step);
        }
        UNROLL for (int p = 0; p < panels; p++) {
            unit[p] += layout.bytes;
        }
    }
}

INLINE void int_tile_multiply(const struct int_tile *t, const int rows, const int panels, const enum int_mode mode) {
    if (mode == INT_W4G128 || mode == INT_W8G128) {
        int_tile_multiply_zeroed(t, rows, panels, mode);
        return;
    }
    const struct int_unit layout = int_unit(mode);
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
    for (int32_t left = t->units; left > 0; left -= INT_BLOCK_GROUPS / layout.groups, block += t->a_block) {
        const char *a = block, *places = block + INT_SCALES;
        const int32_t units = left < INT_BLOCK_GROUPS / layout.groups ? left : INT_BLOCK_GROUPS / layout.groups;
        for (int32_t u = 0; u < units; u++) {
            UNROLL for (int g = 0; g < layout.groups; g++) {
                const char *group[2];
                v16 scales[2] = {0.0f, 0.0f};
                UNROLL for (int p = 0; p < panels; p++) {
                    group[p] = unit[p] + g * layout.group_bytes;
                    if (mode != INT_W8) {
                        scales[p] = v_load_f16(unit[p] + layout.groups * layout.group_bytes + 32 * g);
                    }
                }
                int_tile_group(sums, a, places, group, scales, rows, panels, mode, ahead, ahead_step);
                a += INT_GROUP_BYTES;
                places += 4;
            }
            if (panels == 1 && mode != INT_W8) {
                __builtin_prefetch(unit[0] + layout.groups * layout.group_bytes + ahead_step);
            }
            UNROLL for (int p = 0; p < panels; p++) {
                unit[p] += layout.bytes;
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
INT_TILE_FUNCTION(int_tile_w8g128, INT_TILE_ROWS, 1, INT_W8G128)
INT_TILE_FUNCTION(int_tile_w8g128_pair, INT_PAIR_ROWS, 2, INT_W8G128)
