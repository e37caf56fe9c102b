// Makes panels of packed weights from rows of a checkpoint.
// Not which rows: the caller picks 16 for each panel, so that it can stack tensors or alternate gates and ups. How
// scales are chosen: quantize.h; how integers are arranged: quantized_panels.h.
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

/// Quantises `count` columns, writes what is stored of them, and adds up their errors.
static void quantize_columns(const v16 *columns, int32_t count, const struct group_scale *scale, int32_t offset,
                             uint8_t (*stored)[16], struct packing_sums *sums) {
    v16 error = 0.0f, values = 0.0f;
    for (int32_t k = 0; k < count; k++) {
        const v16 value = scale->is_special ? (v16)0.0f : columns[k];
        const v16 rounded = quantized(value, scale);
        add_column(sums, columns[k], scale->is_special ? columns[k] : rounded * scale->scale, &error, &values);
        store_bytes(stored[k], __builtin_convertvector(rounded + scale->zero, v16i) + offset);
    }
    add_squares(sums, error, values);
}

/// A panel whose groups each have a scale of their own.
static void pack_grouped_panel(const struct vlmc_pack_panels *call, int32_t panel, char *to,
                               struct packing_sums *sums) {
    const struct panel_layout layout = panel_layout(call->format);
    const int32_t offset = call->format == VLMC_FORMAT_W4G128 ? 0 : layout.offset;
    for (int32_t unit = 0; unit < panel_units(layout, call->inputs); unit++) {
        v16 columns[128];
        struct panel_unit packed;
        for (int32_t k = 0; k < layout.unit_inputs; k += 16) {
            load_columns(call->rows + 16 * (ptrdiff_t)panel, call->source_types + 16 * (ptrdiff_t)panel,
                         unit * layout.unit_inputs + k, call->inputs, columns + k);
        }
        for (int32_t group = 0; group < layout.unit_inputs / layout.group; group++) {
            const int32_t first = unit * layout.unit_inputs + group * layout.group;
            const v16 *inputs = columns + group * layout.group;
            const int32_t rest = call->inputs - first;
            const float *importance = call->importance ? call->importance + first : NULL;
            struct scale_search search;
            struct value_range range = {0.0f, 0.0f, 0};
            widen_range(&range, inputs, layout.group);
            begin_search(&search, &range, call->format);
            search_columns(&search, inputs, rest < layout.group ? rest : layout.group, importance);
            const struct group_scale scale = best_scale(&search);
            packed.scales[group] = scale.is_special ? (v16)NAN : scale.scale;
            store_bytes(packed.zeros, __builtin_convertvector(scale.zero, v16i));
            quantize_columns(inputs, layout.group, &scale, offset, packed.values + group * layout.group, sums);
        }
        store_unit(&packed, call->format, to + (ptrdiff_t)unit * layout.unit_bytes);
    }
}

/// A panel whose outputs each have one scale: three passes over its rows.
static void pack_channel_panel(const struct vlmc_pack_panels *call, int32_t panel, char *to,
                               struct packing_sums *sums) {
    const void *const *rows = call->rows + 16 * (ptrdiff_t)panel;
    const uint32_t *types = call->source_types + 16 * (ptrdiff_t)panel;
    const struct panel_layout layout = panel_layout(call->format);
    const int32_t units = panel_units(layout, call->inputs);
    v16 columns[32];
    struct value_range range = {0.0f, 0.0f, 0};
    for (int32_t i = 0; i < call->inputs; i += 16) {
        load_columns(rows, types, i, call->inputs, columns);
        widen_range(&range, columns, 16);
    }
    struct scale_search search;
    begin_search(&search, &range, call->format);
    for (int32_t i = 0; i < call->inputs; i += 16) {
        load_columns(rows, types, i, call->inputs, columns);
        const int32_t rest = call->inputs - i;
        search_columns(&search, columns, rest < 16 ? rest : 16, call->importance ? call->importance + i : NULL);
    }
    const struct group_scale scale = best_scale(&search);
    for (int32_t unit = 0; unit < units; unit++) {
        struct panel_unit packed;
        load_columns(rows, types, 32 * unit, call->inputs, columns);
        load_columns(rows, types, 32 * unit + 16, call->inputs, columns + 16);
        quantize_columns(columns, 32, &scale, layout.offset, packed.values, sums);
        store_unit(&packed, call->format, to + (ptrdiff_t)unit * layout.unit_bytes);
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
