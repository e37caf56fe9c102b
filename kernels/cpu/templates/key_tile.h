// Brings 64 keys and values of one head into the shape that tiles multiply: pointers to pages where they fit as they
// are, copies in scratch where not (keys in rows, bfloat16 to widen, a page that is not full).
// Not the layout of pages: pages.h.
#pragma once

#include "pages.h"
#include "product.h"

#define TILE_BLOCKS 4
#define TILE_KEYS (TILE_BLOCKS * 16)

struct key_tile {
    int32_t blocks;
    const char *keys[TILE_BLOCKS];   ///< panels: outputs are keys, inputs the head's dimensions
    const char *values[TILE_BLOCKS]; ///< head_dim / 16 panels each: outputs are dimensions, inputs keys
    float key_copies[TILE_BLOCKS][16 * VLMC_MAXIMUM_HEAD_DIM];
    float value_copies[TILE_BLOCKS][16 * VLMC_MAXIMUM_HEAD_DIM];
};

/// Zeroes the values of the tokens from `first` on: their weights are 0, but 0 times whatever lies there may be NaN.
static void clear_values(char *page, uint32_t format, int32_t first, int32_t head_dim) {
    for (int32_t d = 0; d < head_dim; d += 16) {
        if (format == VLMC_FORMAT_F32) {
            memset((float *)page + (ptrdiff_t)d * 16 + first * 16, 0, (size_t)(16 - first) * 64);
            continue;
        }
        uint16_t *values = (uint16_t *)page + (ptrdiff_t)d * 16;
        for (int32_t token = first; token < 16; token++) {
            for (int32_t i = 0; i < 16; i++) {
                values[token / 2 * 32 + 2 * i + token % 2] = 0;
            }
        }
    }
}

/// Copies up to 16 rows of keys and values to panels; missing ones become zeros.
static void copy_rows(const struct vlmc_attention *attention, int32_t head, int32_t first_row, int32_t count,
                      float *keys, float *values) {
    const ptrdiff_t stride = attention->key_value_stride;
    const ptrdiff_t place = first_row * stride + (ptrdiff_t)head * attention->head_dim;
    for (int32_t d = 0; d < attention->head_dim; d += 16) {
        v16 block[16];
        for (int32_t key = 0; key < 16; key++) {
            const ptrdiff_t at = place + key * stride + d;
            block[key] = key < count ? v_load(attention->key_rows + at) : (v16)0.0f;
            v_store(values + (ptrdiff_t)d * 16 + 16 * key,
                    key < count ? v_load(attention->value_rows + at) : (v16)0.0f);
        }
        v_transpose(block);
        for (int32_t i = 0; i < 16; i++) {
            v_store(keys + (ptrdiff_t)(d + i) * 16, block[i]);
        }
    }
}

/// Prepares `count` keys of `head` from `first_key` (a multiple of TILE_KEYS) on, for tiles of `mode`.
static void load_key_tile(const struct vlmc_attention *attention, const struct vlmc_segment *segment, int32_t head,
                          int32_t first_key, int32_t count, enum tile_mode mode, struct key_tile *tile) {
    const int32_t head_dim = attention->head_dim;
    const uint32_t format = attention->pages.format;
    tile->blocks = (count + 15) / 16;
    for (int32_t block = 0; block < tile->blocks; block++) {
        const int32_t key = first_key + 16 * block;
        const int32_t present = segment->key_count - key < 16 ? segment->key_count - key : 16;
        float *key_copy = tile->key_copies[block], *value_copy = tile->value_copies[block];
        tile->keys[block] = (const char *)key_copy;
        tile->values[block] = (const char *)value_copy;
        if (!attention->pages.keys) {
            copy_rows(attention, head, segment->key_begin + key, present, key_copy, value_copy);
            continue;
        }
        const int32_t page = segment->block_table[key / 16];
        const int32_t heads = attention->key_value_heads;
        const char *keys = page_at(attention->pages.keys, page, head, heads, head_dim, format);
        const char *values = page_at(attention->pages.values, page, head, heads, head_dim, format);
        if (format == VLMC_FORMAT_BF16 && mode == TILE_F32) {
            widen_block(keys, head_dim / 2, key_copy);
            widen_block(values, head_dim / 2, value_copy);
            clear_values((char *)value_copy, VLMC_FORMAT_F32, present, head_dim);
            continue;
        }
        tile->keys[block] = keys;
        if (present == 16) {
            tile->values[block] = values;
        } else {
            memcpy(value_copy, values, (size_t)page_bytes(head_dim, format));
            clear_values((char *)value_copy, format, present, head_dim);
        }
    }
}
