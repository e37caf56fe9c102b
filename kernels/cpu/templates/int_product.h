// Packed rows of bytes times panels of integers: 8 or 4 bits, with scales for groups of inputs or for outputs.
// Not of floats (float_product.h), nor what becomes of the sums (linear.h, heads.h).
//
// Tile: INT_TILE_ROWS x 1 or INT_PAIR_ROWS x 2 panels. Few rows: each panel is read once, front to back, and fetched
// ahead. Many rows: a block of two panels (9 KB; 4-bit weights are widened to the layout of w8g32 first) meets
// all tiles of rows while it is in L1.
#pragma once

#include "int_tile.h"

/// The sums of all rows for one panel.
static void stream_int_panel(const struct vlmc_product *product, int32_t panel, float *sums) {
    const struct panel_layout layout = panel_layout(product->weight.format);
    const ptrdiff_t bytes = panel_layout_bytes(layout, product->weight.inputs);
    const char *start = (const char *)product->weight.panels + panel * bytes;
    struct int_tile tile = {.a = packed_rows(product),
                            .a_block = (ptrdiff_t)product->rows * INT_ROW_BYTES,
                            .panels = {start, start},
                            .units = panel_units(layout, product->weight.inputs),
                            .ahead_step = product_tuning(product).ahead_bytes,
                            .sums = sums,
                            .start = FROM_ZERO};
    switch (product->weight.format) {
    case VLMC_FORMAT_W8:
        tile.channel_scales[0] = (const float *)(start + bytes - layout.tail_bytes);
        int_tile_w8(&tile, product->rows);
        break;
    case VLMC_FORMAT_W8G32:
        int_tile_w8g32(&tile, product->rows);
        break;
    case VLMC_FORMAT_W4G32:
        int_tile_w4g32(&tile, product->rows);
        break;
    default:
        int_tile_w4g128(&tile, product->rows);
        break;
    }
}

/// Brings `units` units of 4-bit weights to bytes: those of VLMC_FORMAT_W4G32 become units of VLMC_FORMAT_W8G32, with
/// the offset of nibbles; those of VLMC_FORMAT_W4G128 units of INT_W8G128.
static void widen_nibbles(const char *from, uint32_t format, int32_t units, char *to) {
    const struct int_unit nibbles = int_unit(format == VLMC_FORMAT_W4G32 ? INT_W4G32 : INT_W4G128);
    const struct int_unit bytes = int_unit(format == VLMC_FORMAT_W4G32 ? INT_W8G32 : INT_W8G128);
    for (int32_t unit = 0; unit < units; unit++, from += nibbles.bytes, to += bytes.bytes) {
        for (int32_t i = 0; i < 8 * nibbles.groups; i++) {
            const v16u words = int_words(from + i / 8 * nibbles.group_bytes, i % 8, nibbles.group_bytes);
            memcpy(to + 64 * i, &words, 64);
        }
        memcpy(to + bytes.groups * bytes.group_bytes, from + nibbles.groups * nibbles.group_bytes, 64);
    }
}

/// Where a block of inputs of one or two neighbouring panels lies.
struct int_block {
    const char *start[2];
    ptrdiff_t bytes; ///< in each panel
    int32_t units;
    int32_t panels;
    int is_last; ///< of its panels
};

INLINE struct int_block int_block(const struct vlmc_product *product, int32_t panel, int32_t panels, int32_t unit) {
    const struct panel_layout layout = panel_layout(product->weight.format);
    const ptrdiff_t bytes = panel_layout_bytes(layout, product->weight.inputs);
    const int32_t most = 32 * INT_BLOCK_GROUPS / layout.unit_inputs;
    const int32_t rest = panel_units(layout, product->weight.inputs) - unit;
    const char *first = (const char *)product->weight.panels + panel * bytes + (ptrdiff_t)unit * layout.unit_bytes;
    const int32_t units = rest < most ? rest : most;
    return (struct int_block){
        .start = {first, first + (panels - 1) * bytes},
        .bytes = (ptrdiff_t)units * layout.unit_bytes,
        .units = units,
        .panels = panels,
        .is_last = rest <= most,
    };
}

/// Adds one block's products to the sums of all rows, while it fetches a part of the `next` block with every tile.
static void multiply_int_block(const struct vlmc_product *product, const struct int_block *block,
                               const struct int_block *next, const char *a, enum tile_start start, float *sums,
                               struct product_scratch *scratch) {
    const uint32_t format = product->weight.format;
    const struct panel_layout layout = panel_layout(format);
    struct int_tile tile = {.panels = {block->start[0], block->start[1]}, .units = block->units, .start = start};
    for (int32_t p = 0; p < block->panels; p++) {
        if (layout.bits == 4) {
            widen_nibbles(block->start[p], format, block->units, (char *)scratch->widened[p]);
            tile.panels[p] = (const char *)scratch->widened[p];
        } else if (format == VLMC_FORMAT_W8 && block->is_last) {
            tile.channel_scales[p] = (const float *)(block->start[p] + block->bytes);
        }
    }
    const int32_t most_rows = block->panels == 2 ? INT_PAIR_ROWS : INT_TILE_ROWS;
    const int32_t tiles = (product->rows + most_rows - 1) / most_rows;
    const ptrdiff_t part = next->bytes / tiles;
    tile.ahead_step = block->panels == 2 ? part / (tile.units * layout.unit_inputs / 4) + 1
                                         : product_tuning(product).ahead_bytes;
    for (int32_t i = 0; i < tiles; i++) {
        const int32_t row = even_part(product->rows, tiles, i);
        const int32_t rows = even_part(product->rows, tiles, i + 1) - row;
        tile.a = a + (ptrdiff_t)row * INT_ROW_BYTES;
        tile.sums = sums + (ptrdiff_t)row * SUM_STRIDE;
        tile.ahead[0] = next->start[0] + i * part;
        tile.ahead[1] = next->start[1] + i * part;
        if (format == VLMC_FORMAT_W8) {
            (block->panels == 2 ? int_tile_w8_pair : int_tile_w8)(&tile, rows);
        } else if (format == VLMC_FORMAT_W4G128) {
            (block->panels == 2 ? int_tile_w8g128_pair : int_tile_w8g128)(&tile, rows);
        } else {
            (block->panels == 2 ? int_tile_w8g32_pair : int_tile_w8g32)(&tile, rows);
        }
    }
}

/// The sums of all rows for `panels` panels from `panel` on, block of inputs by block of inputs.
static void multiply_int_blocks(const struct vlmc_product *product, int32_t panel, int32_t panels,
                                struct product_scratch *scratch) {
    const int32_t units = panel_units(panel_layout(product->weight.format), product->weight.inputs);
    const int32_t most = INT_PAIR_ROWS > 1 ? 2 : 1;
    const char *a = packed_rows(product);
    struct int_block next = int_block(product, panel, panels < most ? panels : most, 0);
    for (int32_t unit = 0; unit < units;) {
        const int32_t block_units = next.units;
        for (int32_t p = 0; p < panels; p += most) {
            const struct int_block block = next;
            const int last = p + most >= panels;
            const int32_t next_p = last ? 0 : p + most;
            const int32_t count = panels - next_p < most ? panels - next_p : most;
            next = int_block(product, panel + next_p, count, last ? unit + block_units : unit);
            const enum tile_start start = unit == 0 ? FROM_ZERO : FROM_SUMS;
            multiply_int_block(product, &block, &next, a, start, scratch->sums + 16 * p, scratch);
        }
        unit += block_units;
        a += (ptrdiff_t)product->rows * INT_ROW_BYTES;
    }
}
