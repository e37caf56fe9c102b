// The resampling passes with AVX2. A weight of 23 bits does not fit vpmaddwd, so each is two halves, weight = high *
// 2^15 + low: two sums of byte times half are kept and joined at the end. Modulo 2^32 that is the portable sum.
// Tiles: horizontal, 4 rows x 4 taps x 3 channels of one output pixel; vertical, 32 bytes x 2 taps of one output row.
#include "resampling.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define WITH_AVX2 __attribute__((target("avx2")))

/// Two neighbouring halves in every lane, as vpmaddwd wants them.
static WITH_AVX2 inline __m256i pair_at(const int16_t *halves, int32_t tap) {
    int32_t pair;
    memcpy(&pair, halves + tap, sizeof pair);
    return _mm256_set1_epi32(pair);
}

static WITH_AVX2 inline __m256i joined(__m256i low, __m256i high) {
    const __m256i sum = _mm256_add_epi32(_mm256_slli_epi32(high, 15), low);
    return _mm256_srai_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(resampling_half)), resampling_precision);
}

static WITH_AVX2 inline __m256i two_rows_at(const uint8_t *source, ptrdiff_t stride) {
    const __m128i upper = _mm_loadu_si128((const __m128i *)source);
    const __m128i lower = _mm_loadu_si128((const __m128i *)(source + stride));
    return _mm256_inserti128_si256(_mm256_castsi128_si256(upper), lower, 1);
}

static WITH_AVX2 inline void accumulate(__m256i *low, __m256i *high, __m256i pixels, __m256i low_pair,
                                        __m256i high_pair) {
    *low = _mm256_add_epi32(*low, _mm256_madd_epi16(pixels, low_pair));
    *high = _mm256_add_epi32(*high, _mm256_madd_epi16(pixels, high_pair));
}

static WITH_AVX2 inline void store_pixels(uint8_t *target, ptrdiff_t stride, __m256i values) {
    const __m256i words = _mm256_packs_epi32(values, values);
    const __m256i bytes = _mm256_packus_epi16(words, words);
    const int32_t upper = _mm256_extract_epi32(bytes, 0);
    const int32_t lower = _mm256_extract_epi32(bytes, 4);
    memcpy(target, &upper, 3);
    memcpy(target + stride, &lower, 3);
}

/// Output pixel `x` of the four rows from `y` on. Reads 16 bytes for every four taps.
static WITH_AVX2 void four_pixels(const struct horizontal_pass *pass, int32_t x, int32_t y) {
    // Of four neighbouring pixels: pairs of the same channel, widened to 16 bits, of pixels 0 and 1 and of 2 and 3.
    const __m256i first_pair =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
    const __m256i second_pair =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1));
    const ptrdiff_t stride = pass->source_stride;
    const int16_t *low = pass->axis.low + (ptrdiff_t)x * pass->axis.stride;
    const int16_t *high = pass->axis.high + (ptrdiff_t)x * pass->axis.stride;
    const uint8_t *source = pass->source + y * stride + (ptrdiff_t)pass->axis.first[x] * 3;
    __m256i low_sums[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    __m256i high_sums[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    for (int32_t tap = 0; tap < pass->axis.count[x]; tap += 4, source += 12) {
        const __m256i low_pairs[2] = {pair_at(low, tap), pair_at(low, tap + 2)};
        const __m256i high_pairs[2] = {pair_at(high, tap), pair_at(high, tap + 2)};
        for (int rows = 0; rows < 2; rows += 1) {
            const __m256i pixels = two_rows_at(source + 2 * rows * stride, stride);
            accumulate(&low_sums[rows], &high_sums[rows], _mm256_shuffle_epi8(pixels, first_pair), low_pairs[0],
                       high_pairs[0]);
            accumulate(&low_sums[rows], &high_sums[rows], _mm256_shuffle_epi8(pixels, second_pair), low_pairs[1],
                       high_pairs[1]);
        }
    }
    uint8_t *target = pass->target + y * pass->target_stride + (ptrdiff_t)x * 3;
    store_pixels(target, pass->target_stride, joined(low_sums[0], high_sums[0]));
    store_pixels(target + 2 * pass->target_stride, pass->target_stride, joined(low_sums[1], high_sums[1]));
}

WITH_AVX2 void vlmc_resample_horizontally_avx2(const struct horizontal_pass *pass) {
    int32_t y = 0;
    for (; y + 4 <= pass->row_count; y += 4) {
        for (int32_t x = 0; x < pass->target_width; x += 1) {
            const ptrdiff_t groups = (pass->axis.count[x] + 3) / 4;
            const ptrdiff_t bytes_read = (ptrdiff_t)pass->axis.first[x] * 3 + groups * 12 + 4;
            if (bytes_read <= (ptrdiff_t)pass->source_width * 3) {
                four_pixels(pass, x, y);
            } else {
                // At the right edge 16-byte loads would leave the row.
                for (int32_t row = y; row < y + 4; row += 1) {
                    vlmc_resample_pixel_portable(pass, x, row);
                }
            }
        }
    }
    for (; y < pass->row_count; y += 1) {
        for (int32_t x = 0; x < pass->target_width; x += 1) {
            vlmc_resample_pixel_portable(pass, x, y);
        }
    }
}

WITH_AVX2 void vlmc_resample_row_avx2(const struct vertical_row *row) {
    const __m256i zero = _mm256_setzero_si256();
    int32_t index = 0;
    for (; index + 32 <= row->row_bytes; index += 32) {
        __m256i low_sums[4] = {zero, zero, zero, zero};
        __m256i high_sums[4] = {zero, zero, zero, zero};
        const uint8_t *source = row->source + index;
        for (int32_t tap = 0; tap < row->count; tap += 2, source += 2 * row->source_stride) {
            const __m256i upper = _mm256_loadu_si256((const __m256i *)source);
            // Behind an odd last tap stands a weight of zero.
            const __m256i lower =
                tap + 1 < row->count ? _mm256_loadu_si256((const __m256i *)(source + row->source_stride)) : zero;
            const __m256i near = _mm256_unpacklo_epi8(upper, lower);
            const __m256i far = _mm256_unpackhi_epi8(upper, lower);
            const __m256i pixels[4] = {_mm256_unpacklo_epi8(near, zero), _mm256_unpackhi_epi8(near, zero),
                                       _mm256_unpacklo_epi8(far, zero), _mm256_unpackhi_epi8(far, zero)};
            const __m256i low_pair = pair_at(row->low, tap);
            const __m256i high_pair = pair_at(row->high, tap);
            for (int group = 0; group < 4; group += 1) {
                accumulate(&low_sums[group], &high_sums[group], pixels[group], low_pair, high_pair);
            }
        }
        __m256i values[4];
        for (int group = 0; group < 4; group += 1) {
            values[group] = joined(low_sums[group], high_sums[group]);
        }
        const __m256i near = _mm256_packs_epi32(values[0], values[1]);
        const __m256i far = _mm256_packs_epi32(values[2], values[3]);
        _mm256_storeu_si256((__m256i *)(row->target + index), _mm256_packus_epi16(near, far));
    }
    vlmc_resample_row_portable(row, index);
}

#endif
