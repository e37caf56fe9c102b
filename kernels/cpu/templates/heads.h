// The project_heads kernel: a product whose outputs are query, key and value heads, finished head by head while its
// sums are in cache: bias, norm of queries and keys, rotary embedding, and storing in rows or pages. Not attention
// itself: attention.h reads what this writes.
#pragma once

#include "cut.h"
#include "pages.h"
#include "product.h"

/// Heads that 8 panels hold (one, if it is wider): that many are multiplied before they are finished, at most.
INLINE int32_t most_heads(const struct vlmc_project_heads *heads) {
    return heads->head_dim > 8 * 16 ? 1 : 8 * 16 / heads->head_dim;
}

INLINE int32_t head_count(const struct vlmc_project_heads *heads) {
    return heads->query_heads + heads->key_heads + heads->value_heads;
}

/// The first chunks pack. The others are ranges of whole heads; with many rows as many as are finished together, and no
/// more than leave work for all threads.
static int32_t project_heads_plan(struct vlmc_project_heads *heads, int32_t threads) {
    const int32_t total = head_count(heads);
    const struct vlmc_matrix *weight = &heads->product.weight;
    if (has_few_rows(&heads->product)) {
        const ptrdiff_t bytes = panel_layout_bytes(panel_layout(weight->format), weight->inputs);
        heads->cut = cut_for_reading(total, 1, heads->head_dim / 16 * bytes, threads, product_tuning(&heads->product));
    } else {
        const int32_t share = minimum(total / (4 * threads), most_heads(heads));
        heads->cut = (struct vlmc_cut){0, 0, share < 1 ? 1 : share};
    }
    return heads->product.rows == 0 ? 0 : plan_packing(&heads->product) + cut_chunks(&heads->cut, total);
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
            void *base = is_key ? heads->pages.keys : heads->pages.values;
            char *page = page_at(&heads->pages, base, slot / 16, number, head_dim);
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

/// Multiplies and finishes `count` heads from `first` on.
static void project_head_range(const struct vlmc_project_heads *heads, int32_t first, int32_t count,
                               struct product_scratch *scratch) {
    const int32_t head_panels = heads->head_dim / 16;
    multiply_panels(&heads->product, first * head_panels, count * head_panels, scratch);
    for (int32_t row = 0; row < heads->product.rows; row++) {
        float *sums = scratch->sums + (ptrdiff_t)row * SUM_STRIDE;
        for (int32_t head = 0; head < count; head++) {
            finish_head(heads, heads->product.first_row + row, first + head, sums + (ptrdiff_t)head * heads->head_dim);
        }
    }
}

static void project_heads(const void *arguments, int32_t chunk, void *scratch) {
    const struct vlmc_project_heads *heads = arguments;
    if (chunk < heads->product.pack_chunks) {
        pack_rows(&heads->product, chunk);
        return;
    }
    const struct range range = range_of_chunk(&heads->cut, chunk - heads->product.pack_chunks, head_count(heads));
    for (int32_t head = range.first; head < range.end; head += most_heads(heads)) {
        project_head_range(heads, head, minimum(range.end - head, most_heads(heads)), scratch);
    }
}
