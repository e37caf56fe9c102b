// Makes panels of packed weights from rows of a checkpoint.
// Not which rows: the caller picks 16 for each panel, so that it can stack tensors or alternate gates and ups. How
// scales are chosen: quantize.h; how integers are arranged: quantized_panels.h; where feedback comes from:
// Sources/ModelRuntime/Quantization/RoundingFeedback.swift.
#pragma once

#include "quantize.h"
#include "quantized_panels.h"

/// Elements `i` ... `i + 15` of a row as floats, zeros from `inputs` on. f64 rounds to f32.
INLINE v16 load_source(const void *row, uint32_t type, int32_t i, int32_t inputs) {
    const ptrdiff_t size = type == VLMC_SOURCE_F64 ? 8 : type == VLMC_SOURCE_F32 ? 4 : 2;
    const char *from = (const char *)row + size * i;
    char rest[16 * 8] = {0};
    if (inputs - i < 16) {
        memcpy(rest, from, (size_t)((inputs - i) * size));
        from = rest;
    }
    v16 x;
    v16h halves;
    v16d doubles;
    switch (type) {
    case VLMC_SOURCE_F32:
        memcpy(&x, from, sizeof x);
        return x;
    case VLMC_SOURCE_F64:
        memcpy(&doubles, from, sizeof doubles);
        return __builtin_convertvector(doubles, v16);
    default:
        memcpy(&halves, from, sizeof halves);
        return type == VLMC_SOURCE_BF16 ? v_widen_bf16(halves) : v_widen_f16(halves);
    }
}

/// Sixteen inputs of the 16 outputs of a panel, from input `i` on: columns[k] is input i + k. Zeros past the end.
static void load_columns(const void *const *rows, const uint32_t *types, int32_t i, int32_t inputs, v16 columns[16]) {
    for (int32_t output = 0; output < 16; output++) {
        const int exists = rows[output] && i < inputs;
        columns[output] = exists ? load_source(rows[output], types[output], i, inputs) : (v16)0.0f;
    }
    v_transpose(columns);
}

/// What packing a panel adds up, lane by lane.
struct packing_sums {
    v16i special;
    v16d squared_error;
    v16d squared_values;
};

INLINE void add_squares(struct packing_sums *sums, v16 error, v16 values) {
    sums->squared_error += __builtin_convertvector(error, v16d);
    sums->squared_values += __builtin_convertvector(values, v16d);
}

/// Adds a column to sums of squares that leave out what is not finite, and counts that.
INLINE void add_column(struct packing_sums *sums, v16 column, v16 stored, v16 *error, v16 *values) {
    const v16i is_special = (column - column) != 0.0f; // true is -1
    sums->special -= is_special;
    const v16 difference = is_special ? (v16)0.0f : stored - column;
    const v16 value = is_special ? (v16)0.0f : column;
    *error = v_fma(difference, difference, *error);
    *values = v_fma(value, value, *values);
}

/// A panel of floats: f32, bfloat16 or half, rounded to nearest, ties to even (what was f64 is rounded to f32 before).
static void pack_float_panel(const struct vlmc_pack_panels *call, int32_t panel, char *to, struct packing_sums *sums) {
    const void *const *rows = call->rows + 16 * (ptrdiff_t)panel;
    const uint32_t *types = call->source_types + 16 * (ptrdiff_t)panel;
    const uint32_t format = call->format;
    const int32_t padded = panel_units(panel_layout(format), call->inputs) * panel_layout(format).unit_inputs;
    for (int32_t first = 0; first < padded; first += 16) {
        v16 columns[16], error = 0.0f, values = 0.0f;
        load_columns(rows, types, first, call->inputs, columns);
        for (int32_t k = 0; k < 16 && first + k < padded; k++) {
            char *place = to + (ptrdiff_t)(first + k) * (format == VLMC_FORMAT_F32 ? 64 : 32);
            v16 stored = columns[k];
            if (format == VLMC_FORMAT_F32) {
                v_store((float *)place, stored);
            } else if (format == VLMC_FORMAT_F16) {
                const v16h halves = v_round_f16(columns[k]);
                v_store_halves((uint16_t *)place, halves);
                stored = v_widen_f16(halves);
            } else {
                const v16h rounded = v_round_bf16(columns[k]);
                stored = v_widen_bf16(rounded);
                if (k % 2 == 0) {
                    v_store((float *)place, (v16)__builtin_convertvector(rounded, v16u));
                } else {
                    const v16u pairs = v_load_words(place - 32) | (__builtin_convertvector(rounded, v16u) << 16);
                    v_store((float *)(place - 32), (v16)pairs);
                }
            }
            add_column(sums, columns[k], stored, &error, &values);
        }
        add_squares(sums, error, values);
    }
}

/// As many inputs as exchange what they lose: whole units of every integer format, or all that are left of a panel.
struct packing_block {
    int32_t first;
    int32_t count;
    v16 columns[VLMC_FEEDBACK_INPUTS];
    uint8_t stored[VLMC_FEEDBACK_INPUTS][16];
};

static void load_block(const struct vlmc_pack_panels *call, int32_t panel, int32_t first, struct packing_block *block) {
    const struct panel_layout layout = panel_layout(call->format);
    const int32_t rest = panel_units(layout, call->inputs) * layout.unit_inputs - first;
    block->first = first;
    block->count = rest < VLMC_FEEDBACK_INPUTS ? rest : VLMC_FEEDBACK_INPUTS;
    for (int32_t k = 0; k < block->count; k += 16) {
        load_columns(call->rows + 16 * (ptrdiff_t)panel, call->source_types + 16 * (ptrdiff_t)panel, first + k,
                     call->inputs, block->columns + k);
    }
    for (int32_t k = block->count; k < VLMC_FEEDBACK_INPUTS; k++) {
        block->columns[k] = 0.0f;
    }
}

/// Quantises a block whose groups of `group` inputs have these scales, and adds up its errors.
static void quantize_block(const struct vlmc_pack_panels *call, struct packing_block *block,
                           const struct group_scale *scales, int32_t group, struct packing_sums *sums) {
    const int32_t offset = call->format == VLMC_FORMAT_W4G128 ? 0 : panel_layout(call->format).offset;
    const ptrdiff_t start = block->first;
    const float *feedback = call->feedback ? call->feedback + start * VLMC_FEEDBACK_INPUTS : NULL;
    v16 wanted[VLMC_FEEDBACK_INPUTS], error = 0.0f, values = 0.0f;
    for (int32_t i = 0; i < VLMC_FEEDBACK_INPUTS; i++) {
        wanted[i] = block->columns[feedback ? call->order[start + i] : i];
    }
    for (int32_t i = 0; i < VLMC_FEEDBACK_INPUTS; i++) {
        const int32_t k = feedback ? call->order[start + i] : i;
        if (k >= block->count) {
            continue;
        }
        const struct group_scale *scale = &scales[k / group];
        const v16 value = scale->is_special ? (v16)0.0f : wanted[i];
        const v16 rounded = quantized(value, scale);
        const v16 kept = rounded * scale->scale;
        add_column(sums, block->columns[k], scale->is_special ? block->columns[k] : kept, &error, &values);
        store_bytes(block->stored[k], __builtin_convertvector(rounded + scale->zero, v16i) + offset);
        for (int32_t j = i + 1; feedback && j < VLMC_FEEDBACK_INPUTS; j++) {
            wanted[j] = v_fma(value - kept, (v16)feedback[VLMC_FEEDBACK_INPUTS * i + j], wanted[j]);
        }
    }
    add_squares(sums, error, values);
}

/// Writes the units of a block. `scales` are those of its groups.
static void store_block(const struct packing_block *block, const struct group_scale *scales, uint32_t format,
                        char *panel) {
    const struct panel_layout layout = panel_layout(format);
    for (int32_t first = 0; first < block->count; first += layout.unit_inputs) {
        struct panel_unit unit;
        memcpy(unit.values, block->stored + first, (size_t)layout.unit_inputs * sizeof unit.values[0]);
        for (int32_t group = 0; layout.group && group < layout.unit_inputs / layout.group; group++) {
            const struct group_scale *scale = &scales[first / layout.group + group];
            unit.scales[group] = scale->is_special ? (v16)NAN : scale->scale;
            store_bytes(unit.zeros, __builtin_convertvector(scale->zero, v16i));
        }
        store_unit(&unit, format, panel + (ptrdiff_t)((block->first + first) / layout.unit_inputs) * layout.unit_bytes);
    }
}

/// A panel whose groups each have a scale of their own.
static void pack_grouped_panel(const struct vlmc_pack_panels *call, int32_t panel, char *to,
                               struct packing_sums *sums) {
    const struct panel_layout layout = panel_layout(call->format);
    const int32_t padded = panel_units(layout, call->inputs) * layout.unit_inputs;
    for (int32_t start = 0; start < padded; start += VLMC_FEEDBACK_INPUTS) {
        struct packing_block block;
        struct group_scale scales[VLMC_FEEDBACK_INPUTS / 32];
        load_block(call, panel, start, &block);
        for (int32_t group = 0; group < block.count / layout.group; group++) {
            const v16 *inputs = block.columns + group * layout.group;
            const int32_t first = start + group * layout.group;
            const int32_t rest = call->inputs - first;
            const float *importance = call->importance ? call->importance + first : NULL;
            struct scale_search search;
            struct value_range range = {0.0f, 0.0f, 0};
            widen_range(&range, inputs, layout.group);
            begin_search(&search, &range, call->format);
            search_columns(&search, inputs, rest < layout.group ? rest : layout.group, importance);
            scales[group] = best_scale(&search);
        }
        quantize_block(call, &block, scales, layout.group, sums);
        store_block(&block, scales, call->format, to);
    }
}

/// A panel whose outputs each have one scale: three passes over its rows.
static void pack_channel_panel(const struct vlmc_pack_panels *call, int32_t panel, char *to,
                               struct packing_sums *sums) {
    const struct panel_layout layout = panel_layout(call->format);
    const int32_t units = panel_units(layout, call->inputs);
    struct packing_block block;
    struct value_range range = {0.0f, 0.0f, 0};
    for (int32_t i = 0; i < call->inputs; i += VLMC_FEEDBACK_INPUTS) {
        load_block(call, panel, i, &block);
        widen_range(&range, block.columns, block.count);
    }
    struct scale_search search;
    begin_search(&search, &range, call->format);
    for (int32_t i = 0; i < call->inputs; i += VLMC_FEEDBACK_INPUTS) {
        load_block(call, panel, i, &block);
        const int32_t rest = call->inputs - i;
        search_columns(&search, block.columns, rest < block.count ? rest : block.count,
                       call->importance ? call->importance + i : NULL);
    }
    const struct group_scale scale = best_scale(&search);
    for (int32_t i = 0; i < call->inputs; i += VLMC_FEEDBACK_INPUTS) {
        load_block(call, panel, i, &block);
        quantize_block(call, &block, &scale, VLMC_FEEDBACK_INPUTS, sums);
        store_block(&block, &scale, call->format, to);
    }
    v_store((float *)(to + (ptrdiff_t)units * layout.unit_bytes), scale.is_special ? (v16)NAN : scale.scale);
}

static int64_t pack_panels(struct vlmc_pack_panels *call) {
    const struct panel_layout layout = panel_layout(call->format);
    const ptrdiff_t bytes = panel_layout_bytes(layout, call->inputs);
    struct packing_sums sums = {0, 0.0, 0.0};
    for (int32_t panel = 0; panel < call->panels; panel++) {
        char *to = (char *)call->destination + panel * bytes;
        if (layout.bits == 0) {
            pack_float_panel(call, panel, to, &sums);
        } else {
            (layout.group ? pack_grouped_panel : pack_channel_panel)(call, panel, to, &sums);
        }
    }
    int64_t special = 0;
    call->squared_error = 0.0;
    call->squared_values = 0.0;
    for (int32_t lane = 0; lane < 16; lane++) {
        special += sums.special[lane];
        call->squared_error += sums.squared_error[lane];
        call->squared_values += sums.squared_values[lane];
    }
    return special;
}
