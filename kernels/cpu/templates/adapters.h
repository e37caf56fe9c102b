// What adapters add to products: low-rank matrices, of which each row has its own or none. Two products in f32: rows times
// `down` (a kernel, before the product that it belongs to), and that times `up`, added to the product's sums.
// Not the product: product.h. Which rows have which adapter comes from the caller.
//
// Tile: as float_product.h. A chunk of the first product is a pair of panels for two tiles of rows; the second adds a few
// steps (the adapter's rank) to the chain of each sum, so that a row's bits do not depend on the rows beside it.
#pragma once

#include "packed_rows.h"
#include "product_scratch.h"

/// Inner numbers in a block: as many floats as a row of A has.
#define INNER_BLOCK 256

_Static_assert(VLMC_ADAPTER_ROW_STRIDE == ROW_WORDS, "inner numbers are the rows of tiles");

/// The inner number `index` of the product's row `row`.
INLINE float *inner_number(const struct vlmc_product *product, const struct vlmc_adapters *adapters, int32_t row,
                           int32_t index) {
    const ptrdiff_t block_row = (ptrdiff_t)(index / INNER_BLOCK) * product->rows + row;
    return adapters->inner + block_row * ROW_WORDS + index % INNER_BLOCK;
}

/// Rows and panels of a chunk of adapter_down.
#define DOWN_ROWS (2 * TILE_ROWS)
#define DOWN_PANELS 2

INLINE int32_t down_row_parts(const struct vlmc_adapter_rows *rows) {
    return (rows->rows + DOWN_ROWS - 1) / DOWN_ROWS;
}

INLINE int32_t down_chunks(const struct vlmc_adapter_rows *rows) {
    return down_row_parts(rows) * ((rows->matrix->inner + 16 * DOWN_PANELS - 1) / (16 * DOWN_PANELS));
}

/// The first chunks pack; the others are pairs of panels for parts of rows that have one adapter.
static int32_t adapter_down_plan(struct vlmc_adapter_down *down, int32_t threads) {
    (void)threads;
    int32_t chunks = plan_packing(&down->product);
    for (int32_t i = 0; i < down->adapters.count; i++) {
        down->adapters.rows[i].first_chunk = chunks;
        chunks += down_chunks(&down->adapters.rows[i]);
    }
    return chunks;
}

/// The rows that a chunk works on.
INLINE const struct vlmc_adapter_rows *rows_of_chunk(const struct vlmc_adapters *adapters, int32_t chunk) {
    int32_t low = 0, high = adapters->count;
    while (high - low > 1) {
        const int32_t middle = (low + high) / 2;
        if (adapters->rows[middle].first_chunk <= chunk) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return &adapters->rows[low];
}

/// sums[row] = packed rows from `first` on times `panels` panels of `down`, `rows` of them.
static void multiply_down(const struct vlmc_product *product, const char *down, int32_t panels, int32_t first,
                          int32_t rows, float *sums) {
    const int32_t inputs = product->weight.inputs;
    const int32_t most = panels == 1 || PAIR_ROWS == TILE_ROWS ? TILE_ROWS : PAIR_ROWS;
    for (int32_t input = 0; input < inputs; input += INNER_BLOCK) {
        const char *a = packed_rows(product) + ((ptrdiff_t)(input / INNER_BLOCK) * product->rows + first) * ROW_BYTES;
        const char *block[1][TILE_PANELS] = {{down + (ptrdiff_t)input * 64, down + (inputs + (ptrdiff_t)input) * 64}};
        struct tile tile = {.panels = block,
                            .segments = 1,
                            .steps = minimum(inputs - input, INNER_BLOCK),
                            .ahead_step = 64,
                            .sums_stride = SUM_STRIDE,
                            .start = input == 0 ? FROM_ZERO : FROM_SUMS};
        for (int32_t row = 0; row < rows; row += most) {
            tile.a = a + (ptrdiff_t)row * ROW_BYTES;
            tile.sums = sums + (ptrdiff_t)row * SUM_STRIDE;
            tile.ahead[0] = block[0][0] + 4096;
            tile.ahead[1] = block[0][1] + 4096;
            tile_any(&tile, minimum(rows - row, most), panels, TILE_F32);
        }
    }
}

static void adapter_down(const void *arguments, int32_t chunk, void *scratch) {
    const struct vlmc_adapter_down *down = arguments;
    const struct vlmc_product *product = &down->product;
    if (chunk < product->pack_chunks) {
        pack_rows(product, chunk);
        return;
    }
    const struct vlmc_adapter_rows *rows = rows_of_chunk(&down->adapters, chunk);
    const int32_t parts = down_row_parts(rows), part = (chunk - rows->first_chunk) % parts;
    const int32_t panel = (chunk - rows->first_chunk) / parts * DOWN_PANELS;
    const int32_t panels = minimum((rows->matrix->inner + 15) / 16 - panel, DOWN_PANELS);
    const int32_t first = rows->first + part * DOWN_ROWS, count = minimum(rows->rows - part * DOWN_ROWS, DOWN_ROWS);
    float *sums = ((struct product_scratch *)scratch)->sums;
    await_packed_rows(product);
    const char *start = (const char *)rows->matrix->down + (ptrdiff_t)panel * product->weight.inputs * 64;
    multiply_down(product, start, panels, first, count, sums);
    for (int32_t row = 0; row < count; row++) {
        for (int32_t p = 0; p < panels; p++) {
            const v16 inner = v_load(sums + (ptrdiff_t)row * SUM_STRIDE + 16 * p);
            v_store(inner_number(product, &down->adapters, first + row, 16 * (panel + p)), inner);
        }
    }
}

/// Adds to the sums of `rows` for one panel what their adapter adds to it.
static void add_adapter_panel(const struct vlmc_product *product, const struct vlmc_adapter_rows *rows,
                              const struct vlmc_adapter_panel *up, float *sums) {
    for (int32_t done = 0; done < up->count;) {
        const int32_t index = up->first + done;
        const int32_t steps = minimum(up->count - done, INNER_BLOCK - index % INNER_BLOCK);
        const char *panel[1][TILE_PANELS] = {{(const char *)(up->weights + 16 * (ptrdiff_t)done)}};
        struct tile tile = {.panels = panel,
                            .segments = 1,
                            .steps = steps,
                            .ahead = {panel[0][0]},
                            .ahead_step = 64,
                            .sums_stride = SUM_STRIDE,
                            .start = FROM_SUMS};
        for (int32_t row = rows->first; row < rows->first + rows->rows; row += TILE_ROWS) {
            tile.a = (const char *)inner_number(product, product->adapters, row, index);
            tile.sums = sums + (ptrdiff_t)row * SUM_STRIDE;
            tile_any(&tile, minimum(rows->first + rows->rows - row, TILE_ROWS), 1, TILE_F32);
        }
        done += steps;
    }
}

/// Adds to the sums of panels from `first_panel` on what the adapters of the rows add to them.
static void add_adapters(const struct vlmc_product *product, int32_t first_panel, int32_t panels, float *sums) {
    const struct vlmc_adapters *adapters = product->adapters;
    for (int32_t i = 0; i < adapters->count; i++) {
        const struct vlmc_adapter_rows *rows = &adapters->rows[i];
        for (int32_t p = 0; p < panels; p++) {
            add_adapter_panel(product, rows, &rows->matrix->up[first_panel + p], sums + 16 * p);
        }
    }
}
