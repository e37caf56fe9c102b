// Kernels that work row by row without a matrix product: norms, embeddings, moving rows, rotary tables.
// Not the norm in front of a product: product.h applies it while packing.
#pragma once

#include "norm.h"
#include "quantized_panels.h"

/// Rows of a chunk of a kernel that spends about `row_work` floats of traffic on a row.
INLINE int32_t row_chunk(int32_t rows, int32_t row_work, int32_t threads) {
    const int32_t worthwhile = 16384 / (row_work + 1) + 1;
    const int32_t share = rows / (4 * threads) + 1;
    return share > worthwhile ? share : worthwhile;
}

INLINE int32_t row_chunks(int32_t rows, int32_t chunk_rows) {
    return (rows + chunk_rows - 1) / chunk_rows;
}

INLINE int32_t row_chunk_end(int32_t rows, int32_t chunk_rows, int32_t chunk) {
    return rows - chunk * chunk_rows < chunk_rows ? rows : (chunk + 1) * chunk_rows;
}

static int32_t norm_rows_plan(struct vlmc_norm_rows *norm, int32_t threads) {
    norm->chunk_rows = row_chunk(norm->rows, 2 * norm->width, threads);
    return row_chunks(norm->rows, norm->chunk_rows);
}

static void norm_rows(const void *arguments, int32_t chunk, void *scratch) {
    const struct vlmc_norm_rows *norm = arguments;
    (void)scratch;
    const int32_t end = row_chunk_end(norm->rows, norm->chunk_rows, chunk);
    for (int32_t row = chunk * norm->chunk_rows; row < end; row++) {
        const float *from = norm->input + row * norm->input_stride;
        float *to = norm->output + row * norm->output_stride;
        const struct row_statistics statistics = row_statistics(from, norm->width, &norm->norm);
        for (int32_t i = 0; i < norm->width; i += 16) {
            v_store_first(to + i, normalised(from, i, norm->width, &norm->norm, statistics), norm->width - i);
        }
    }
}

static int32_t embedding_plan(struct vlmc_embedding *embedding, int32_t threads) {
    // A panel interleaves 16 outputs: reading one touches all of the panel's cache lines.
    embedding->chunk_rows = row_chunk(embedding->rows, 8 * embedding->weight.inputs, threads);
    return row_chunks(embedding->rows, embedding->chunk_rows);
}

/// One output of a panel, all its inputs.
static void unpack_output(const char *panel, uint32_t format, int32_t inputs, int32_t output, float *to) {
    const struct panel_layout layout = panel_layout(format);
    const float *scales = panel_scales(panel, format, inputs);
    for (int32_t unit = 0; unit < panel_units(layout, inputs); unit++) {
        v16 columns[128];
        load_unit(panel + (ptrdiff_t)unit * layout.unit_bytes, format, scales, columns);
        const int32_t first = unit * layout.unit_inputs;
        for (int32_t k = 0; k < layout.unit_inputs && first + k < inputs; k++) {
            to[first + k] = columns[k][output];
        }
    }
}

static void embedding(const void *arguments, int32_t chunk, void *scratch) {
    const struct vlmc_embedding *embedding = arguments;
    (void)scratch;
    const struct vlmc_matrix *weight = &embedding->weight;
    const ptrdiff_t bytes = panel_layout_bytes(panel_layout(weight->format), weight->inputs);
    const int32_t end = row_chunk_end(embedding->rows, embedding->chunk_rows, chunk);
    for (int32_t row = chunk * embedding->chunk_rows; row < end; row++) {
        const int32_t token = embedding->tokens[row];
        const char *panel = (const char *)weight->panels + token / 16 * bytes;
        float *to = embedding->output + row * embedding->output_stride;
        unpack_output(panel, weight->format, weight->inputs, token % 16, to);
    }
}

static int32_t move_rows_plan(struct vlmc_move_rows *move, int32_t threads) {
    move->chunk_rows = row_chunk(move->rows, 2 * move->width, threads);
    return row_chunks(move->rows, move->chunk_rows);
}

static void gather_rows(const void *arguments, int32_t chunk, void *scratch) {
    const struct vlmc_move_rows *move = arguments;
    (void)scratch;
    const int32_t end = row_chunk_end(move->rows, move->chunk_rows, chunk);
    for (int32_t row = chunk * move->chunk_rows; row < end; row++) {
        const ptrdiff_t from = move->indices ? move->indices[row] : row;
        memcpy(move->output + row * move->output_stride, move->input + from * move->input_stride,
               (size_t)move->width * sizeof(float));
    }
}

static void scatter_rows(const void *arguments, int32_t chunk, void *scratch) {
    const struct vlmc_move_rows *move = arguments;
    (void)scratch;
    const int32_t end = row_chunk_end(move->rows, move->chunk_rows, chunk);
    for (int32_t row = chunk * move->chunk_rows; row < end; row++) {
        const ptrdiff_t to = move->indices ? move->indices[row] : row;
        memcpy(move->output + to * move->output_stride, move->input + row * move->input_stride,
               (size_t)move->width * sizeof(float));
    }
}

static int32_t rotary_table_plan(struct vlmc_rotary_table *table, int32_t threads) {
    table->chunk_rows = row_chunk(table->rows, 64 * table->frequencies, threads);
    return row_chunks(table->rows, table->chunk_rows);
}

/// Angles are single-precision products, as the reference libraries form them; the library's cosf and sinf reduce them
/// exactly however large they are.
static void rotary_table(const void *arguments, int32_t chunk, void *scratch) {
    const struct vlmc_rotary_table *table = arguments;
    (void)scratch;
    const int32_t end = row_chunk_end(table->rows, table->chunk_rows, chunk);
    for (int32_t row = chunk * table->chunk_rows; row < end; row++) {
        float *cosines = table->output + 2 * (ptrdiff_t)row * table->frequencies;
        for (int32_t f = 0; f < table->frequencies; f++) {
            const float position = (float)table->positions[table->axes[f] * table->position_stride + row];
            const float angle = position * table->inverse_frequencies[f];
            cosines[f] = table->magnitude * cosf(angle);
            cosines[table->frequencies + f] = table->magnitude * sinf(angle);
        }
    }
}
