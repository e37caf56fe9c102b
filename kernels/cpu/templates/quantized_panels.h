// Arranges quantised weights in the units of a panel, and reads panels of every format back as floats.
// Not how weights are quantised: quantize.h. The layouts: ../panel_layout.h.
#pragma once

#include "../panel_layout.h"
#include "../vectors/vector16.h"

/// A unit before it is arranged: what is stored for each input of 16 outputs.
struct panel_unit {
    uint8_t values[128][16];
    v16 scales[2];     ///< per group of the unit
    uint8_t zeros[16]; ///< of VLMC_FORMAT_W4G128
};

typedef uint8_t v16bytes __attribute__((ext_vector_type(16)));

INLINE void store_bytes(uint8_t *to, v16i values) {
    const v16bytes bytes = __builtin_convertvector(values, v16bytes);
    memcpy(to, &bytes, sizeof bytes);
}

INLINE v16u load_bytes(const void *from) {
    v16bytes bytes;
    memcpy(&bytes, from, sizeof bytes);
    return __builtin_convertvector(bytes, v16u);
}

static void store_unit(const struct panel_unit *unit, uint32_t format, char *to) {
    const struct panel_layout layout = panel_layout(format);
    const int32_t word_inputs = layout.bits == 8 ? 4 : 8;
    const int32_t words = layout.unit_inputs / word_inputs;
    for (int32_t word = 0; word < words; word++) {
        v16u packed = 0;
        for (int32_t k = 0; k < word_inputs; k++) {
            const int32_t shift = layout.bits == 8 ? 8 * k : k % 4 * 8 + k / 4 * 4;
            packed |= load_bytes(unit->values[word * word_inputs + k]) << shift;
        }
        memcpy(to + 64 * word, &packed, 64);
    }
    if (!layout.group) {
        return;
    }
    char *places = to + 64 * words;
    memset(places, 0, 64);
    for (int32_t group = 0; group < layout.unit_inputs / layout.group; group++) {
        v_store_halves((uint16_t *)places + 16 * group, v_round_f16(unit->scales[group]));
    }
    if (format == VLMC_FORMAT_W4G128) {
        memcpy(places + 32, unit->zeros, 16);
    }
}

/// The weights of a unit as floats, one vector for each input. `scales`: those of a panel's outputs, if it has them.
static void load_unit(const char *unit, uint32_t format, const float *scales, v16 *columns) {
    const struct panel_layout layout = panel_layout(format);
    for (int32_t k = 0; k < layout.unit_inputs; k++) {
        if (format == VLMC_FORMAT_F32) {
            columns[k] = v_load((const float *)unit);
        } else if (format == VLMC_FORMAT_BF16) {
            columns[k] = k == 0 ? v_even_bf16(v_load_words(unit)) : v_odd_bf16(v_load_words(unit));
        } else if (format == VLMC_FORMAT_F16) {
            columns[k] = v_load_f16(unit + 32 * k);
        } else {
            const int32_t word_inputs = layout.bits == 8 ? 4 : 8;
            const char *places = unit + 64 * (layout.unit_inputs / word_inputs);
            const int32_t place = k % word_inputs;
            const v16u word = v_load_words(unit + k / word_inputs * 64);
            const v16u stored = layout.bits == 8 ? word >> (8 * place) & 0xff
                                                 : word >> (place % 4 * 8 + place / 4 * 4) & 0xf;
            const v16u zero = format == VLMC_FORMAT_W4G128 ? load_bytes(places + 32) : (v16u)(uint32_t)layout.offset;
            const v16 scale = scales ? v_load(scales) : v_load_f16(places + k / layout.group * 32);
            columns[k] = __builtin_convertvector((v16i)stored - (v16i)zero, v16) * scale;
        }
    }
}

/// The scales of a panel's outputs, or NULL if the format has none.
INLINE const float *panel_scales(const char *panel, uint32_t format, int32_t inputs) {
    const struct panel_layout layout = panel_layout(format);
    return layout.tail_bytes ? (const float *)(panel + panel_layout_bytes(layout, inputs) - layout.tail_bytes) : NULL;
}

static void unpack_panel(const struct vlmc_unpack_panel *call) {
    const struct panel_layout layout = panel_layout(call->format);
    const float *scales = panel_scales(call->panel, call->format, call->inputs);
    for (int32_t unit = 0; unit < panel_units(layout, call->inputs); unit++) {
        v16 columns[128];
        load_unit((const char *)call->panel + (ptrdiff_t)unit * layout.unit_bytes, call->format, scales, columns);
        const int32_t first = unit * layout.unit_inputs;
        const int32_t rest = call->inputs - first;
        const int32_t count = rest < layout.unit_inputs ? rest : layout.unit_inputs;
        for (int32_t k = 0; k < count; k++) {
            for (int32_t output = 0; output < 16; output++) {
                call->rows[output * call->row_stride + first + k] = columns[k][output];
            }
        }
    }
}

static int64_t pack_quantized_panels(const struct vlmc_pack_quantized_panels *call) {
    const struct panel_layout layout = panel_layout(call->format);
    const ptrdiff_t bytes = panel_layout_bytes(layout, call->inputs);
    const int32_t units = panel_units(layout, call->inputs);
    const int32_t groups = layout.group ? layout.unit_inputs / layout.group : 1;
    int64_t special = 0;
    for (int32_t panel = 0; panel < call->panels; panel++) {
        char *to = (char *)call->destination + panel * bytes;
        for (int32_t unit = 0; unit < units; unit++) {
            struct panel_unit packed;
            for (int32_t output = 0; output < 16; output++) {
                const uint8_t *values = call->values[16 * panel + output];
                const float *scales = call->scales[16 * panel + output];
                const uint8_t *zeros = call->zeros ? call->zeros[16 * panel + output] : NULL;
                const uint8_t zero = (uint8_t)(zeros ? zeros[unit] : layout.offset);
                packed.zeros[output] = zero;
                for (int32_t k = 0; k < layout.unit_inputs; k++) {
                    const int32_t input = unit * layout.unit_inputs + k;
                    packed.values[k][output] = values && input < call->inputs ? values[input] : zero;
                }
                for (int32_t group = 0; group < groups; group++) {
                    const int32_t index = layout.group ? unit * groups + group : 0;
                    const int exists = scales && index * layout.group < call->inputs;
                    packed.scales[group][output] = exists ? scales[index] : 0.0f;
                }
            }
            store_unit(&packed, call->format, to + (ptrdiff_t)unit * layout.unit_bytes);
            for (int32_t group = 0; group < (layout.group ? groups : unit == 0); group++) {
                const v16 stored = layout.group ? v_widen_f16(v_round_f16(packed.scales[group])) : packed.scales[0];
                special -= __builtin_reduce_add((stored - stored) != 0.0f);
            }
            if (!layout.group && unit + 1 == units) {
                v_store((float *)(to + (ptrdiff_t)units * layout.unit_bytes), packed.scales[0]);
            }
        }
    }
    return special;
}
