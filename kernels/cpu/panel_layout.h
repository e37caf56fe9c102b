// Where the elements of each weight format lie in a panel; `WeightFormat` in Swift says the same.
// Not how they are made or multiplied: templates/. The formats themselves: include/cpu_kernels.h.
#pragma once

#include "cpu_kernels.h"

/// A panel is units of `unit_inputs` inputs, one after the other, then a tail, filled up to 64 bytes.
struct panel_layout {
    int32_t unit_inputs;
    int32_t unit_bytes;
    int32_t tail_bytes;
    int32_t bits;   ///< of a quantised weight; 0 for floats
    int32_t offset; ///< what is added to a quantised weight; that of VLMC_FORMAT_W4G128 is its group's zero point
    int32_t group;  ///< inputs that share a scale; 0: all
};

static inline struct panel_layout panel_layout(uint32_t format) {
    switch (format) {
    case VLMC_FORMAT_F32:
        return (struct panel_layout){.unit_inputs = 1, .unit_bytes = 64};
    case VLMC_FORMAT_BF16:
    case VLMC_FORMAT_F16:
        return (struct panel_layout){.unit_inputs = 2, .unit_bytes = 64};
    case VLMC_FORMAT_W8G32:
        return (struct panel_layout){.unit_inputs = 64, .unit_bytes = 1088, .bits = 8, .offset = 128, .group = 32};
    case VLMC_FORMAT_W8:
        return (struct panel_layout){.unit_inputs = 32, .unit_bytes = 512, .tail_bytes = 64, .bits = 8, .offset = 128};
    case VLMC_FORMAT_W4G32:
        return (struct panel_layout){.unit_inputs = 64, .unit_bytes = 576, .bits = 4, .offset = 8, .group = 32};
    default: // VLMC_FORMAT_W4G128
        return (struct panel_layout){.unit_inputs = 128, .unit_bytes = 1088, .bits = 4, .offset = 8, .group = 128};
    }
}

/// Units of a panel with this many inputs.
static inline int32_t panel_units(struct panel_layout layout, int32_t inputs) {
    return (inputs + layout.unit_inputs - 1) / layout.unit_inputs;
}

/// Bytes of a panel; all units and tails are multiples of 64.
static inline ptrdiff_t panel_layout_bytes(struct panel_layout layout, int32_t inputs) {
    return (ptrdiff_t)panel_units(layout, inputs) * layout.unit_bytes + layout.tail_bytes;
}
