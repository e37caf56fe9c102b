// Resampling of RGB bytes in two passes of fixed-point sums, equal bit by bit to Pillow's (libImaging/Resample.c).
// Portable C and the choice of the instruction set; the weights are made in Swift (ResamplingAxis).
// Read next: resampling_avx2.c.
#include "resampling.h"

static int32_t weight_at(const int16_t *low, const int16_t *high, int32_t tap) {
    return (int32_t)high[tap] * 32768 + low[tap];
}

static uint8_t byte_of_sum(int32_t sum) {
    const int32_t value = sum >> resampling_precision;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

void vlmc_resample_pixel_portable(const struct horizontal_pass *pass, int32_t x, int32_t y) {
    const ptrdiff_t weights = (ptrdiff_t)x * pass->axis.stride;
    const uint8_t *source = pass->source + y * pass->source_stride + (ptrdiff_t)pass->axis.first[x] * 3;
    int32_t red = resampling_half, green = resampling_half, blue = resampling_half;
    for (int32_t tap = 0; tap < pass->axis.count[x]; tap += 1, source += 3) {
        const int32_t weight = weight_at(pass->axis.low + weights, pass->axis.high + weights, tap);
        red += weight * source[0];
        green += weight * source[1];
        blue += weight * source[2];
    }
    uint8_t *target = pass->target + y * pass->target_stride + (ptrdiff_t)x * 3;
    target[0] = byte_of_sum(red);
    target[1] = byte_of_sum(green);
    target[2] = byte_of_sum(blue);
}

void vlmc_resample_row_portable(const struct vertical_row *row, int32_t first_byte) {
    for (int32_t index = first_byte; index < row->row_bytes; index += 1) {
        const uint8_t *source = row->source + index;
        int32_t sum = resampling_half;
        for (int32_t tap = 0; tap < row->count; tap += 1, source += row->source_stride) {
            sum += weight_at(row->low, row->high, tap) * *source;
        }
        row->target[index] = byte_of_sum(sum);
    }
}

enum vlmc_vector_level vlmc_vector_level_supported(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        return VLMC_VECTOR_AVX2;
    }
#endif
    return VLMC_VECTOR_PORTABLE;
}

void vlmc_resample_horizontally(struct vlmc_resampling_axis axis, const uint8_t *source, ptrdiff_t source_stride,
                                int32_t source_width, int32_t row_count, uint8_t *target, ptrdiff_t target_stride,
                                int32_t target_width, enum vlmc_vector_level level) {
    const struct horizontal_pass pass = {
        .axis = axis,
        .source = source,
        .source_stride = source_stride,
        .source_width = source_width,
        .row_count = row_count,
        .target = target,
        .target_stride = target_stride,
        .target_width = target_width,
    };
#if defined(__x86_64__)
    if (level == VLMC_VECTOR_AVX2) {
        vlmc_resample_horizontally_avx2(&pass);
        return;
    }
#endif
    (void)level;
    for (int32_t y = 0; y < row_count; y += 1) {
        for (int32_t x = 0; x < target_width; x += 1) {
            vlmc_resample_pixel_portable(&pass, x, y);
        }
    }
}

void vlmc_resample_vertically(struct vlmc_resampling_axis axis, int32_t first_output, int32_t output_count,
                              const uint8_t *source, ptrdiff_t source_stride, int32_t source_first_row,
                              int32_t row_bytes, uint8_t *target, ptrdiff_t target_stride,
                              enum vlmc_vector_level level) {
    for (int32_t output = 0; output < output_count; output += 1) {
        const int32_t number = first_output + output;
        const struct vertical_row row = {
            .low = axis.low + (ptrdiff_t)number * axis.stride,
            .high = axis.high + (ptrdiff_t)number * axis.stride,
            .count = axis.count[number],
            .source = source + (ptrdiff_t)(axis.first[number] - source_first_row) * source_stride,
            .source_stride = source_stride,
            .row_bytes = row_bytes,
            .target = target + output * target_stride,
        };
#if defined(__x86_64__)
        if (level == VLMC_VECTOR_AVX2) {
            vlmc_resample_row_avx2(&row);
            continue;
        }
#endif
        (void)level;
        vlmc_resample_row_portable(&row, 0);
    }
}
