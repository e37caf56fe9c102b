// What the codecs and the pixel kernels offer to Swift: image files become rows of RGB bytes, rows become patches.
// Not a general image library. Every decoder is safe on any input: it returns a status, prints nothing, never aborts.
// Sizes, limits and metadata are read in Swift before: InputProcessing/Images/ImageDecoder.swift.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Decoding -----------------------------------------------------------------------------------------------------------

/// How a decoder ended. Pixels are complete only after `VLMC_IMAGE_DECODED`.
enum vlmc_image_status {
    VLMC_IMAGE_DECODED = 0,
    VLMC_IMAGE_TRUNCATED = 1,
    VLMC_IMAGE_DAMAGED = 2,
    VLMC_IMAGE_UNSUPPORTED = 3,
    VLMC_IMAGE_OUT_OF_MEMORY = 4,
};

/// What a decoder has to say: the reason of a failure, else its first warning. UTF-8, always terminated.
struct vlmc_image_report {
    int32_t warning_count;
    char message[200];
};

/// How samples that RGB cannot hold become RGB.
struct vlmc_pixel_conversion {
    /// Alpha is dropped instead of composited over white.
    bool drops_alpha;
    /// 16-bit grey keeps its upper byte instead of being clipped at 255.
    bool keeps_upper_byte_of_grey;
};

/// The pixels to fill: `height` rows of `width` RGB triples without padding, in the orientation of the file.
struct vlmc_rgb_target {
    uint8_t *pixels;
    int32_t width;
    int32_t height;
    struct vlmc_pixel_conversion conversion;
};

/// Decodes the default image of a PNG file whose header states the size of `target`.
enum vlmc_image_status vlmc_png_decode(const uint8_t *bytes, size_t count, struct vlmc_rgb_target target,
                                       struct vlmc_image_report *report);

/// Decodes a JPEG file whose header states the size of `target`. A file of more than `maximum_scans` scans is refused:
/// a few kilobytes could otherwise ask for the work of thousands of images.
enum vlmc_image_status vlmc_jpeg_decode(const uint8_t *bytes, size_t count, int32_t maximum_scans,
                                        struct vlmc_rgb_target target, struct vlmc_image_report *report);

/// Where a WebP frame lies on its canvas.
struct vlmc_webp_frame {
    int32_t x;
    int32_t y;
    int32_t width;
    int32_t height;
};

/// Decodes the bitstream of one WebP frame (its chunks, without the file's header) onto the canvas `target`, which the
/// frame must not exceed. Pixels outside the frame are transparent black.
enum vlmc_image_status vlmc_webp_decode(const uint8_t *bytes, size_t count, struct vlmc_webp_frame frame,
                                        struct vlmc_rgb_target target, struct vlmc_image_report *report);

/// Inflates a zlib stream into at most `capacity` bytes. False if the stream is damaged or longer than that.
bool vlmc_inflate(const uint8_t *bytes, size_t count, uint8_t *target, size_t capacity, size_t *written);

/// Writes the upright image of a stored one whose EXIF orientation is `orientation` (1 to 8; 5 to 8 swap the sides).
void vlmc_image_turn_upright(const uint8_t *stored, int32_t width, int32_t height, int32_t orientation,
                             uint8_t *upright);

// Resampling ---------------------------------------------------------------------------------------------------------

/// The instruction sets that the resampling kernels know. All compute the same bits.
enum vlmc_vector_level {
    VLMC_VECTOR_PORTABLE = 0,
    VLMC_VECTOR_AVX2 = 1,
};

/// The best level of this machine.
enum vlmc_vector_level vlmc_vector_level_supported(void);

/// The filter of one axis. Output `o` is the sum over `t < count[o]` of source[first[o] + t] times the weight
/// `high[o * stride + t] * 32768 + low[o * stride + t]`, which is in units of 2^-22. `stride` is a multiple of four;
/// weights from `count[o]` on are zero.
struct vlmc_resampling_axis {
    const int32_t *first;
    const int32_t *count;
    const int16_t *low;
    const int16_t *high;
    int32_t stride;
};

/// Resamples `row_count` rows of `source_width` RGB pixels to `target_width` pixels each.
void vlmc_resample_horizontally(struct vlmc_resampling_axis axis, const uint8_t *source, ptrdiff_t source_stride,
                                int32_t source_width, int32_t row_count, uint8_t *target, ptrdiff_t target_stride,
                                int32_t target_width, enum vlmc_vector_level level);

/// Computes the rows `first_output ..< first_output + output_count` of `row_bytes` bytes each. `source` holds the
/// source rows from number `source_first_row` on.
void vlmc_resample_vertically(struct vlmc_resampling_axis axis, int32_t first_output, int32_t output_count,
                              const uint8_t *source, ptrdiff_t source_stride, int32_t source_first_row,
                              int32_t row_bytes, uint8_t *target, ptrdiff_t target_stride,
                              enum vlmc_vector_level level);

// Patches ------------------------------------------------------------------------------------------------------------

struct vlmc_patch_layout {
    int32_t patch_size;
    int32_t merge_size;
    int32_t temporal_patch_size;
    /// Patches in a row of the image; a multiple of `merge_size`.
    int32_t grid_width;
};

/// Writes the patches of `merge_size * patch_size` rows of RGB pixels, ordered [block, row in block, column in block],
/// each [channel, temporal, row, column]. `values` is [channel][256]: the float that each byte becomes.
void vlmc_write_patches(struct vlmc_patch_layout layout, const uint8_t *rows, ptrdiff_t stride, const float *values,
                        float *patches);

#ifdef __cplusplus
}
#endif
