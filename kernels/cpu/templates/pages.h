// How keys and values lie in a page of 16 tokens, so that a page is a panel of the products that attention makes.
// Not which page: block tables and slots come from the caller.
#pragma once

#include "../vectors/vector16.h"

/// Elements of one head's page.
INLINE ptrdiff_t page_elements(int32_t head_dim) {
    return (ptrdiff_t)VLMC_PAGE_TOKENS * head_dim;
}

/// Bytes of one head's page; the scales of VLMC_PAGES_INT8 are its last 64.
INLINE ptrdiff_t page_bytes(int32_t head_dim, uint32_t format) {
    const ptrdiff_t elements = page_elements(head_dim);
    return format == VLMC_PAGES_F32 ? 4 * elements : format == VLMC_PAGES_BF16 ? 2 * elements : elements + 64;
}

/// The page of `head` in `block`. Pages of a head lie together, so that decoding reads long runs of memory.
INLINE char *page_at(const struct vlmc_pages *pages, const void *base, int32_t block, int32_t head, int32_t head_dim) {
    return (char *)base + ((ptrdiff_t)head * pages->blocks + block) * page_bytes(head_dim, pages->format);
}

/// The scales of an int8 page's tokens.
INLINE float *page_scales(const char *page, int32_t head_dim) {
    return (float *)(page + page_elements(head_dim));
}

/// Rounds a token's numbers to 8 bits and returns their scale: the greatest magnitude / 127, or no number if one of
/// them is none or infinite, so that it shows in whatever the token takes part in.
static float quantize_token(const float *x, int32_t head_dim, int8_t *quantized) {
    v16 greatest = (v16)0.0f, poison = (v16)0.0f;
    for (int32_t d = 0; d < head_dim; d += 16) {
        const v16 value = v_load(x + d);
        greatest = v_max(v_max(value, -value), greatest);
        poison += value - value;
    }
    const float most = v_greatest(greatest);
    const v16 factor = (v16)(most > 0.0f ? 127.0f / most : 0.0f);
    for (int32_t d = 0; d < head_dim; d += 16) {
        const v16 scaled = v_max(v_min(v_load(x + d) * factor, (v16)127.0f), (v16)-127.0f); // no number becomes 127
        const v16i whole = (v16i)(scaled + 12582912.0f) - 0x4b400000; // 1.5 * 2^23: rounds to nearest
        typedef int8_t v16b __attribute__((ext_vector_type(16)));
        const v16b bytes = __builtin_convertvector(whole, v16b);
        memcpy(quantized + d, &bytes, 16);
    }
    return most / 127.0f + v_sum(poison);
}

/// Writes a token's key: f32 [dim][16 tokens], bf16 and int8 [dim / 2][16 tokens][2].
static void store_key(char *page, uint32_t format, int32_t token, int32_t head_dim, const float *key) {
    if (format == VLMC_PAGES_F32) {
        float *to = (float *)page + token;
        for (int32_t d = 0; d < head_dim; d++) {
            to[(ptrdiff_t)d * 16] = key[d];
        }
        return;
    }
    if (format == VLMC_PAGES_INT8) {
        int8_t quantized[VLMC_MAXIMUM_HEAD_DIM];
        page_scales(page, head_dim)[token] = quantize_token(key, head_dim, quantized);
        for (int32_t d = 0; d < head_dim; d += 2) {
            memcpy(page + (ptrdiff_t)d * 16 + 2 * token, quantized + d, 2);
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

/// Writes a token's value: f32 [dim / 16][16 tokens][16], bf16 and int8 [dim / 16][8 pairs of tokens][16][2].
static void store_value(char *page, uint32_t format, int32_t token, int32_t head_dim, const float *value) {
    const ptrdiff_t place = token / 2 * 32 + token % 2;
    if (format == VLMC_PAGES_F32) {
        float *to = (float *)page + 16 * token;
        for (int32_t d = 0; d < head_dim; d += 16) {
            v_store(to + (ptrdiff_t)d * 16, v_load(value + d));
        }
        return;
    }
    if (format == VLMC_PAGES_INT8) {
        int8_t quantized[VLMC_MAXIMUM_HEAD_DIM];
        page_scales(page, head_dim)[token] = quantize_token(value, head_dim, quantized);
        for (int32_t d = 0; d < head_dim; d++) {
            page[place + d / 16 * 256 + d % 16 * 2] = (char)quantized[d];
        }
        return;
    }
    uint16_t *to = (uint16_t *)page + place;
    for (int32_t d = 0; d < head_dim; d += 16) {
        uint16_t rounded[16];
        v_store_halves(rounded, v_round_bf16(v_load(value + d)));
        for (int32_t i = 0; i < 16; i++) {
            to[(ptrdiff_t)d * 16 + 2 * i] = rounded[i];
        }
    }
}
