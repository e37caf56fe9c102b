// Brings a block of keys and values of one head into the shape that tiles multiply: pointers to pages where they fit as
// they are, copies in scratch where not (keys in rows, bfloat16 or int8 to widen, a page that is not full).
// Not the layout of pages: pages.h.
//
// A block is as many keys as its copies have room for, so that all rows of a chunk meet a copy before the next is made:
// keys are converted once for some 500 rows of queries.
#pragma once

#include "pages.h"
#include "tile.h"

/// Keys of one head and one set of weights are a span, summed on its own (attention.h); blocks and tiles divide it.
#define SPAN_KEYS 1024
#define SPAN_PAGES (SPAN_KEYS / 16)
/// Pages whose scores a tile of rows has at a time.
#define TILE_PAGES 8
#define TILE_KEYS (TILE_PAGES * 16)
/// Floats of the copies of a block: TILE_KEYS of the widest heads.
#define COPY_WORDS (2 * TILE_KEYS * VLMC_MAXIMUM_HEAD_DIM)

struct key_block {
    int32_t first;                  ///< key
    int32_t count;                  ///< of keys
    const char *keys[SPAN_PAGES];   ///< panels: outputs are keys, inputs the head's dimensions
    const char *values[SPAN_PAGES]; ///< head_dim / 16 panels each: outputs are dimensions, inputs keys
    int32_t scaled;                 ///< whether scales are to be multiplied in
    float key_scales[SPAN_KEYS];
    float value_scales[SPAN_KEYS];
    float copies[COPY_WORDS];
    float last_values[16 * VLMC_MAXIMUM_HEAD_DIM]; ///< of a page that is not full
};

/// Keys of a block of an attention call. With few rows a block is one tile, which stays in L1.
INLINE int32_t block_keys(const struct vlmc_attention *attention, int32_t rows, int32_t most_rows,
                          enum tile_mode mode) {
    if (rows <= most_rows) {
        return TILE_KEYS;
    }
    const int32_t key_bytes = 2 * attention->head_dim * (mode == TILE_F32 ? 4 : 2);
    int32_t keys = SPAN_KEYS;
    while (keys * key_bytes > COPY_WORDS * 4) {
        keys /= 2;
    }
    return keys;
}

/// Zeroes the values of the tokens from `first` on: their weights are 0, but 0 times whatever lies there may be NaN.
static void clear_values(char *page, int32_t is_f32, int32_t first, int32_t head_dim) {
    for (int32_t d = 0; d < head_dim; d += 16) {
        if (is_f32) {
            memset((float *)page + (ptrdiff_t)d * 16 + first * 16, 0, (size_t)(16 - first) * 64);
            continue;
        }
        char *pairs = page + (ptrdiff_t)d * 32; // of tokens, 64 bytes each, the even one in the low halves
        const ptrdiff_t kept = (ptrdiff_t)((first + 1) / 2) * 64;
        memset(pairs + kept, 0, (size_t)(512 - kept));
        if (first % 2) {
            v_store((float *)(pairs + kept - 64), (v16)(v_load_words(pairs + kept - 64) & 0xffffu));
        }
    }
}

/// Copies up to 16 rows of keys and values to panels of floats; missing ones become zeros. Fetches what lies `ahead`
/// floats further, which need not exist.
static void copy_rows(const struct vlmc_attention *attention, const float *key_rows, const float *value_rows,
                      ptrdiff_t ahead, int32_t count, float *keys, float *values) {
    const ptrdiff_t stride = attention->key_value_stride;
    for (int32_t d = 0; d < attention->head_dim; d += 16) {
        v16 block[16];
        for (int32_t key = 0; key < 16; key++) {
            block[key] = key < count ? v_load(key_rows + key * stride + d) : (v16)0.0f;
            __builtin_prefetch(key_rows + key * stride + d + ahead);
            __builtin_prefetch(value_rows + key * stride + d + ahead);
            v_store(values + (ptrdiff_t)d * 16 + 16 * key,
                    key < count ? v_load(value_rows + key * stride + d) : (v16)0.0f);
        }
        v_transpose(block);
        for (int32_t i = 0; i < 16; i++) {
            v_store(keys + (ptrdiff_t)(d + i) * 16, block[i]);
        }
    }
}

/// As copy_rows, to panels of bfloat16.
static void round_rows(const struct vlmc_attention *attention, const float *key_rows, const float *value_rows,
                       ptrdiff_t ahead, int32_t count, float *keys, float *values) {
    const ptrdiff_t stride = attention->key_value_stride;
    const int32_t head_dim = attention->head_dim;
    for (int32_t d = 0; d < head_dim; d += 32) {
        const int32_t words = head_dim - d < 32 ? 8 : 16; // pairs of dimensions
        v16 block[16];
        for (int32_t key = 0; key < 16; key++) {
            const float *row = key_rows + key * stride + d;
            const v16 low = key < count ? v_load(row) : (v16)0.0f;
            const v16 high = key < count && words == 16 ? v_load(row + 16) : (v16)0.0f;
            block[key] = (v16)v_round_pair_bf16(low, high);
            __builtin_prefetch(row + ahead);
            __builtin_prefetch(row + ahead + 16);
        }
        v_transpose(block);
        for (int32_t i = 0; i < words; i++) {
            v_store(keys + (ptrdiff_t)(d / 2 + i) * 16, block[i]);
        }
    }
    for (int32_t key = 0; key < 16; key += 2) {
        for (int32_t d = 0; d < head_dim; d += 16) {
            const float *row = value_rows + key * stride + d;
            const v16 even = key < count ? v_load(row) : (v16)0.0f;
            const v16 odd = key + 1 < count ? v_load(row + stride) : (v16)0.0f;
            v_store(values + (ptrdiff_t)d * 8 + 8 * key, (v16)v_interleave_bf16(even, odd));
            __builtin_prefetch(row + ahead);
            __builtin_prefetch(row + ahead + stride);
        }
    }
}

/// Widens `pairs` pairs of 16 bfloat16 to f32.
static void widen_page(const char *page, int32_t pairs, float *widened) {
    for (int32_t i = 0; i < pairs; i++) {
        const v16u words = v_load_words(page + 64 * (ptrdiff_t)i);
        v_store(widened + 32 * (ptrdiff_t)i, v_even_bf16(words));
        v_store(widened + 32 * (ptrdiff_t)i + 16, v_odd_bf16(words));
    }
}

/// Widens `pairs` pairs of 16 numbers of 8 bits (an even number of pairs) to f32, or to bfloat16, exactly; fetches what
/// lies `ahead`.
INLINE void widen_int8(const char *page, const char *ahead, int32_t pairs, float *widened, const int to_f32) {
    for (int32_t i = 0; i < pairs; i += 2) {
        __builtin_prefetch(ahead + 32 * (ptrdiff_t)i);
        UNROLL for (int32_t j = i; j < i + 2; j++) {
            const v16i words = __builtin_convertvector(v_load_halves((const uint16_t *)page + 16 * (ptrdiff_t)j), v16i);
            const v16 even = __builtin_convertvector((words << 24) >> 24, v16);
            const v16 odd = __builtin_convertvector((words << 16) >> 24, v16);
            if (to_f32) {
                v_store(widened + 32 * (ptrdiff_t)j, even);
                v_store(widened + 32 * (ptrdiff_t)j + 16, odd);
            } else {
                v_store(widened + 16 * (ptrdiff_t)j, (v16)((v16u)even >> 16 | ((v16u)odd & 0xffff0000u)));
            }
        }
    }
}

/// The page of keys or values that holds `key` of `segment`, or that of its last key.
INLINE const char *page_of_key(const struct vlmc_attention *attention, const struct vlmc_segment *segment, int32_t head,
                               const void *base, int32_t key) {
    const int32_t last = segment->key_count - 1;
    const int32_t block = segment->block_table[(key < last ? key : last) / 16];
    return page_at(&attention->pages, base, block, head, attention->head_dim);
}

/// Prepares a block of keys, or of values, from int8 pages, and their scales.
static void load_int8_pages(const struct vlmc_attention *attention, const struct vlmc_segment *segment, int32_t head,
                            enum tile_mode mode, const struct key_block *block, const void *base, float *copy,
                            ptrdiff_t copy_step, float *scales) {
    const int32_t head_dim = attention->head_dim;
    for (int32_t index = 0; 16 * index < block->count; index++) {
        const int32_t key = block->first + 16 * index;
        const char *page = page_of_key(attention, segment, head, base, key);
        const char *ahead = page_of_key(attention, segment, head, base, key + TILE_KEYS / 2);
        if (mode == TILE_F32) {
            widen_int8(page, ahead, head_dim / 2, copy + index * copy_step, 1);
        } else {
            widen_int8(page, ahead, head_dim / 2, copy + index * copy_step, 0);
        }
        __builtin_prefetch(page_scales(ahead, head_dim));
        const int32_t present = segment->key_count - key; // scales of others may be no numbers
        v_store(scales + 16 * index, v_iota() < present ? v_load(page_scales(page, head_dim)) : (v16)0.0f);
    }
}

/// Prepares `count` keys of `head` from `first` (a multiple of TILE_KEYS) on, for tiles of `mode`.
static void load_key_block(const struct vlmc_attention *attention, const struct vlmc_segment *segment, int32_t head,
                           int32_t first, int32_t count, enum tile_mode mode, struct key_block *block) {
    const int32_t head_dim = attention->head_dim;
    const uint32_t format = attention->pages.format;
    const ptrdiff_t copy_words = (ptrdiff_t)head_dim * (mode == TILE_F32 ? 16 : 8);
    block->first = first;
    block->count = count;
    block->scaled = attention->pages.keys && format == VLMC_PAGES_INT8;
    for (int32_t index = 0; 16 * index < count; index++) {
        const int32_t key = first + 16 * index;
        const int32_t present = segment->key_count - key < 16 ? segment->key_count - key : 16;
        const int32_t is_direct = attention->pages.keys && (format == VLMC_PAGES_F32 || mode != TILE_F32) &&
                                  format != VLMC_PAGES_INT8;
        if (is_direct) {
            block->keys[index] = page_of_key(attention, segment, head, attention->pages.keys, key);
            block->values[index] = page_of_key(attention, segment, head, attention->pages.values, key);
            if (present < 16) {
                memcpy(block->last_values, block->values[index], (size_t)page_bytes(head_dim, format));
                clear_values((char *)block->last_values, format == VLMC_PAGES_F32, present, head_dim);
                block->values[index] = (const char *)block->last_values;
            }
            continue;
        }
        float *key_copy = block->copies + 2 * index * copy_words, *value_copy = key_copy + copy_words;
        block->keys[index] = (const char *)key_copy;
        block->values[index] = (const char *)value_copy;
        if (!attention->pages.keys) {
            const ptrdiff_t place =
                (segment->key_begin + key) * attention->key_value_stride + (ptrdiff_t)head * head_dim;
            const float *keys = attention->key_rows + place, *values = attention->value_rows + place;
            // The same rows of the next head if this chunk has several, else the page after the next.
            const ptrdiff_t ahead = attention->chunk_heads > 1 ? head_dim : 32 * attention->key_value_stride;
            (mode == TILE_F32 ? copy_rows : round_rows)(attention, keys, values, ahead, present, key_copy, value_copy);
        } else if (!block->scaled) {
            widen_page(page_of_key(attention, segment, head, attention->pages.keys, key), head_dim / 2, key_copy);
            widen_page(page_of_key(attention, segment, head, attention->pages.values, key), head_dim / 2, value_copy);
            clear_values((char *)value_copy, 1, present, head_dim);
        }
    }
    if (block->scaled) {
        load_int8_pages(attention, segment, head, mode, block, attention->pages.keys, block->copies, 2 * copy_words,
                        block->key_scales);
        load_int8_pages(attention, segment, head, mode, block, attention->pages.values, block->copies + copy_words,
                        2 * copy_words, block->value_scales);
    }
}

/// Whether the pages of `count` keys from `first` on lie one after the other.
INLINE int32_t is_contiguous(const struct vlmc_segment *segment, int32_t first, int32_t count) {
    const int32_t *blocks = segment->block_table + first / 16;
    const int32_t pages = (count + 15) / 16;
    for (int32_t i = 1; i < pages; i++) {
        if (blocks[i] != blocks[0] + i) {
            return 0;
        }
    }
    return 1;
}

/// Fetches `count` keys of pages from `first` on, all at once: where no earlier tile can do so bit by bit.
static void fetch_keys(const struct vlmc_attention *attention, const struct vlmc_segment *segment, int32_t head,
                       int32_t first, int32_t count) {
    const ptrdiff_t bytes = page_bytes(attention->head_dim, attention->pages.format);
    for (int32_t half = 0; half < 2; half++) {
        const void *base = half ? attention->pages.values : attention->pages.keys;
        for (int32_t key = first; key < first + count; key += 16) {
            const char *page = page_of_key(attention, segment, head, base, key);
            for (ptrdiff_t at = 0; at < bytes; at += 64) {
                __builtin_prefetch(page + at);
            }
        }
    }
}
