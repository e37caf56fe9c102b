// The attention kernel: softmax(scale Q K^T) V tile by tile with a running maximum and sum, so that no more scores
// exist than those of one tile. Who does what: attention_plan.h; where keys come from: key_tile.h; how ranges of keys
// are merged: attention_state.h.
//
// Tile: up to QUERY_ROWS rows times 128 keys; 14 KB of scores. All rows of a chunk meet a block of keys, which is
// converted once, while it is in L2. Keys are cut into spans of SPAN_KEYS at fixed places, each summed on its own and
// merged in order, so that a row's result is the same whether its spans ran in one chunk or in parallel.
#pragma once

#include "attention_plan.h"

struct attention_scratch {
    float part_queries[STATE_WORDS];       ///< [row][head_dim] of the whole part: floats, or bfloat16 for TILE_DOT
    float queries[QUERY_ROWS * ROW_WORDS]; ///< those of a tile
    float scores[QUERY_ROWS * ROW_WORDS];  ///< scores, then their softmax weights in the type of `queries`
    struct key_block keys;
    float span[STATE_WORDS];
    float total[STATE_WORDS];
};

/// A tile of rows and keys.
struct attention_tile {
    int32_t first_row; ///< among the part's
    int32_t rows;
    int32_t first_key;
    int32_t pages;
    int32_t first_page; ///< among the block's
    enum tile_mode mode;
    const char *next_keys;   ///< pages of the next tile, if this one is to fetch them while it multiplies
    const char *next_values;
};

/// Brings the queries of all rows of a part into the form that tiles multiply.
static void load_part_queries(const struct vlmc_attention *attention, const struct attention_part *part,
                              enum tile_mode mode, float *queries) {
    const int32_t head_dim = attention->head_dim;
    for (int32_t row = 0; row < part->rows; row++) {
        const float *from = attention->queries + query_of_row(part, row) * attention->query_stride +
                            head_of_row(part, row, head_dim);
        for (int32_t d = 0; d < head_dim; d += 16) {
            const v16 x = v_load(from + d);
            __builtin_prefetch(from + d + head_dim);
            if (mode == TILE_DOT) {
                v_store_halves((uint16_t *)queries + (ptrdiff_t)row * head_dim + d, v_round_bf16(x));
            } else {
                v_store(queries + (ptrdiff_t)row * head_dim + d, x);
            }
        }
    }
}

/// Spreads the queries of a tile's rows over the sets of the L1 cache.
static void load_tile_queries(int32_t head_dim, const struct attention_tile *tile, struct attention_scratch *scratch) {
    const ptrdiff_t bytes = (ptrdiff_t)head_dim * (tile->mode == TILE_DOT ? 2 : 4);
    for (int32_t i = 0; i < tile->rows; i++) {
        const char *from = (const char *)scratch->part_queries + (tile->first_row + i) * bytes;
        char *to = (char *)(scratch->queries + (ptrdiff_t)i * ROW_WORDS);
        for (ptrdiff_t at = 0; at < bytes; at += 32) {
            v_store_halves((uint16_t *)(to + at), v_load_halves((const uint16_t *)(from + at)));
        }
    }
}

/// Lets a register tile fetch as much as it reads, from `start + offset` on, line after line as the machine's own
/// prefetching likes it; or nothing new if `start` is NULL.
INLINE void fetch_ahead(struct tile *step, const char *start, ptrdiff_t offset, int32_t panels) {
    for (int32_t p = 0; p < panels; p++) {
        step->ahead[p] = start ? start + offset + 64 * p : step->panels[0][0];
    }
    step->ahead_step = start ? 64 * panels : 0;
}

/// scores[row][key] = query . key for all rows and keys of a tile.
static void score_keys(int32_t head_dim, const struct attention_tile *tile, struct attention_scratch *scratch) {
    const int32_t tiles = (tile->rows + TILE_ROWS - 1) / TILE_ROWS, most_rows = even_part(tile->rows, tiles, 1);
    const char *panels[1][TILE_PANELS];
    struct tile step = {.panels = panels, .segments = 1, .sums_stride = ROW_WORDS, .start = FROM_ZERO};
    step.steps = tile->mode == TILE_F32 ? head_dim : head_dim / 2;
    const ptrdiff_t page_size = step.steps * (ptrdiff_t)64;
    for (int32_t page = 0; page < tile->pages;) {
        const int32_t count = tile_panels(most_rows, tile->pages - page);
        for (int32_t p = 0; p < count; p++) {
            panels[0][p] = scratch->keys.keys[tile->first_page + page + p];
        }
        fetch_ahead(&step, tile->next_keys, page * page_size, count);
        for (int32_t i = 0; i < tiles; i++) {
            const int32_t row = even_part(tile->rows, tiles, i);
            step.a = (const char *)(scratch->queries + (ptrdiff_t)row * ROW_WORDS);
            step.sums = scratch->scores + (ptrdiff_t)row * ROW_WORDS + 16 * page;
            tile_any(&step, even_part(tile->rows, tiles, i + 1) - row, count, tile->mode);
        }
        page += count;
    }
}

/// outputs = scales * outputs + weights . values, for all rows and keys of a tile.
static void add_values(int32_t head_dim, const struct attention_tile *tile, const float *scales,
                       const struct attention_state *state, struct attention_scratch *scratch) {
    const int32_t tiles = (tile->rows + TILE_ROWS - 1) / TILE_ROWS, most_rows = even_part(tile->rows, tiles, 1);
    const ptrdiff_t panel_bytes = tile->mode == TILE_F32 ? 16 * 16 * 4 : 16 * 16 * 2;
    const char *panels[TILE_PAGES][TILE_PANELS];
    struct tile step = {.panels = panels, .segments = tile->pages, .sums_stride = head_dim, .start = FROM_SCALED_SUMS};
    step.steps = tile->mode == TILE_F32 ? 16 : 8;
    step.a_segment = tile->mode == TILE_DOT ? 32 : 64;
    for (int32_t d = 0; d < head_dim;) {
        const int32_t count = tile_panels(most_rows, (head_dim - d) / 16);
        for (int32_t page = 0; page < tile->pages; page++) {
            for (int32_t p = 0; p < count; p++) {
                panels[page][p] = scratch->keys.values[tile->first_page + page] + (d / 16 + p) * panel_bytes;
            }
        }
        fetch_ahead(&step, tile->next_values, d / 16 * panel_bytes * tile->pages, count);
        for (int32_t i = 0; i < tiles; i++) {
            const int32_t row = even_part(tile->rows, tiles, i);
            step.a = (const char *)(scratch->scores + (ptrdiff_t)row * ROW_WORDS);
            step.sums = state->outputs + (ptrdiff_t)(tile->first_row + row) * head_dim + d;
            step.scales = scales + row;
            tile_any(&step, even_part(tile->rows, tiles, i + 1) - row, count, tile->mode);
        }
        d += 16 * count;
    }
}

/// The greatest of a row's scores in a tile, where the row sees the first `visible` keys of the tile; scores of others
/// become minus infinity, and all are multiplied by the scales of their keys before.
INLINE v16 greatest_score(float *scores, int32_t pages, const int masked, int32_t visible, const float *key_scales) {
    v16 greatest = (v16)-INFINITY;
    for (int32_t page = 0; page < pages; page++) {
        v16 score = v_load(scores + 16 * page);
        if (key_scales) {
            score *= v_load(key_scales + 16 * page);
        }
        if (masked) {
            score = v_iota() < visible - 16 * page ? score : (v16)-INFINITY;
        }
        if (masked || key_scales) {
            v_store(scores + 16 * page, score);
        }
        greatest = v_max(score, greatest);
    }
    return greatest;
}

/// Raises the greatest scores of up to 16 rows to those of a tile, and writes by what earlier sums are to be scaled.
static void raise_greatest(const struct attention_part *part, const struct attention_tile *tile, int32_t first,
                           float to_exponent, float *scales, const struct attention_state *state,
                           struct attention_scratch *scratch) {
    const int32_t rows = minimum(tile->rows - first, 16);
    const float *key_scales = scratch->keys.scaled ? scratch->keys.key_scales + 16 * tile->first_page : NULL;
    v16 greatest[16];
    for (int32_t i = 0; i < 16; i++) {
        if (i >= rows) {
            greatest[i] = (v16)-INFINITY;
            continue;
        }
        float *scores = scratch->scores + (ptrdiff_t)(first + i) * ROW_WORDS;
        const int32_t visible = visible_keys(part, tile->first_row + first + i) - tile->first_key;
        const int is_whole = visible >= 16 * tile->pages;
        if (key_scales) {
            greatest[i] = greatest_score(scores, tile->pages, 1, visible, key_scales);
        } else if (is_whole) {
            greatest[i] = greatest_score(scores, tile->pages, 0, visible, NULL);
        } else {
            greatest[i] = greatest_score(scores, tile->pages, 1, visible, NULL);
        }
    }
    float *place = state->greatest + tile->first_row + first;
    const v16 before = v_load_first(place, rows);
    const v16 after = v_max(v_greatest_of_each(greatest), before);
    v_store_first(place, after, rows);
    v_store(scales + first, weight_of_score(before, reference_score(after), to_exponent));
}

/// Turns a row's scores into softmax weights relative to `reference`, as floats or as bfloat16, and returns their sum
/// added to `sum`.
INLINE v16 weigh_row(float *scores, int32_t pages, v16 reference, float to_exponent, const float *value_scales,
                     const int is_dot, v16 sum) {
    int32_t page = 0;
    for (; is_dot && page + 2 <= pages; page += 2) {
        v16 low = v_exp2_for_bf16((v_load(scores + 16 * page) - reference) * to_exponent);
        v16 high = v_exp2_for_bf16((v_load(scores + 16 * page + 16) - reference) * to_exponent);
        sum = (sum + low) + high;
        if (value_scales) {
            low *= v_load(value_scales + 16 * page);
            high *= v_load(value_scales + 16 * page + 16);
        }
        v_store(scores + 8 * page, (v16)v_round_pair_bf16(low, high));
    }
    for (; page < pages; page++) {
        const v16 x = (v_load(scores + 16 * page) - reference) * to_exponent;
        v16 weight = is_dot ? v_exp2_for_bf16(x) : v_exp2_of_nonpositive(x);
        sum += weight;
        if (value_scales) {
            weight *= v_load(value_scales + 16 * page);
        }
        if (is_dot) {
            v_store_halves((uint16_t *)scores + 16 * page, v_first_half(v_round_pair_bf16(weight, weight)));
        } else {
            v_store(scores + 16 * page, weight);
        }
    }
    return sum;
}

/// Turns a tile's scores into softmax weights relative to the new running maxima, adds them to the running sums, and
/// writes by what the outputs so far must be scaled.
static void weigh_scores(const struct attention_part *part, const struct attention_tile *tile, float to_exponent,
                         float *scales, const struct attention_state *state, struct attention_scratch *scratch) {
    for (int32_t first = 0; first < tile->rows; first += 16) {
        raise_greatest(part, tile, first, to_exponent, scales, state, scratch);
    }
    const float *value_scales = scratch->keys.value_scales + 16 * tile->first_page;
    for (int32_t i = 0; i < tile->rows; i++) {
        float *scores = scratch->scores + (ptrdiff_t)i * ROW_WORDS;
        float *sums = state->sums + 16 * (ptrdiff_t)(tile->first_row + i);
        const v16 reference = reference_score((v16)state->greatest[tile->first_row + i]);
        v16 sum = v_load(sums) * scales[i];
        if (scratch->keys.scaled) {
            sum = tile->mode == TILE_DOT ? weigh_row(scores, tile->pages, reference, to_exponent, value_scales, 1, sum)
                                         : weigh_row(scores, tile->pages, reference, to_exponent, value_scales, 0, sum);
        } else {
            sum = tile->mode == TILE_DOT ? weigh_row(scores, tile->pages, reference, to_exponent, NULL, 1, sum)
                                         : weigh_row(scores, tile->pages, reference, to_exponent, NULL, 0, sum);
        }
        v_store(sums, sum);
    }
}

/// From a score to the exponent of 2.
INLINE float exponent_factor(const struct vlmc_attention *attention) {
    return attention->scale * 1.44269504f;
}

/// Lets a tile of rows see the keys of the block that is in scratch.
static void attend_block(const struct vlmc_attention *attention, const struct attention_part *part, int32_t first_row,
                         int32_t rows, enum tile_mode mode, int fetches, const struct attention_state *state,
                         struct attention_scratch *scratch) {
    const struct key_block *block = &scratch->keys;
    const int32_t visible = visible_keys(part, first_row + rows - 1);
    const int32_t end = minimum(visible, block->first + block->count);
    struct attention_tile tile = {.first_row = first_row, .rows = rows, .mode = mode};
    if (end > block->first) {
        load_tile_queries(attention->head_dim, &tile, scratch);
    }
    float scales[QUERY_ROWS + 16];
    for (int32_t key = block->first; key < end; key += TILE_KEYS) {
        tile.first_key = key;
        tile.first_page = (key - block->first) / 16;
        tile.pages = (minimum(end - key, TILE_KEYS) + 15) / 16;
        tile.next_keys = tile.next_values = NULL;
        const int32_t next = key + TILE_KEYS, next_count = minimum(visible - next, TILE_KEYS);
        if (fetches && next_count > 0 && is_contiguous(part->segment, next, next_count)) {
            tile.next_keys = page_of_key(attention, part->segment, part->head, attention->pages.keys, next);
            tile.next_values = page_of_key(attention, part->segment, part->head, attention->pages.values, next);
        } else if (fetches && next_count > 0) {
            fetch_keys(attention, part->segment, part->head, next, next_count);
        }
        score_keys(attention->head_dim, &tile, scratch);
        weigh_scores(part, &tile, exponent_factor(attention), scales, state, scratch);
        add_values(attention->head_dim, &tile, scales, state, scratch);
    }
}

/// Leaves in `state` what the part's rows find in the keys from `first` to `end`.
static void attend_span(const struct vlmc_attention *attention, const struct attention_part *part, int32_t first,
                        int32_t end, enum tile_mode mode, const struct attention_state *state,
                        struct attention_scratch *scratch) {
    clear_state(state, part->rows, attention->head_dim);
    const int32_t step = block_keys(attention, part->rows, QUERY_ROWS, mode);
    const int32_t tiles = (part->rows + QUERY_ROWS - 1) / QUERY_ROWS;
    const int is_direct = attention->pages.keys && attention->pages.format != VLMC_PAGES_INT8 &&
                          (mode != TILE_F32 || attention->pages.format == VLMC_PAGES_F32);
    if (attention->pages.keys && tiles == 1 && first < end) {
        fetch_keys(attention, part->segment, part->head, first, minimum(end - first, TILE_KEYS));
    }
    for (int32_t key = first; key < end; key += step) {
        load_key_block(attention, part->segment, part->head, key, minimum(end - key, step), mode, &scratch->keys);
        for (int32_t i = 0; i < tiles; i++) {
            const int32_t row = even_part(part->rows, tiles, i);
            const int32_t rows = even_part(part->rows, tiles, i + 1) - row;
            attend_block(attention, part, row, rows, mode, is_direct && tiles == 1, state, scratch);
        }
    }
}

static void write_output(const struct vlmc_attention *attention, const struct attention_part *part,
                         const struct attention_state *state) {
    for (int32_t row = 0; row < part->rows; row++) {
        const float sum = v_sum(v_load(state->sums + 16 * (ptrdiff_t)row));
        const v16 factor = (v16)(sum == 0.0f ? 0.0f : 1.0f / sum);
        float *to = attention->output + query_of_row(part, row) * attention->output_stride +
                    head_of_row(part, row, attention->head_dim);
        for (int32_t d = 0; d < attention->head_dim; d += 16) {
            v_store(to + d, v_load(state->outputs + (ptrdiff_t)row * attention->head_dim + d) * factor);
        }
    }
}

/// How a call's products are made: what is bfloat16 as the machine can, widened beforehand if it meets several tiles.
INLINE enum tile_mode attention_mode(const struct vlmc_attention *attention, int32_t rows) {
    if (!attention->pages.keys) {
        return HAS_DOT && attention->row_format == VLMC_FORMAT_BF16 ? TILE_DOT : TILE_F32;
    }
    switch (attention->pages.format) {
    case VLMC_PAGES_BF16:
        return HAS_DOT ? TILE_DOT : rows <= TILE_ROWS ? TILE_WIDEN : TILE_F32;
    case VLMC_PAGES_INT8:
        return HAS_DOT ? TILE_DOT : TILE_F32;
    default:
        return TILE_F32;
    }
}

/// Lets a part's rows see the keys of all spans.
static void attend_spans(const struct vlmc_attention *attention, const struct attention_part *part, enum tile_mode mode,
                         struct attention_scratch *scratch) {
    const int32_t end = visible_keys(part, part->rows - 1);
    const struct attention_state span = state_at(scratch->span, part->rows);
    attend_span(attention, part, 0, minimum(end, SPAN_KEYS), mode, &span, scratch);
    if (end <= SPAN_KEYS) {
        write_output(attention, part, &span);
        return;
    }
    const struct attention_state total = state_at(scratch->total, part->rows);
    clear_state(&total, part->rows, attention->head_dim);
    merge_state(&total, &span, part->rows, attention->head_dim, exponent_factor(attention));
    for (int32_t first = SPAN_KEYS; first < end; first += SPAN_KEYS) {
        attend_span(attention, part, first, minimum(end, first + SPAN_KEYS), mode, &span, scratch);
        merge_state(&total, &span, part->rows, attention->head_dim, exponent_factor(attention));
    }
    write_output(attention, part, &total);
}

static void attention(const void *arguments, int32_t chunk, void *scratch) {
    const struct vlmc_attention *attention = arguments;
    struct attention_scratch *attention_scratch = scratch;
    struct attention_part part = part_of_chunk(attention, chunk);
    const enum tile_mode mode = attention_mode(attention, part.rows);
    if (attention->split) {
        const int32_t first = part.span * SPAN_KEYS;
        const int32_t end = minimum(visible_keys(&part, part.rows - 1), first + SPAN_KEYS);
        float *place = (float *)attention->partials + chunk * partial_stride(attention);
        const struct attention_state state = state_at(place, part.rows);
        load_part_queries(attention, &part, mode, attention_scratch->part_queries);
        attend_span(attention, &part, first, end, mode, &state, attention_scratch);
        return;
    }
    for (int32_t end = part.head + part.heads; part.head < end; part.head++) {
        load_part_queries(attention, &part, mode, attention_scratch->part_queries);
        attend_spans(attention, &part, mode, attention_scratch);
    }
}

/// Merges the spans of some parts of a split call.
static void attention_merge(const void *arguments, int32_t chunk, void *scratch) {
    const struct vlmc_attention *attention = arguments;
    struct attention_scratch *attention_scratch = scratch;
    const int32_t begin = even_part(attention->merge_parts, attention->merge_chunks, chunk);
    const int32_t end = even_part(attention->merge_parts, attention->merge_chunks, chunk + 1);
    const struct vlmc_segment *segment = attention->segments;
    int32_t before = 0; // parts of earlier segments
    for (int32_t index = begin; index < end; index++) {
        while (index - before >= segment_parts(attention, segment)) {
            before += segment_parts(attention, segment);
            segment++;
        }
        const int32_t local = index - before;
        const struct attention_part part = part_of_segment(attention, segment, local);
        const struct attention_state total = state_at(attention_scratch->total, part.rows);
        const int32_t spans = key_spans(segment);
        clear_state(&total, part.rows, attention->head_dim);
        for (int32_t span = 0; span < spans; span++) {
            const ptrdiff_t slot = segment->first_chunk + (ptrdiff_t)local * spans + span;
            float *place = (float *)attention->partials + slot * partial_stride(attention);
            const struct attention_state state = state_at(place, part.rows);
            merge_state(&total, &state, part.rows, attention->head_dim, exponent_factor(attention));
        }
        write_output(attention, &part, &total);
    }
}
