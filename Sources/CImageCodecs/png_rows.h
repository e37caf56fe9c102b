// Turns stored PNG rows into RGB. Not part of the module's interface.
#pragma once

#include "CImageCodecs.h"

#include <png.h>

struct png_row_layout {
    struct vlmc_pixel_conversion conversion;
    int colour_type;
    int bit_depth;
    size_t bytes_per_pixel;
    /// What a grey sample of fewer than eight bits is multiplied by to fill a byte.
    uint8_t grey_scale;
    /// RGBA of each palette index.
    uint8_t palette[256][4];
    /// Whether converted pixels of one colour are transparent, and so white.
    bool has_key;
    uint8_t key[3];
};

/// Reads the header chunks of `reader`, whose rows have one byte per sample of up to eight bits.
struct png_row_layout vlmc_png_row_layout_make(png_structp reader, png_infop info,
                                               struct vlmc_pixel_conversion conversion);

/// Converts `columns` pixels of `row` and stores them `target_step` bytes apart.
void vlmc_png_row_to_rgb(const struct png_row_layout *layout, const uint8_t *row, int32_t columns, uint8_t *target,
                         ptrdiff_t target_step);
