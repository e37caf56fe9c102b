// The linear kernel: a product and its epilogue (bias, activation, gate, residual), fused.
// Not the product itself: product.h. Heads with norm, rotary embedding and cache: heads.h.
#pragma once

#include "activations.h"
#include "product.h"

/// Panels of a linear's matrix, gates and ups included.
INLINE int32_t linear_panels(const struct vlmc_linear *linear) {
    const int32_t panels = (linear->product.weight.outputs + 15) / 16;
    return linear->gated ? 2 * panels : panels;
}

/// The first chunks pack. The others are ranges of panels, an even number of them: long ones at first, so that each
/// thread reads memory in order and A rarely, then pairs, so that all threads end together.
static int32_t linear_plan(struct vlmc_linear *linear, int32_t threads) {
    const int32_t panels = linear_panels(linear);
    const int32_t most = linear->product.rows <= TILE_ROWS ? SUM_PANELS : 8;
    const int32_t share = panels / (4 * threads) & ~1;
    linear->chunk_panels = share < 2 ? 2 : share < most ? share : most;
    const int32_t level = threads > 1 ? panels / 8 + 2 * threads : 0;
    linear->large_chunks = panels > level ? (panels - level) / linear->chunk_panels : 0;
    const int32_t rest = panels - linear->large_chunks * linear->chunk_panels;
    return linear->product.rows == 0 ? 0 : plan_packing(&linear->product) + linear->large_chunks + (rest + 1) / 2;
}

/// 16 outputs of one row, from their sums on. `count` of them exist.
INLINE void finish_outputs(const struct vlmc_linear *linear, int32_t row, int32_t output, int32_t count,
                           const float *sums) {
    v16 x = v_load(sums);
    if (linear->bias) {
        x += v_load_first(linear->bias + output, count);
    }
    x = v_activate(x, linear->activation);
    if (linear->gated) {
        v16 up = v_load(sums + 16);
        if (linear->up_bias) {
            up += v_load_first(linear->up_bias + output, count);
        }
        x *= up;
    }
    if (linear->residual) {
        x += v_load_first(linear->residual + row * linear->residual_stride + output, count);
    }
    v_store_first(linear->output + row * linear->output_stride + output, x, count);
}

/// How many rows before they are finished what they are added to, and where they go, is fetched.
#define FETCHED_ROWS 3

/// Fetches the lines of `outputs` outputs of a row that finish_outputs reads and writes: rows lie far apart.
INLINE void fetch_outputs(const struct vlmc_linear *linear, int32_t row, int32_t output, int32_t outputs) {
    for (int32_t o = output; o < output + outputs; o += 16) {
        __builtin_prefetch(linear->output + row * linear->output_stride + o, 1);
        if (linear->residual) {
            __builtin_prefetch(linear->residual + row * linear->residual_stride + o);
        }
    }
}

static void linear(const void *arguments, int32_t chunk, void *scratch) {
    const struct vlmc_linear *linear = arguments;
    struct product_scratch *product_scratch = scratch;
    if (chunk < linear->product.pack_chunks) {
        pack_rows(&linear->product, chunk);
        return;
    }
    chunk -= linear->product.pack_chunks;
    const int is_large = chunk < linear->large_chunks;
    const int32_t large_panels = linear->large_chunks * linear->chunk_panels;
    const int32_t first_panel =
        is_large ? chunk * linear->chunk_panels : large_panels + 2 * (chunk - linear->large_chunks);
    const int32_t rest = linear_panels(linear) - first_panel;
    const int32_t most = is_large ? linear->chunk_panels : 2;
    const int32_t panels = rest < most ? rest : most;
    multiply_panels(&linear->product, first_panel, panels, product_scratch);
    const int32_t step = linear->gated ? 2 : 1;
    for (int32_t row = 0; row < linear->product.rows; row++) {
        const float *sums = product_scratch->sums + (ptrdiff_t)row * SUM_STRIDE;
        if (row + FETCHED_ROWS < linear->product.rows) {
            const int32_t ahead = linear->product.first_row + row + FETCHED_ROWS;
            fetch_outputs(linear, ahead, first_panel / step * 16, panels / step * 16);
        }
        for (int32_t p = 0; p < panels; p += step) {
            const int32_t output = (first_panel + p) / step * 16;
            const int32_t count = linear->product.weight.outputs - output;
            finish_outputs(linear, linear->product.first_row + row, output, count < 16 ? count : 16, sums + 16 * p);
        }
    }
}
