// The attention kernel: softmax(scale Q K^T) V tile by tile with a running maximum and sum, so that no more scores
// exist than those of one tile. Where keys come from: key_tile.h; how ranges of keys are merged: attention_state.h.
//
// Tile: up to QUERY_ROWS rows (a row is one query of one head; the heads that share keys are rows side by side) times
// 64 keys; 14 KB of scores. Keys are cut into spans of SPAN_KEYS at fixed places, each summed on its own and merged in
// order, so that a row's result is the same whether its spans ran in one chunk or in parallel.
#pragma once

#include "attention_state.h"
#include "key_tile.h"

#define SPAN_KEYS 1024

struct attention_scratch {
    float queries[QUERY_ROWS * ROW_WORDS]; ///< floats, or bfloat16 for TILE_DOT
    float scores[QUERY_ROWS * ROW_WORDS];  ///< scores, then their softmax weights in the type of `queries`
    struct attention_state span;
    struct attention_state total;
    struct key_tile keys;
};

/// The part of an attention call that a chunk does.
struct attention_part {
    const struct vlmc_segment *segment;
    int32_t head;      ///< key-value head
    int32_t group;     ///< query heads that share it
    int32_t first_row; ///< first of `rows` among the segment's query_count * group rows
    int32_t rows;
    int32_t span; ///< of split calls
    uint32_t causal;
};

INLINE int32_t minimum(int32_t a, int32_t b) {
    return a < b ? a : b;
}

/// Tiles of query rows in a segment.
INLINE int32_t query_tiles(const struct vlmc_attention *attention, const struct vlmc_segment *segment) {
    const int32_t group = attention->query_heads / attention->key_value_heads;
    return (segment->query_count * group + QUERY_ROWS - 1) / QUERY_ROWS;
}

/// Spans of keys in a segment; one without keys has an empty one, which zeroes its output.
INLINE int32_t key_spans(const struct vlmc_segment *segment) {
    return segment->key_count <= SPAN_KEYS ? 1 : (segment->key_count + SPAN_KEYS - 1) / SPAN_KEYS;
}

/// Without a split a chunk is one tile of queries of one head and all its keys; a split gives every span of keys to a
/// chunk of its own, where there would be too little work for the threads otherwise.
static int32_t attention_plan(struct vlmc_attention *attention, int32_t threads) {
    int32_t whole = 0, spans = 0, most_rows = 0;
    for (int32_t i = 0; i < attention->segment_count; i++) {
        const struct vlmc_segment *segment = &attention->segments[i];
        const int32_t tiles = attention->key_value_heads * query_tiles(attention, segment);
        const int32_t rows = segment->query_count * (attention->query_heads / attention->key_value_heads);
        whole += tiles;
        spans += tiles * key_spans(segment);
        most_rows = most_rows > rows ? most_rows : rows;
    }
    const size_t partial = partial_floats(minimum(most_rows, QUERY_ROWS), attention->head_dim) * sizeof(float);
    attention->split =
        threads > 1 && whole < 4 * threads && spans > whole && (size_t)spans <= attention->partial_bytes / partial;
    attention->merge_chunks = attention->split ? whole : 0;
    int32_t chunks = 0;
    for (int32_t i = 0; i < attention->segment_count; i++) {
        struct vlmc_segment *segment = &attention->segments[i];
        segment->first_chunk = chunks;
        const int32_t tiles = attention->key_value_heads * query_tiles(attention, segment);
        chunks += attention->split ? tiles * key_spans(segment) : tiles;
    }
    return chunks;
}

/// The part at `index` of a segment's tiles: all tiles of the first head, the last queries first (they see most keys).
static struct attention_part tile_part(const struct vlmc_attention *attention, const struct vlmc_segment *segment,
                                       int32_t index) {
    const int32_t tiles = query_tiles(attention, segment);
    struct attention_part part = {.segment = segment, .head = index / tiles, .causal = attention->causal};
    part.group = attention->query_heads / attention->key_value_heads;
    const int32_t rows = segment->query_count * part.group;
    const int32_t tile = tiles - 1 - index % tiles;
    part.first_row = even_part(rows, tiles, tile);
    part.rows = even_part(rows, tiles, tile + 1) - part.first_row;
    return part;
}

static struct attention_part part_of_chunk(const struct vlmc_attention *attention, int32_t chunk) {
    int32_t low = 0, high = attention->segment_count - 1;
    while (low < high) { // the last segment that begins at or before the chunk
        const int32_t middle = (low + high + 1) / 2;
        if (attention->segments[middle].first_chunk <= chunk) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    const struct vlmc_segment *segment = &attention->segments[low];
    const int32_t local = chunk - segment->first_chunk;
    const int32_t spans = attention->split ? key_spans(segment) : 1;
    struct attention_part part = tile_part(attention, segment, local / spans);
    part.span = local % spans;
    return part;
}

/// Where a part's row lies in `queries` and `output`, without the stride.
INLINE int32_t query_of_row(const struct attention_part *part, int32_t row) {
    return part->segment->query_begin + (part->first_row + row) / part->group;
}

INLINE ptrdiff_t head_of_row(const struct attention_part *part, int32_t row, int32_t head_dim) {
    return (ptrdiff_t)(part->head * part->group + (part->first_row + row) % part->group) * head_dim;
}

/// Keys that a row sees, from the first on.
INLINE int32_t visible_keys(const struct attention_part *part, int32_t row) {
    const struct vlmc_segment *segment = part->segment;
    const int32_t causal_count = segment->first_query_index + (part->first_row + row) / part->group + 1;
    return part->causal ? minimum(segment->key_count, causal_count) : segment->key_count;
}

static void load_queries(const struct vlmc_attention *attention, const struct attention_part *part, enum tile_mode mode,
                         float *queries) {
    for (int32_t row = 0; row < part->rows; row++) {
        const float *from = attention->queries + query_of_row(part, row) * attention->query_stride +
                            head_of_row(part, row, attention->head_dim);
        float *to = queries + (ptrdiff_t)row * ROW_WORDS;
        for (int32_t d = 0; d < attention->head_dim; d += 16) {
            if (mode == TILE_DOT) {
                v_store_halves((uint16_t *)to + d, v_round_bf16(v_load(from + d)));
            } else {
                v_store(to + d, v_load(from + d));
            }
        }
    }
}

/// scores[row][key] = query . key for all rows and the tile's keys.
static void score_keys(int32_t rows, int32_t head_dim, enum tile_mode mode, struct attention_scratch *scratch) {
    const int32_t tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
    const int32_t most_panels = PAIR_ROWS == TILE_ROWS || rows <= PAIR_ROWS ? 2 : 1;
    const char *panels[1][2];
    struct tile tile = {.panels = panels, .segments = 1, .sums_stride = ROW_WORDS, .start = FROM_ZERO};
    tile.steps = mode == TILE_F32 ? head_dim : head_dim / 2;
    for (int32_t block = 0; block < scratch->keys.blocks;) {
        const int32_t count = minimum(most_panels, scratch->keys.blocks - block);
        panels[0][0] = scratch->keys.keys[block];
        panels[0][1] = scratch->keys.keys[block + count - 1];
        tile.ahead[0] = panels[0][0];
        tile.ahead[1] = panels[0][1];
        for (int32_t i = 0; i < tiles; i++) {
            const int32_t row = even_part(rows, tiles, i);
            tile.a = (const char *)(scratch->queries + (ptrdiff_t)row * ROW_WORDS);
            tile.sums = scratch->scores + (ptrdiff_t)row * ROW_WORDS + 16 * block;
            tile_any(&tile, even_part(rows, tiles, i + 1) - row, count, mode);
        }
        block += count;
    }
}

/// outputs = scales * outputs + weights . values, for all rows and the tile's keys.
static void add_values(int32_t rows, int32_t head_dim, enum tile_mode mode, enum tile_start start, const float *scales,
                       struct attention_scratch *scratch) {
    const int32_t tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
    const int32_t most_panels = PAIR_ROWS == TILE_ROWS || rows <= PAIR_ROWS ? 2 : 1;
    const ptrdiff_t dims_bytes = mode == TILE_F32 ? 16 * 16 * 4 : 16 * 16 * 2;
    const char *panels[TILE_BLOCKS][2];
    struct tile tile = {.panels = panels, .segments = scratch->keys.blocks, .sums_stride = ROW_WORDS, .start = start};
    tile.steps = mode == TILE_F32 ? 16 : 8;
    tile.a_segment = mode == TILE_DOT ? 32 : 64;
    for (int32_t d = 0; d < head_dim;) {
        const int32_t count = minimum(most_panels, (head_dim - d) / 16);
        for (int32_t block = 0; block < scratch->keys.blocks; block++) {
            panels[block][0] = scratch->keys.values[block] + d / 16 * dims_bytes;
            panels[block][1] = panels[block][0] + (count - 1) * dims_bytes;
        }
        tile.ahead[0] = panels[0][0];
        tile.ahead[1] = panels[0][1];
        for (int32_t i = 0; i < tiles; i++) {
            const int32_t row = even_part(rows, tiles, i);
            tile.a = (const char *)(scratch->scores + (ptrdiff_t)row * ROW_WORDS);
            tile.sums = scratch->span.outputs + (ptrdiff_t)row * ROW_WORDS + d;
            tile.scales = scales + row;
            tile_any(&tile, even_part(rows, tiles, i + 1) - row, count, mode);
        }
        d += 16 * count;
    }
}

/// Turns a tile's scores into softmax weights relative to the new running maxima, adds them to the running sums, and
/// writes by what the outputs so far must be scaled.
static void weigh_scores(const struct attention_part *part, int32_t first_key, float to_exponent, enum tile_mode mode,
                         float *scales, struct attention_scratch *scratch) {
    const int32_t blocks = scratch->keys.blocks;
    struct attention_state *state = &scratch->span;
    float tile_greatest[QUERY_ROWS + 16];
    for (int32_t row = 0; row < part->rows; row++) {
        float *scores = scratch->scores + (ptrdiff_t)row * ROW_WORDS;
        const int32_t visible = visible_keys(part, row) - first_key;
        v16 greatest = (v16)-INFINITY;
        for (int32_t block = 0; block < blocks; block++) {
            const v16 score = v_load(scores + 16 * block);
            const v16 kept = v_iota() < visible - 16 * block ? score : (v16)-INFINITY;
            v_store(scores + 16 * block, kept);
            greatest = v_max(kept, greatest);
        }
        tile_greatest[row] = v_greatest(greatest);
    }
    raise_greatest(state, part->rows, tile_greatest, to_exponent, scales);
    for (int32_t row = 0; row < part->rows; row++) {
        float *scores = scratch->scores + (ptrdiff_t)row * ROW_WORDS;
        const v16 reference = reference_score((v16)state->greatest[row]);
        v16 sum = v_load(state->sums + 16 * row) * scales[row];
        for (int32_t block = 0; block < blocks; block++) {
            const v16 weight = weight_of_score(v_load(scores + 16 * block), reference, to_exponent);
            sum += weight;
            if (mode == TILE_DOT) {
                v_store_halves((uint16_t *)scores + 16 * block, v_round_bf16(weight));
            } else {
                v_store(scores + 16 * block, weight);
            }
        }
        v_store(state->sums + 16 * row, sum);
    }
}

/// From a score to the exponent of 2.
INLINE float exponent_factor(const struct vlmc_attention *attention) {
    return attention->scale * 1.44269504f;
}

/// Leaves in scratch->span the state of the part's rows over the keys from `first` to `end`.
static void attend_span(const struct vlmc_attention *attention, const struct attention_part *part, int32_t first,
                        int32_t end, enum tile_mode mode, struct attention_scratch *scratch) {
    clear_state(&scratch->span, part->rows, attention->head_dim);
    float scales[QUERY_ROWS + 16];
    for (int32_t key = first; key < end; key += TILE_KEYS) {
        load_key_tile(attention, part->segment, part->head, key, minimum(end - key, TILE_KEYS), mode, &scratch->keys);
        score_keys(part->rows, attention->head_dim, mode, scratch);
        weigh_scores(part, key, exponent_factor(attention), mode, scales, scratch);
        add_values(part->rows, attention->head_dim, mode, FROM_SCALED_SUMS, scales, scratch);
    }
}

static void write_output(const struct vlmc_attention *attention, const struct attention_part *part,
                         const struct attention_state *state) {
    for (int32_t row = 0; row < part->rows; row++) {
        const float sum = v_sum(v_load(state->sums + 16 * row));
        const v16 factor = (v16)(sum == 0.0f ? 0.0f : 1.0f / sum);
        float *to = attention->output + query_of_row(part, row) * attention->output_stride +
                    head_of_row(part, row, attention->head_dim);
        for (int32_t d = 0; d < attention->head_dim; d += 16) {
            v_store(to + d, v_load(state->outputs + (ptrdiff_t)row * ROW_WORDS + d) * factor);
        }
    }
}

/// How a part's products are made: bfloat16 pages as the machine can, widened beforehand if they meet several tiles.
INLINE enum tile_mode attention_mode(const struct vlmc_attention *attention, int32_t rows) {
    if (!attention->pages.keys || attention->pages.format == VLMC_FORMAT_F32) {
        return TILE_F32;
    }
    return HAS_DOT ? TILE_DOT : rows <= TILE_ROWS ? TILE_WIDEN : TILE_F32;
}

static void attention(const void *arguments, int32_t chunk, void *scratch) {
    const struct vlmc_attention *attention = arguments;
    struct attention_scratch *attention_scratch = scratch;
    const struct attention_part part = part_of_chunk(attention, chunk);
    const enum tile_mode mode = attention_mode(attention, part.rows);
    load_queries(attention, &part, mode, attention_scratch->queries);
    const int32_t end = visible_keys(&part, part.rows - 1);
    if (attention->split) {
        const int32_t first = part.span * SPAN_KEYS;
        attend_span(attention, &part, first, minimum(end, first + SPAN_KEYS), mode, attention_scratch);
        float *to = (float *)attention->partials + chunk * partial_stride(attention);
        save_state(&attention_scratch->span, part.rows, attention->head_dim, to);
        return;
    }
    clear_state(&attention_scratch->total, part.rows, attention->head_dim);
    for (int32_t first = 0; first < end; first += SPAN_KEYS) {
        attend_span(attention, &part, first, minimum(end, first + SPAN_KEYS), mode, attention_scratch);
        merge_state(&attention_scratch->total, &attention_scratch->span, part.rows, attention->head_dim,
                    exponent_factor(attention));
    }
    write_output(attention, &part, &attention_scratch->total);
}

/// Merges the spans of one tile of a split call.
static void attention_merge(const void *arguments, int32_t chunk, void *scratch) {
    const struct vlmc_attention *attention = arguments;
    struct attention_scratch *attention_scratch = scratch;
    const struct vlmc_segment *segment = attention->segments;
    int32_t local = chunk;
    for (;; segment++) {
        const int32_t tiles = attention->key_value_heads * query_tiles(attention, segment);
        if (local < tiles) {
            break;
        }
        local -= tiles;
    }
    const struct attention_part part = tile_part(attention, segment, local);
    const int32_t spans = key_spans(segment);
    clear_state(&attention_scratch->total, part.rows, attention->head_dim);
    for (int32_t span = 0; span < spans; span++) {
        const ptrdiff_t slot = segment->first_chunk + (ptrdiff_t)local * spans + span;
        const float *from = (const float *)attention->partials + slot * partial_stride(attention);
        restore_state(&attention_scratch->span, part.rows, attention->head_dim, from);
        merge_state(&attention_scratch->total, &attention_scratch->span, part.rows, attention->head_dim,
                    exponent_factor(attention));
    }
    write_output(attention, &part, &attention_scratch->total);
}
