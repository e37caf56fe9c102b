// PNG samples to RGB, for every colour type and bit depth, as Pillow 13 converts them, to the pixel.
// A transparent colour (tRNS of grey and RGB) is compared with converted pixels, as Pillow does, in whose integers it
// keeps only its lower byte; what one file thus makes white depends on how alpha is treated (read_key).
#include "png_rows.h"

#include "pixel_conversion.h"

#include <string.h>

/// Whether one entry of the palette is transparent and all others are opaque.
static bool palette_has_one_hole(png_const_bytep alphas, int count, int *hole) {
    int holes = 0;
    for (int index = 0; index < count; index += 1) {
        if (alphas[index] == 0) {
            holes += 1;
            *hole = index;
        } else if (alphas[index] != 255) {
            return false;
        }
    }
    return holes == 1;
}

static void set_key(struct png_row_layout *layout, int red, int green, int blue) {
    layout->has_key = true;
    vlmc_store_pixel(layout->key, (uint8_t)red, (uint8_t)green, (uint8_t)blue);
}

static void read_palette(struct png_row_layout *layout, png_structp reader, png_infop info) {
    // An index beyond the palette is opaque black, as in Pillow.
    for (int index = 0; index < 256; index += 1) {
        layout->palette[index][3] = 255;
    }
    png_colorp colours = NULL;
    int colour_count = 0;
    if (png_get_PLTE(reader, info, &colours, &colour_count) != 0) {
        for (int index = 0; index < colour_count && index < 256; index += 1) {
            vlmc_store_pixel(layout->palette[index], colours[index].red, colours[index].green, colours[index].blue);
        }
    }
    png_bytep alphas = NULL;
    int alpha_count = 0;
    if (png_get_tRNS(reader, info, &alphas, &alpha_count, NULL) == 0 || alphas == NULL) {
        return;
    }
    for (int index = 0; index < alpha_count && index < 256; index += 1) {
        layout->palette[index][3] = alphas[index];
    }
    int hole = 0;
    // Where alpha is dropped, a single transparent entry survives as the transparent colour of an RGB image.
    if (layout->conversion.drops_alpha && palette_has_one_hole(alphas, alpha_count, &hole)) {
        const uint8_t *colour = layout->palette[hole];
        set_key(layout, colour[0], colour[1], colour[2]);
    }
}

static void read_key(struct png_row_layout *layout, png_structp reader, png_infop info) {
    png_color_16p key = NULL;
    if (png_get_tRNS(reader, info, NULL, NULL, &key) == 0 || key == NULL) {
        return;
    }
    const bool drops_alpha = layout->conversion.drops_alpha;
    if (layout->colour_type == PNG_COLOR_TYPE_RGB) {
        set_key(layout, key->red & 255, key->green & 255, key->blue & 255);
    } else if (layout->bit_depth == 1 || layout->bit_depth == 16) {
        // On the way that drops alpha, Pillow keeps this grey as a number, which later is the red of a colour.
        const int grey = layout->bit_depth == 16 ? key->gray & 255 : key->gray != 0 ? 255 : 0;
        set_key(layout, grey, drops_alpha ? 0 : grey, drops_alpha ? 0 : grey);
    } else {
        const int grey = !drops_alpha ? key->gray & 255 : key->gray > 255 ? 255 : key->gray;
        set_key(layout, grey, grey, grey);
    }
}

struct png_row_layout vlmc_png_row_layout_make(png_structp reader, png_infop info,
                                               struct vlmc_pixel_conversion conversion) {
    struct png_row_layout layout = {
        .conversion = conversion,
        .colour_type = png_get_color_type(reader, info),
        .bit_depth = png_get_bit_depth(reader, info),
    };
    const size_t bytes_per_sample = layout.bit_depth == 16 ? 2 : 1;
    layout.bytes_per_pixel = png_get_channels(reader, info) * bytes_per_sample;
    layout.grey_scale = layout.bit_depth >= 8 ? 1 : (uint8_t)(255 / ((1 << layout.bit_depth) - 1));
    if (layout.colour_type == PNG_COLOR_TYPE_PALETTE) {
        read_palette(&layout, reader, info);
    } else if ((layout.colour_type & PNG_COLOR_MASK_ALPHA) == 0) {
        read_key(&layout, reader, info);
    }
    return layout;
}

/// The byte of a sample: the upper one of 16 bits, smaller ones spread over 0 to 255.
static uint8_t byte_at(const struct png_row_layout *layout, const uint8_t *pixel, int index) {
    return layout->bit_depth == 16 ? pixel[2 * index] : (uint8_t)(pixel[index] * layout->grey_scale);
}

static void store_with_alpha(const struct png_row_layout *layout, const uint8_t colour[3], uint8_t alpha,
                             uint8_t *target) {
    for (int channel = 0; channel < 3; channel += 1) {
        target[channel] = layout->conversion.drops_alpha ? colour[channel] : vlmc_over_white(colour[channel], alpha);
    }
}

static void convert_palette(const struct png_row_layout *layout, const uint8_t *pixel, uint8_t *target) {
    const uint8_t *colour = layout->palette[pixel[0]];
    store_with_alpha(layout, colour, colour[3], target);
}

static void convert_grey(const struct png_row_layout *layout, const uint8_t *pixel, uint8_t *target) {
    uint8_t grey = byte_at(layout, pixel, 0);
    if (layout->bit_depth == 16 && !layout->conversion.keeps_upper_byte_of_grey) {
        grey = pixel[0] == 0 ? pixel[1] : 255;
    }
    vlmc_store_pixel(target, grey, grey, grey);
}

static void convert_grey_with_alpha(const struct png_row_layout *layout, const uint8_t *pixel, uint8_t *target) {
    const uint8_t grey = byte_at(layout, pixel, 0);
    const uint8_t colour[3] = {grey, grey, grey};
    store_with_alpha(layout, colour, byte_at(layout, pixel, 1), target);
}

static void convert_rgb(const struct png_row_layout *layout, const uint8_t *pixel, uint8_t *target) {
    vlmc_store_pixel(target, byte_at(layout, pixel, 0), byte_at(layout, pixel, 1), byte_at(layout, pixel, 2));
}

static void convert_rgb_with_alpha(const struct png_row_layout *layout, const uint8_t *pixel, uint8_t *target) {
    const uint8_t colour[3] = {byte_at(layout, pixel, 0), byte_at(layout, pixel, 1), byte_at(layout, pixel, 2)};
    store_with_alpha(layout, colour, byte_at(layout, pixel, 3), target);
}

static void whiten_key(const struct png_row_layout *layout, int32_t columns, uint8_t *target, ptrdiff_t target_step) {
    for (int32_t x = 0; x < columns; x += 1, target += target_step) {
        if (memcmp(target, layout->key, 3) == 0) {
            vlmc_store_pixel(target, 255, 255, 255);
        }
    }
}

void vlmc_png_row_to_rgb(const struct png_row_layout *layout, const uint8_t *row, int32_t columns, uint8_t *target,
                         ptrdiff_t target_step) {
    void (*convert)(const struct png_row_layout *, const uint8_t *, uint8_t *);
    switch (layout->colour_type) {
    case PNG_COLOR_TYPE_PALETTE:
        convert = convert_palette;
        break;
    case PNG_COLOR_TYPE_GRAY:
        convert = convert_grey;
        break;
    case PNG_COLOR_TYPE_GRAY_ALPHA:
        convert = convert_grey_with_alpha;
        break;
    case PNG_COLOR_TYPE_RGB:
        convert = convert_rgb;
        break;
    default:
        convert = convert_rgb_with_alpha;
    }
    uint8_t *pixel = target;
    for (int32_t x = 0; x < columns; x += 1, row += layout->bytes_per_pixel, pixel += target_step) {
        convert(layout, row, pixel);
    }
    if (layout->has_key) {
        whiten_key(layout, columns, target, target_step);
    }
}
