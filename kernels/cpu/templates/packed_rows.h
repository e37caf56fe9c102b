// The rows of a product, normalised and stored once for all panels: floats, bfloat16, or bytes with a scale for 32.
// Not the products: float_product.h and int_product.h.
//
// Layout: [block of inputs][row]. A block of floats is 256 words: 256 floats, or 512 bfloat16 where the machine
// multiplies those. A block of integers is 256 inputs: their values (vectors/dot_bytes.h), 8 scales, 8 corrections.
#pragma once

#include "../tuning.h"
#include "../vectors/dot_bytes.h"
#include "activations.h"
#include "cpu_threads.h"
#include "norm.h"
#include "product_scratch.h"
#include "tile.h"

#define INT_BLOCK_GROUPS 8
#define INT_GROUP_BYTES (32 * DOT_VALUE_BYTES)
#define INT_SCALES (INT_BLOCK_GROUPS * INT_GROUP_BYTES)
#define INT_CORRECTIONS (INT_SCALES + 4 * INT_BLOCK_GROUPS)
/// From a row to the next: not a multiple of a page, so that rows spread over the sets of the L1 cache.
#define INT_ROW_BYTES (INT_CORRECTIONS + 4 * INT_BLOCK_GROUPS + (DOT_VALUE_BYTES == 4 ? 0 : 64))

_Static_assert(INT_ROW_BYTES <= ROW_BYTES, "vlmc_packed_input_bytes counts ROW_BYTES for 256 inputs of a row");

/// At the head of `packed`: how many chunks of the call have packed their rows, and who sleeps until all have.
struct pack_gate {
    uint32_t done;
    uint32_t sleepers;
};
#define GATE_BYTES 128

INLINE char *packed_rows(const struct vlmc_product *product) {
    return (char *)product->packed + GATE_BYTES;
}

INLINE enum tile_mode direct_mode(uint32_t format) {
    switch (format) {
    case VLMC_FORMAT_F32:
        return TILE_F32;
    case VLMC_FORMAT_F16:
        return TILE_HALF;
    default:
        return HAS_DOT ? TILE_DOT : TILE_WIDEN;
    }
}

/// Inputs in a block of packed rows of floats.
INLINE int32_t block_inputs(uint32_t format) {
    return direct_mode(format) == TILE_DOT ? 512 : 256;
}

/// Groups of 32 inputs in all units of a panel.
INLINE int32_t int_groups(const struct vlmc_matrix *matrix) {
    const struct panel_layout layout = panel_layout(matrix->format);
    return panel_units(layout, matrix->inputs) * (layout.unit_inputs / 32);
}

/// Rows that a chunk packs: enough to be worth a chunk, the same for any number of threads.
INLINE int32_t pack_chunk_rows(const struct vlmc_product *product) {
    const int32_t rows = 32768 / (product->weight.inputs + 1) + 1;
    return rows < product->rows ? rows : product->rows;
}

/// Plans the packing of a product's rows, and returns the chunks that it takes.
static int32_t plan_packing(struct vlmc_product *product) {
    const int32_t rows = pack_chunk_rows(product);
    product->pack_chunks = rows == 0 ? 0 : (product->rows + rows - 1) / rows;
    *(struct pack_gate *)product->packed = (struct pack_gate){0, 0};
    return product->pack_chunks;
}

static void pack_float_row(const struct vlmc_product *product, const float *from, int32_t row) {
    const int32_t inputs = product->weight.inputs;
    const int32_t block = block_inputs(product->weight.format);
    const struct row_statistics statistics = row_statistics(from, inputs, &product->norm);
    for (int32_t first = 0; first < inputs; first += block) {
        char *to = packed_rows(product) + ((ptrdiff_t)(first / block) * product->rows + row) * ROW_BYTES;
        const int32_t last = first + block < inputs ? first + block : inputs;
        for (int32_t i = first; i < last; i += 16) {
            const v16 x = normalised(from, i, inputs, &product->norm, statistics);
            if (block == 512) {
                v_store_halves((uint16_t *)to + (i - first), v_round_bf16(x));
            } else {
                v_store((float *)to + (i - first), x);
            }
        }
    }
}

/// Rounds 32 inputs to multiples of 1/127 of the greatest magnitude among them, and returns the sum of the values. The
/// scale is NaN if one of them is not finite, and 0 if all are below 1e-30.
INLINE int32_t pack_int_group(v16 x[2], int32_t group, char *to) {
    const v16i magnitudes = __builtin_elementwise_max((v16i)x[0] & 0x7fffffff, (v16i)x[1] & 0x7fffffff);
    const union {
        int32_t bits;
        float value;
    } greatest = {.bits = __builtin_reduce_max(magnitudes)};
    const int is_finite = greatest.bits < 0x7f800000;
    const int is_zero = is_finite && greatest.value < 1e-30f;
    const float inverse = is_zero ? 0.0f : 127.0f / greatest.value;
    const float scale = is_zero ? 0.0f : is_finite ? greatest.value / 127.0f : NAN;
    v16i sum = 0;
    UNROLL for (int i = 0; i < 2; i++) {
        const v16 scaled = is_finite ? x[i] * inverse : (v16)0.0f;
        const v16 shifted = scaled + ROUNDING_CONSTANT;
        const v16i rounded = (v16i)shifted - (v16i)(v16)ROUNDING_CONSTANT;
        v_store_dot_values(to + group * INT_GROUP_BYTES + i * 16 * DOT_VALUE_BYTES, rounded);
        sum += rounded;
    }
    memcpy(to + INT_SCALES + 4 * group, &scale, 4);
    return __builtin_reduce_add(sum);
}

/// Writes what takes the offsets of a row's weights out of its products, for a group whose values have this `sum`: for
/// each group that times -offset, as dot products begin with; with zero points, for each unit the sum of its inputs
/// times -1, from all groups so far, as zero points are multiplied by.
INLINE void pack_correction(struct panel_layout layout, int32_t group, int32_t sum, char *to) {
    char *place = to + INT_CORRECTIONS + 4 * group;
    if (layout.group <= 32) {
        const __typeof__((vdot){0}[0]) correction = (__typeof__((vdot){0}[0]))(-layout.offset * sum);
        memcpy(place, &correction, 4);
        return;
    }
    float scale, total = 0.0f;
    const int32_t in_unit = group % (layout.group / 32);
    memcpy(&scale, to + INT_SCALES + 4 * group, 4);
    place -= 4 * in_unit;
    if (in_unit > 0) {
        memcpy(&total, place, 4);
    }
    total -= scale * (float)sum;
    memcpy(place, &total, 4);
}

static void pack_int_row(const struct vlmc_product *product, const float *from, int32_t row) {
    const int32_t inputs = product->weight.inputs;
    const struct panel_layout layout = panel_layout(product->weight.format);
    const int32_t groups = int_groups(&product->weight);
    const struct row_statistics statistics = row_statistics(from, inputs, &product->norm);
    for (int32_t group = 0; group < groups; group++) {
        const ptrdiff_t block = group / INT_BLOCK_GROUPS;
        char *to = packed_rows(product) + (block * product->rows + row) * INT_ROW_BYTES;
        v16 x[2] = {0.0f, 0.0f};
        for (int i = 0; i < 2; i++) {
            const int32_t first = 32 * group + 16 * i;
            if (first < inputs) {
                x[i] = normalised(from, first, inputs, &product->norm, statistics);
            }
        }
        pack_correction(layout, group % INT_BLOCK_GROUPS, pack_int_group(x, group % INT_BLOCK_GROUPS, to), to);
    }
}

/// Packs the rows of chunk `chunk` of the call, and lets those know who wait.
static void pack_rows(const struct vlmc_product *product, int32_t chunk) {
    const int is_integer = panel_layout(product->weight.format).bits != 0;
    const int32_t chunk_rows = pack_chunk_rows(product);
    const int32_t first = chunk * chunk_rows;
    const int32_t end = product->rows - first < chunk_rows ? product->rows : first + chunk_rows;
    for (int32_t row = first; row < end; row++) {
        const float *from = product->input + (product->first_row + row) * product->input_stride;
        (is_integer ? pack_int_row : pack_float_row)(product, from, row);
    }
    struct pack_gate *gate = product->packed;
    const uint32_t done = __atomic_add_fetch(&gate->done, 1, __ATOMIC_SEQ_CST);
    if (done == (uint32_t)product->pack_chunks && __atomic_load_n(&gate->sleepers, __ATOMIC_SEQ_CST)) {
        vlmc_wake(&gate->done, INT32_MAX);
    }
}

/// Waits until all rows are packed: spins for as long as that may take, then sleeps.
static void await_packed_rows(const struct vlmc_product *product) {
    struct pack_gate *gate = product->packed;
    const uint32_t chunks = (uint32_t)product->pack_chunks;
    for (int spins = 0; spins < 2000; spins++) {
        if (__atomic_load_n(&gate->done, __ATOMIC_ACQUIRE) == chunks) {
            return;
        }
        vlmc_pause();
    }
    for (;;) {
        const uint32_t done = __atomic_load_n(&gate->done, __ATOMIC_SEQ_CST);
        if (done == chunks) {
            return;
        }
        __atomic_add_fetch(&gate->sleepers, 1, __ATOMIC_SEQ_CST);
        vlmc_wait(&gate->done, done);
        __atomic_sub_fetch(&gate->sleepers, 1, __ATOMIC_SEQ_CST);
    }
}

/// Fetches the beginning of a panel, so that it is there when the rows are; of floats, which are read two panels at a
/// time, as much as both are fetched ahead.
INLINE void fetch_panel(const struct vlmc_product *product, int32_t panel) {
    const ptrdiff_t bytes = panel_layout_bytes(panel_layout(product->weight.format), product->weight.inputs);
    const char *start = (const char *)product->weight.panels + panel * bytes;
    const int32_t panels = panel_layout(product->weight.format).bits == 0 ? 2 : 1;
    const ptrdiff_t ahead = (ptrdiff_t)panels * product_tuning(product).ahead_bytes;
    for (ptrdiff_t at = 0; at < ahead && at < bytes; at += 64) {
        __builtin_prefetch(start + at);
    }
}
