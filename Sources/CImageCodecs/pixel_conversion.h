// Integer conversions of single pixels, in Pillow's arithmetic. Not part of the module's interface.
#pragma once

#include <stdint.h>

/// a * b / 255, rounded, for bytes.
static inline int vlmc_multiply_bytes(int a, int b) {
    const int product = a * b + 128;
    return ((product >> 8) + product) >> 8;
}

/// One channel of a pixel with `alpha` composited over opaque white (libImaging/AlphaComposite.c: 7 extra bits).
static inline uint8_t vlmc_over_white(uint8_t channel, uint8_t alpha) {
    if (alpha == 0) {
        return 255;
    }
    const uint32_t precision = 7;
    const uint32_t result_alpha = alpha * 255u + 255u * (255u - alpha);
    const uint32_t source_weight = alpha * 255u * 255u * (1u << precision) / result_alpha;
    const uint32_t white_weight = 255u * (1u << precision) - source_weight;
    const uint32_t sum = channel * source_weight + 255u * white_weight + (0x80u << precision);
    return (uint8_t)((((sum >> 8) + sum) >> 8) >> precision);
}

static inline void vlmc_store_pixel(uint8_t *target, uint8_t red, uint8_t green, uint8_t blue) {
    target[0] = red;
    target[1] = green;
    target[2] = blue;
}
