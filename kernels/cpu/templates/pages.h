// How keys and values lie in a page of 16 tokens, so that a page is a panel of the products that attention makes.
// Not which page: block tables and slots come from the caller.
#pragma once

#include "../vectors/vector16.h"

/// Elements of one head's page.
INLINE ptrdiff_t page_elements(int32_t head_dim) {
    return (ptrdiff_t)VLMC_PAGE_TOKENS * head_dim;
}

INLINE ptrdiff_t page_bytes(int32_t head_dim, uint32_t format) {
    return page_elements(head_dim) * (format == VLMC_FORMAT_F32 ? 4 : 2);
}

/// The page of `head` (of `heads`) in `block`.
INLINE char *page_at(const void *base, int32_t block, int32_t head, int32_t heads, int32_t head_dim, uint32_t format) {
    return (char *)base + ((ptrdiff_t)block * heads + head) * page_bytes(head_dim, format);
}

/// Writes a token's key: f32 [dim][16 tokens], bf16 [dim / 2][16 tokens][2].
static void store_key(char *page, uint32_t format, int32_t token, int32_t head_dim, const float *key) {
    if (format == VLMC_FORMAT_F32) {
        float *to = (float *)page + token;
        for (int32_t d = 0; d < head_dim; d++) {
            to[(ptrdiff_t)d * 16] = key[d];
        }
        return;
    }
    uint16_t *to = (uint16_t *)page + 2 * token;
    for (int32_t d = 0; d < head_dim; d += 16) {
        uint16_t rounded[16];
        v_store_halves(rounded, v_round_bf16(v_load(key + d)));
        for (int32_t i = 0; i < 16; i += 2) {
            memcpy(to + (ptrdiff_t)(d + i) * 16, rounded + i, 4);
        }
    }
}

/// Writes a token's value: f32 [dim / 16][16 tokens][16], bf16 [dim / 16][8 pairs of tokens][16][2].
static void store_value(char *page, uint32_t format, int32_t token, int32_t head_dim, const float *value) {
    if (format == VLMC_FORMAT_F32) {
        float *to = (float *)page + 16 * token;
        for (int32_t d = 0; d < head_dim; d += 16) {
            v_store(to + (ptrdiff_t)d * 16, v_load(value + d));
        }
        return;
    }
    uint16_t *to = (uint16_t *)page + token / 2 * 32 + token % 2;
    for (int32_t d = 0; d < head_dim; d += 16) {
        uint16_t rounded[16];
        v_store_halves(rounded, v_round_bf16(v_load(value + d)));
        for (int32_t i = 0; i < 16; i++) {
            to[(ptrdiff_t)d * 16 + 2 * i] = rounded[i];
        }
    }
}
