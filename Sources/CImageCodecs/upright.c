// Turns a stored image upright by its EXIF orientation, tile by tile so that both sides stay in cache.
#include "CImageCodecs.h"

#include <string.h>

/// Pixels along the side of a tile: 32 rows of 96 bytes of each image.
static const int32_t tile_size = 32;

/// Where the pixel (x, y) of the stored image goes: origin + x * per_column + y * per_row, in pixels.
struct placement {
    ptrdiff_t origin;
    ptrdiff_t per_column;
    ptrdiff_t per_row;
};

static struct placement placement_make(ptrdiff_t width, ptrdiff_t height, int32_t orientation) {
    switch (orientation) {
    case 2: // mirrored left to right
        return (struct placement){width - 1, -1, width};
    case 3: // turned by 180 degrees
        return (struct placement){width * height - 1, -1, -width};
    case 4: // mirrored top to bottom
        return (struct placement){(height - 1) * width, 1, -width};
    case 5: // mirrored along the diagonal from the upper left
        return (struct placement){0, height, 1};
    case 6: // shown turned by 90 degrees clockwise
        return (struct placement){height - 1, height, -1};
    case 7: // mirrored along the diagonal from the upper right
        return (struct placement){width * height - 1, -height, -1};
    case 8: // shown turned by 90 degrees anticlockwise
        return (struct placement){(width - 1) * height, -height, 1};
    default:
        return (struct placement){0, 1, width};
    }
}

void vlmc_image_turn_upright(const uint8_t *stored, int32_t width, int32_t height, int32_t orientation,
                             uint8_t *upright) {
    const struct placement placement = placement_make(width, height, orientation);
    for (int32_t top = 0; top < height; top += tile_size) {
        const int32_t bottom = height - top < tile_size ? height : top + tile_size;
        for (int32_t left = 0; left < width; left += tile_size) {
            const int32_t right = width - left < tile_size ? width : left + tile_size;
            for (int32_t y = top; y < bottom; y += 1) {
                const uint8_t *source = stored + ((ptrdiff_t)y * width + left) * 3;
                ptrdiff_t place = placement.origin + left * placement.per_column + y * placement.per_row;
                for (int32_t x = left; x < right; x += 1, source += 3, place += placement.per_column) {
                    memcpy(upright + place * 3, source, 3);
                }
            }
        }
    }
}
