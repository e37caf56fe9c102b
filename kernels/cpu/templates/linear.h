// The linear kernel: a product and its epilogue (bias, activation, gate, residual), fused. Outputs are written, or only
// the greatest of a row is kept: greatest.h.
// Not the product itself: product.h. Heads with norm, rotary embedding and cache: heads.h.
#pragma once

#include "activations.h"
#include "cut.h"
#include "greatest.h"
#include "product.h"

/// Panels of a linear's matrix, gates and ups included.
INLINE int32_t linear_panels(const struct vlmc_linear *linear) {
    const int32_t panels = (linear->product.weight.outputs + 15) / 16;
    return linear->gated ? 2 * panels : panels;
}

/// Panels of a chunk that are multiplied before their outputs are finished, at most.
INLINE int32_t most_sums(const struct vlmc_linear *linear) {
    return has_few_rows(&linear->product) ? SUM_PANELS : 8;
}

/// The first chunks pack. The others are ranges of panels, an even number of them. Many rows: as many panels as sums are
/// kept for, so that A is read rarely, then pairs, so that all threads end together.
static int32_t linear_plan(struct vlmc_linear *linear, int32_t threads) {
    const int32_t panels = linear_panels(linear);
    const struct vlmc_matrix *weight = &linear->product.weight;
    if (has_few_rows(&linear->product)) {
        const ptrdiff_t bytes = panel_layout_bytes(panel_layout(weight->format), weight->inputs);
        linear->cut = cut_for_reading(panels, 2, bytes, threads, product_tuning(&linear->product));
    } else {
        const int32_t share = panels / (4 * threads) & ~1;
        const int32_t level = threads > 1 ? panels / 8 + 2 * threads : 0;
        const int32_t size = share < 2 ? 2 : minimum(share, most_sums(linear));
        linear->cut = (struct vlmc_cut){panels > level ? (panels - level) / size : 0, size, 2};
    }
    return linear->product.rows == 0 ? 0 : plan_packing(&linear->product) + cut_chunks(&linear->cut, panels);
}

/// 16 outputs of one row, made of their sums. `count` of them exist.
INLINE v16 finished_outputs(const struct vlmc_linear *linear, int32_t row, int32_t output, int32_t count,
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
    return x;
}

/// Whether a row's outputs are written, or else only the greatest of them is kept.
INLINE int is_written(const struct vlmc_linear *linear, int32_t row) {
    return !linear->greatest || row < linear->written_rows;
}

/// How many rows before they are finished what they are added to, and where they go, is fetched.
#define FETCHED_ROWS 3

/// Fetches the lines of `outputs` outputs of a row that are read and written when it is finished: rows lie far apart.
INLINE void fetch_outputs(const struct vlmc_linear *linear, int32_t row, int32_t output, int32_t outputs) {
    for (int32_t o = output; o < output + outputs; o += 16) {
        if (is_written(linear, row)) {
            __builtin_prefetch(linear->output + row * linear->output_stride + o, 1);
        }
        if (linear->residual) {
            __builtin_prefetch(linear->residual + row * linear->residual_stride + o);
        }
    }
}

/// Finishes the outputs of a row from `output` on, those of `panels` panels, and writes them or keeps the greatest.
INLINE void finish_row(const struct vlmc_linear *linear, int32_t row, int32_t output, int32_t panels,
                       const float *sums) {
    const int32_t step = linear->gated ? 2 : 1, outputs = linear->product.weight.outputs;
    struct greatest_lanes greatest = greatest_from(output);
    for (int32_t p = 0; p < panels; p += step, output += 16) {
        const int32_t count = minimum(outputs - output, 16);
        const v16 x = finished_outputs(linear, row, output, count, sums + 16 * p);
        if (is_written(linear, row)) {
            v_store_first(linear->output + row * linear->output_stride + output, x, count);
        } else {
            see_outputs(&greatest, x, output, count);
        }
    }
    if (!is_written(linear, row)) {
        raise_to_greatest(linear->greatest + row - linear->written_rows, &greatest);
    }
}

/// Multiplies and finishes `panels` panels from `first_panel` on, as many as sums are kept for.
static void linear_panel_range(const struct vlmc_linear *linear, int32_t first_panel, int32_t panels,
                               struct product_scratch *scratch) {
    multiply_panels(&linear->product, first_panel, panels, scratch);
    const int32_t step = linear->gated ? 2 : 1;
    for (int32_t r = 0; r < linear->product.rows; r++) {
        const int32_t row = linear->product.first_row + r;
        if (r + FETCHED_ROWS < linear->product.rows) {
            fetch_outputs(linear, row + FETCHED_ROWS, first_panel / step * 16, panels / step * 16);
        }
        finish_row(linear, row, first_panel / step * 16, panels, scratch->sums + (ptrdiff_t)r * SUM_STRIDE);
    }
}

static void linear(const void *arguments, int32_t chunk, void *scratch) {
    const struct vlmc_linear *linear = arguments;
    if (chunk < linear->product.pack_chunks) {
        pack_rows(&linear->product, chunk);
        return;
    }
    const int32_t panels = linear_panels(linear);
    const struct range range = range_of_chunk(&linear->cut, chunk - linear->product.pack_chunks, panels);
    for (int32_t panel = range.first; panel < range.end; panel += most_sums(linear)) {
        linear_panel_range(linear, panel, minimum(range.end - panel, most_sums(linear)), scratch);
    }
}
