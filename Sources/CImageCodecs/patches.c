// Cuts rows of RGB pixels into the vision encoder's patches, in the order of transformers' Qwen2-VL image processor.
// Each byte becomes its float through a table of 256 values per channel, so no arithmetic is done per pixel.
// Reads 3 bytes and writes 12 * temporal_patch_size bytes per pixel: the store bandwidth is its limit.
#include "CImageCodecs.h"

#include <string.h>

static void write_patch(struct vlmc_patch_layout layout, const uint8_t *pixels, ptrdiff_t stride, const float *values,
                        float *patch) {
    const size_t plane = (size_t)layout.patch_size * (size_t)layout.patch_size;
    for (int channel = 0; channel < 3; channel += 1, values += 256) {
        float *first = patch;
        const uint8_t *row = pixels + channel;
        for (int32_t y = 0; y < layout.patch_size; y += 1, row += stride) {
            const uint8_t *sample = row;
            for (int32_t x = 0; x < layout.patch_size; x += 1, sample += 3) {
                *patch++ = values[*sample];
            }
        }
        // A still image is a film of equal frames.
        for (int32_t frame = 1; frame < layout.temporal_patch_size; frame += 1, patch += plane) {
            memcpy(patch, first, plane * sizeof(float));
        }
    }
}

void vlmc_write_patches(struct vlmc_patch_layout layout, const uint8_t *rows, ptrdiff_t stride, const float *values,
                        float *patches) {
    const size_t patch_length =
        3 * (size_t)layout.temporal_patch_size * (size_t)layout.patch_size * (size_t)layout.patch_size;
    for (int32_t block = 0; block < layout.grid_width; block += layout.merge_size) {
        for (int32_t row = 0; row < layout.merge_size; row += 1) {
            for (int32_t column = 0; column < layout.merge_size; column += 1, patches += patch_length) {
                const ptrdiff_t x = (ptrdiff_t)(block + column) * layout.patch_size;
                const ptrdiff_t y = (ptrdiff_t)row * layout.patch_size;
                write_patch(layout, rows + y * stride + x * 3, stride, values, patches);
            }
        }
    }
}
