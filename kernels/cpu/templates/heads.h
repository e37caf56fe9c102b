// The project_heads kernel: a product whose outputs are query, key and value heads, finished head by head while its
// sums are in cache: bias, norm of queries and keys, rotary embedding, and storing in rows or pages. Not attention
// itself: attention.h reads what this writes.
#pragma once

#include "pages.h"
#include "product.h"

/// The first chunks pack. The others are whole heads, as many as 8 panels hold (one, if it is wider) and no more than leave
/// work for all threads.
static int32_t project_heads_plan(struct vlmc_project_heads *heads, int32_t threads) {
    const int32_t total = heads->query_heads + heads->key_heads + heads->value_heads;
    const int32_t fitting = 8 * 16 / heads->head_dim;
    const int32_t share = total / (4 * threads);
    const int32_t most = share < fitting ? share : fitting;
    heads->chunk_heads = most < 1 ? 1 : most;
    const int32_t chunks = (total + heads->chunk_heads - 1) / heads->chunk_heads;
    return heads->product.rows == 0 ? 0 : plan_packing(&heads->product) + chunks;
}

/// Rotates the pairs (d, d + rotary_dim / 2) of a head.
INLINE void rotate_head(float *head, int32_t rotary_dim, const float *cosines, const float *sines) {
    const int32_t half = rotary_dim / 2;
    for (int32_t d = 0; d < half; d += 16) {
        const int32_t count = half - d;
        const v16 c = v_load_first(cosines + d, count), s = v_load_first(sines + d, count);
        const v16 x = v_load_first(head + d, count), y = v_load_first(head + half + d, count);
        v_store_first(head + d, x * c - y * s, count);
        v_store_first(head + half + d, y * c + x * s, count);
    }
}

/// Finishes `head` (numbered queries, keys, values) of `row` and stores it. `x` holds its sums and is overwritten.
static void finish_head(const struct vlmc_project_heads *heads, int32_t row, int32_t head, float *x) {
    const int32_t head_dim = heads->head_dim;
    const int32_t first_value = heads->query_heads + heads->key_heads;
    if (heads->bias) {
        for (int32_t d = 0; d < head_dim; d += 16) {
            v_store(x + d, v_load(x + d) + v_load(heads->bias + (ptrdiff_t)head * head_dim + d));
        }
    }
    if (head < first_value) {
        const struct vlmc_norm *norm = head < heads->query_heads ? &heads->query_norm : &heads->key_norm;
        const struct row_statistics statistics = row_statistics(x, head_dim, norm);
        for (int32_t d = 0; d < head_dim; d += 16) {
            v_store(x + d, normalised(x, d, head_dim, norm, statistics));
        }
        if (heads->rotary) {
            const float *cosines = heads->rotary + (ptrdiff_t)row * heads->rotary_dim;
            rotate_head(x, heads->rotary_dim, cosines, cosines + heads->rotary_dim / 2);
        }
    }
    float *to;
    if (head < heads->query_heads) {
        to = heads->queries + row * heads->query_stride + (ptrdiff_t)head * head_dim;
    } else {
        const int is_key = head < first_value;
        const int32_t number = head - (is_key ? heads->query_heads : first_value);
        if (heads->pages.keys) {
            const int32_t slot = heads->slots[row];
            const int32_t count = is_key ? heads->key_heads : heads->value_heads;
            void *base = is_key ? heads->pages.keys : heads->pages.values;
            char *page = page_at(base, slot / 16, number, count, head_dim, heads->pages.format);
            (is_key ? store_key : store_value)(page, heads->pages.format, slot % 16, head_dim, x);
            return;
        }
        to = (is_key ? heads->key_rows : heads->value_rows) + row * heads->key_value_stride +
             (ptrdiff_t)number * head_dim;
    }
    for (int32_t d = 0; d < head_dim; d += 16) {
        v_store(to + d, v_load(x + d));
    }
}

static void project_heads(const void *arguments, int32_t chunk, void *scratch) {
    const struct vlmc_project_heads *heads = arguments;
    struct product_scratch *product_scratch = scratch;
    if (chunk < heads->product.pack_chunks) {
        pack_rows(&heads->product, chunk);
        return;
    }
    chunk -= heads->product.pack_chunks;
    const int32_t total = heads->query_heads + heads->key_heads + heads->value_heads;
    const int32_t first = chunk * heads->chunk_heads;
    const int32_t count = total - first < heads->chunk_heads ? total - first : heads->chunk_heads;
    const int32_t head_panels = heads->head_dim / 16;
    multiply_panels(&heads->product, first * head_panels, count * head_panels, product_scratch);
    for (int32_t row = 0; row < heads->product.rows; row++) {
        float *sums = product_scratch->sums + (ptrdiff_t)row * SUM_STRIDE;
        for (int32_t head = 0; head < count; head++) {
            finish_head(heads, heads->product.first_row + row, first + head, sums + (ptrdiff_t)head * heads->head_dim);
        }
    }
}
