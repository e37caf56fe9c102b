// Which rows, keys and heads a chunk of an attention call does.
// Not what it does with them: attention.h.
//
// A chunk is up to chunk_rows rows of one key-value head (a row is one query of one head; the heads that share keys are
// rows side by side) and all their keys; or all rows of a small segment and several heads, side by side in memory. A
// split gives every span of keys to a chunk of its own, where there would be too little work for the threads, or too
// unequal work, otherwise.
#pragma once

#include "attention_state.h"
#include "key_tile.h"

/// Heads of a chunk of a small segment: rows of memory long enough to be fetched ahead.
#define HEADS_TOGETHER 4

/// Products of queries and keys, counted in numbers, that one thread does in less time than two take to share them.
#define TINY_WORK 131072

/// The part of an attention call that a chunk does.
struct attention_part {
    const struct vlmc_segment *segment;
    int32_t head;      ///< key-value head, of a chunk of several the first
    int32_t heads;     ///< of the chunk
    int32_t group;     ///< query heads that share it
    int32_t first_row; ///< first of `rows` among the segment's query_count * group rows
    int32_t rows;
    int32_t span; ///< of split calls
    uint32_t causal;
};

/// Query heads that share keys.
INLINE int32_t head_group(const struct vlmc_attention *attention) {
    return attention->query_heads / attention->key_value_heads;
}

/// Chunks that the rows of one head of a segment are cut into.
INLINE int32_t row_parts(const struct vlmc_attention *attention, const struct vlmc_segment *segment) {
    const int32_t rows = segment->query_count * head_group(attention);
    return (rows + attention->chunk_rows - 1) / attention->chunk_rows;
}

/// Spans of keys in a segment; one without keys has an empty one, which zeroes its output.
INLINE int32_t key_spans(const struct vlmc_segment *segment) {
    return segment->key_count <= SPAN_KEYS ? 1 : (segment->key_count + SPAN_KEYS - 1) / SPAN_KEYS;
}

/// Floats from one saved state of a split call to the next.
INLINE ptrdiff_t partial_stride(const struct vlmc_attention *attention) {
    return (ptrdiff_t)state_floats(attention->chunk_rows, attention->head_dim);
}

/// The fewest whole tiles of rows that leave several chunks for each thread, and for whose states there is room.
static int32_t plan_chunk_rows(const struct vlmc_attention *attention, int32_t threads) {
    int64_t rows = 0;
    int32_t most = 1;
    for (int32_t i = 0; i < attention->segment_count; i++) {
        const int32_t of_segment = attention->segments[i].query_count * head_group(attention);
        rows += (int64_t)of_segment * attention->key_value_heads;
        most = of_segment > most ? of_segment : most;
    }
    const int64_t share = (rows / (8 * threads) + QUERY_ROWS - 1) / QUERY_ROWS * QUERY_ROWS;
    const int32_t room = (STATE_WORDS - 32) / (attention->head_dim + 17) / QUERY_ROWS * QUERY_ROWS;
    const int32_t wanted = share < QUERY_ROWS ? QUERY_ROWS : share > room ? room : (int32_t)share;
    return minimum(wanted, most);
}

/// Groups of key-value heads that chunks do.
INLINE int32_t head_parts(const struct vlmc_attention *attention) {
    return (attention->key_value_heads + attention->chunk_heads - 1) / attention->chunk_heads;
}

/// Chunks of a segment without a split.
INLINE int32_t segment_parts(const struct vlmc_attention *attention, const struct vlmc_segment *segment) {
    return head_parts(attention) * row_parts(attention, segment);
}

static int32_t attention_plan(struct vlmc_attention *attention, int32_t threads) {
    attention->chunk_rows = plan_chunk_rows(attention, threads);
    attention->chunk_heads = 1;
    int32_t whole = 0, spans = 0, most_parts = 1;
    int64_t work = 0, greatest_work = 0; // rows times keys
    for (int32_t i = 0; i < attention->segment_count; i++) {
        const struct vlmc_segment *segment = &attention->segments[i];
        const int32_t parts = segment_parts(attention, segment);
        whole += parts;
        spans += parts * key_spans(segment);
        most_parts = parts > most_parts ? parts : most_parts;
        const int32_t rows = segment->query_count * head_group(attention);
        const int64_t chunk_work = (int64_t)minimum(rows, attention->chunk_rows) * segment->key_count;
        work += (int64_t)rows * attention->key_value_heads * segment->key_count;
        greatest_work = chunk_work > greatest_work ? chunk_work : greatest_work;
    }
    const int is_uneven = attention->chunk_rows <= QUERY_ROWS && 16 * threads * greatest_work > work;
    const size_t fitting = attention->partial_bytes / ((size_t)partial_stride(attention) * sizeof(float));
    attention->split = threads > 1 && spans > whole && (whole < 4 * threads || is_uneven) && (size_t)spans <= fitting;
    attention->merge_parts = attention->split ? whole : 0;
    // Merging reads little: a call of its own pays for many states only.
    const int32_t worthwhile = (int32_t)((size_t)spans * (size_t)partial_stride(attention) / 65536) + 1;
    attention->merge_chunks = minimum(attention->merge_parts, worthwhile);
    if (!attention->split && most_parts == attention->key_value_heads) {
        const int is_tiny = work * attention->head_dim < TINY_WORK && attention->segment_count == 1;
        const int32_t heads = attention->pages.keys ? 1 : minimum(whole / (16 * threads), HEADS_TOGETHER);
        attention->chunk_heads = is_tiny ? attention->key_value_heads : heads < 1 ? 1 : heads;
    }
    int32_t chunks = 0;
    for (int32_t i = 0; i < attention->segment_count; i++) {
        struct vlmc_segment *segment = &attention->segments[i];
        segment->first_chunk = chunks;
        const int32_t parts = segment_parts(attention, segment);
        chunks += attention->split ? parts * key_spans(segment) : parts;
    }
    return chunks;
}

/// The part at `index` of a segment's: all parts of the first head, the last queries first (they see most keys).
static struct attention_part part_of_segment(const struct vlmc_attention *attention, const struct vlmc_segment *segment,
                                             int32_t index) {
    const int32_t parts = row_parts(attention, segment);
    struct attention_part part = {.segment = segment, .causal = attention->causal};
    part.head = index / parts * attention->chunk_heads;
    part.heads = minimum(attention->key_value_heads - part.head, attention->chunk_heads);
    part.group = head_group(attention);
    const int32_t rows = segment->query_count * part.group;
    const int32_t place = parts - 1 - index % parts;
    part.first_row = even_part(rows, parts, place);
    part.rows = even_part(rows, parts, place + 1) - part.first_row;
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
    struct attention_part part = part_of_segment(attention, segment, local / spans);
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
