// Packed rows times panels of floats: f32, half precision, bfloat16.
// Not of integers (int_product.h), nor what becomes of the sums (linear.h, heads.h).
//
// Tile: TILE_ROWS x 1 or PAIR_ROWS x 2 panels. Few rows: each panel is read once, front to back, and fetched
// ahead. Many rows: a block of two panels (16 KB; 32 KB where it is widened to f32) meets all tiles of rows while
// it is in L1, and a block of rows (274 KB at most) meets all panels of the chunk while it is in L2.
#pragma once

#include "packed_rows.h"
#include "product_scratch.h"

/// Bytes of a panel that meet all tiles of rows before the next ones do; packed rows are cut at multiples of them.
#define BLOCK_BYTES 8192

/// Bytes of a panel for the inputs of a block of packed rows.
INLINE ptrdiff_t packed_block_bytes(uint32_t format) {
    return (ptrdiff_t)block_inputs(format) / panel_layout(format).unit_inputs * 64;
}

/// The first row's inputs for byte `at` of a panel.
INLINE const char *packed_block(const struct vlmc_product *product, ptrdiff_t at) {
    const ptrdiff_t bytes = packed_block_bytes(product->weight.format);
    const ptrdiff_t in_block = at % bytes / 64 * tile_step_bytes(direct_mode(product->weight.format));
    return packed_rows(product) + at / bytes * product->rows * ROW_BYTES + in_block;
}

/// The sums of one tile of all rows and `panels` (1 or 2) panels, read once and fetched ahead.
static void stream_panels(const struct vlmc_product *product, int32_t panel, int32_t panels, float *sums) {
    const enum tile_mode mode = direct_mode(product->weight.format);
    const ptrdiff_t bytes = panel_layout_bytes(panel_layout(product->weight.format), product->weight.inputs);
    const char *start = (const char *)product->weight.panels + panel * bytes;
    const ptrdiff_t block_bytes = packed_block_bytes(product->weight.format);
    struct tile tile = {.segments = 1,
                        .sums = sums,
                        .sums_stride = SUM_STRIDE,
                        .start = FROM_ZERO,
                        .ahead_step = 64};
    const char *block_panels[1][TILE_PANELS];
    tile.panels = block_panels;
    // Where the end of the panel is near, fetch the beginning of the panel that this stream reads next.
    const ptrdiff_t ahead = product_tuning(product).ahead_bytes;
    const ptrdiff_t turn = bytes > ahead ? bytes - ahead : 0;
    for (ptrdiff_t at = 0; at < bytes;) {
        const ptrdiff_t block_end = (at / block_bytes + 1) * block_bytes;
        ptrdiff_t end = block_end < bytes ? block_end : bytes;
        if (at < turn && turn < end) {
            end = turn;
        }
        tile.a = packed_block(product, at);
        tile.steps = (int32_t)((end - at) / 64);
        block_panels[0][0] = start + at;
        block_panels[0][1] = start + bytes * (panels - 1) + at;
        const ptrdiff_t distance = ahead + (at < turn ? 0 : (panels - 1) * bytes);
        tile.ahead[0] = block_panels[0][0] + distance;
        tile.ahead[1] = block_panels[0][1] + distance;
        tile_any(&tile, product->rows, panels, mode);
        tile.start = FROM_SUMS;
        at = end;
    }
}

/// Widens `words` times 64 bytes of halves to f32.
static void widen_halves(const char *panel, int32_t words, float *widened) {
    for (int32_t i = 0; i < 2 * words; i++) {
        v_store(widened + 16 * (ptrdiff_t)i, v_load_f16(panel + 32 * (ptrdiff_t)i));
    }
}

/// Widens `words` times 64 bytes of bfloat16 pairs to f32.
static void widen_block(const char *panel, int32_t words, float *widened) {
    for (int32_t i = 0; i < words; i++) {
        const v16u pairs = v_load_words(panel + 64 * (ptrdiff_t)i);
        v_store(widened + 32 * (ptrdiff_t)i, v_even_bf16(pairs));
        v_store(widened + 32 * (ptrdiff_t)i + 16, v_odd_bf16(pairs));
    }
}

/// Where a block of inputs of one or two neighbouring panels lies.
struct weight_block {
    const char *start[2];
    int32_t words; ///< of 64 bytes, in each panel
    int32_t panels;
};

/// The block of a product's weights from byte `at` of panel `panel` on; empty past the end.
INLINE struct weight_block weight_block(const struct vlmc_product *product, int32_t panel, int32_t panels,
                                        ptrdiff_t at) {
    const ptrdiff_t bytes = panel_layout_bytes(panel_layout(product->weight.format), product->weight.inputs);
    const char *first = (const char *)product->weight.panels + panel * bytes + at;
    return (struct weight_block){
        .start = {first, first + (panels - 1) * bytes},
        .words = (int32_t)((bytes - at < BLOCK_BYTES ? bytes - at : BLOCK_BYTES) / 64),
        .panels = panels,
    };
}

/// Adds one block's products to the sums of all rows, while it fetches a part of the `next` block with every tile.
static void multiply_block(const struct vlmc_product *product, const struct weight_block *block,
                           const struct weight_block *next, const char *a, enum tile_start start, float *sums,
                           struct product_scratch *scratch) {
    const uint32_t format = product->weight.format;
    const enum tile_mode mode = direct_mode(format) == TILE_DOT ? TILE_DOT : TILE_F32;
    const int widen = mode == TILE_F32 && format != VLMC_FORMAT_F32;
    const char *panels[1][TILE_PANELS] = {{block->start[0], block->start[1]}};
    if (widen) {
        for (int32_t p = 0; p < block->panels; p++) {
            (format == VLMC_FORMAT_F16 ? widen_halves : widen_block)(panels[0][p], block->words, scratch->widened[p]);
            panels[0][p] = (const char *)scratch->widened[p];
        }
    }
    struct tile tile = {.panels = panels, .segments = 1, .sums_stride = SUM_STRIDE, .start = start};
    tile.steps = widen ? 2 * block->words : block->words;
    const int32_t tiles = (product->rows + TILE_ROWS - 1) / TILE_ROWS;
    const ptrdiff_t part = (ptrdiff_t)next->words * 64 / tiles;
    tile.ahead_step = (part + tile.steps - 1) / tile.steps;
    for (int32_t i = 0; i < tiles; i++) {
        const int32_t row = even_part(product->rows, tiles, i);
        tile.a = a + (ptrdiff_t)row * ROW_BYTES;
        tile.sums = sums + (ptrdiff_t)row * SUM_STRIDE;
        tile.ahead[0] = next->start[0] + i * part;
        tile.ahead[1] = next->start[1] + i * part;
        tile_any(&tile, even_part(product->rows, tiles, i + 1) - row, block->panels, mode);
    }
}

/// The sums of all rows for `panels` panels from `panel` on, block of inputs by block of inputs.
static void multiply_blocks(const struct vlmc_product *product, int32_t panel, int32_t panels,
                            struct product_scratch *scratch) {
    const ptrdiff_t bytes = panel_layout_bytes(panel_layout(product->weight.format), product->weight.inputs);
    const int32_t most = PAIR_ROWS == TILE_ROWS ? 2 : 1;
    const char *a = packed_block(product, 0);
    struct weight_block next = weight_block(product, panel, panels < most ? panels : most, 0);
    for (ptrdiff_t at = 0; at < bytes;) {
        const ptrdiff_t block_bytes = next.words * (ptrdiff_t)64;
        for (int32_t p = 0; p < panels; p += most) {
            const struct weight_block block = next;
            const int last = p + most >= panels;
            const int32_t next_p = last ? 0 : p + most;
            const int32_t count = panels - next_p < most ? panels - next_p : most;
            const ptrdiff_t next_at = last ? at + block_bytes : at;
            next = weight_block(product, panel + next_p, count, next_at);
            multiply_block(product, &block, &next, a, at == 0 ? FROM_ZERO : FROM_SUMS, scratch->sums + 16 * p, scratch);
        }
        at += block_bytes;
        a = packed_block(product, at);
    }
}
