// Dot products of four unsigned and four signed bytes in each of 16 lanes, exact, and the form in which the signed side
// is kept for them. Not quantisation: templates/packed_rows.h.
#pragma once

#include "vector16.h"

#if defined(V_HAS_AVX512VNNI) || defined(V_HAS_AVXVNNI)
// Bytes, as the machine's dot product takes them.
#define DOT_VALUE_BYTES 1
typedef v16i vdot;
#elif defined(V_HAS_FMA)
// Of four inputs first the even two, then the odd ones, as 16-bit numbers: pairs of them are multiplied without
// saturation.
#define DOT_VALUE_BYTES 2
typedef v16i vdot;
#else
// Floats: sums of 32 products stay below 2^24, so they are exact.
#define DOT_VALUE_BYTES 4
typedef v16 vdot;
#endif

#if defined(V_HAS_AVX512VNNI)
INLINE vdot v_dot_bytes(vdot acc, v16u weights, const char *x) {
    return (v16i)_mm512_dpbusd_epi32((__m512i)acc, (__m512i)weights, (__m512i)(v16i)(*(const int32_t *)x));
}
#elif defined(V_HAS_AVXVNNI)
INLINE vdot v_dot_bytes(vdot acc, v16u weights, const char *x) {
    const __m256i value = _mm256_set1_epi32(*(const int32_t *)x);
    const v16 a = (v16)acc, w = (v16)weights;
    const __m256i low = _mm256_dpbusd_avx_epi32((__m256i)a.lo, (__m256i)w.lo, value);
    const __m256i high = _mm256_dpbusd_avx_epi32((__m256i)a.hi, (__m256i)w.hi, value);
    return (v16i)v_join((v8)low, (v8)high);
}
#elif defined(V_HAS_FMA)
INLINE v16i v_dot_pairs(v16u weights, const char *x) {
#if defined(V_HAS_AVX512)
    return (v16i)_mm512_madd_epi16((__m512i)weights, (__m512i)(v16i)(*(const int32_t *)x));
#else
    const __m256i value = _mm256_set1_epi32(*(const int32_t *)x);
    const v16 w = (v16)weights;
    return (v16i)v_join((v8)_mm256_madd_epi16((__m256i)w.lo, value), (v8)_mm256_madd_epi16((__m256i)w.hi, value));
#endif
}

INLINE vdot v_dot_bytes(vdot acc, v16u weights, const char *x) {
    acc += v_dot_pairs(weights & 0x00ff00ff, x);
    return acc + v_dot_pairs(weights >> 8 & 0x00ff00ff, x + 4);
}
#else
INLINE vdot v_dot_bytes(vdot acc, v16u weights, const char *x) {
    UNROLL for (int i = 0; i < 4; i++) {
        acc += __builtin_convertvector((v16i)(weights >> (8 * i) & 0xff), v16) * ((const float *)x)[i];
    }
    return acc;
}
#endif

/// A group's sum as floats.
INLINE v16 v_dot_sum(vdot sum) {
#if DOT_VALUE_BYTES == 4
    return sum;
#else
    return __builtin_convertvector(sum, v16);
#endif
}

/// 16 whole numbers between -127 and 127, in the form that v_dot_bytes reads: 16 * DOT_VALUE_BYTES bytes.
INLINE void v_store_dot_values(char *to, v16i x) {
#if DOT_VALUE_BYTES == 1
    typedef int8_t v16b __attribute__((ext_vector_type(16)));
    const v16b bytes = __builtin_convertvector(x, v16b);
    memcpy(to, &bytes, sizeof bytes);
#elif DOT_VALUE_BYTES == 2
    typedef int16_t v16s __attribute__((ext_vector_type(16)));
    const v16s halves = __builtin_convertvector(x, v16s);
    const v16s pairs = __builtin_shufflevector(halves, halves, 0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
    memcpy(to, &pairs, sizeof pairs);
#else
    v_store((float *)to, __builtin_convertvector(x, v16));
#endif
}
