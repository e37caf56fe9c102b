// Sixteen floats as one value, whatever the registers: the compiler splits it into 1, 2 or 4 of the machine's.
// Not the kernels. An isa/*.c file includes this inside its target attribute, so each function is compiled for it.
//
// An isa file may define before: V_HAS_FMA (one rounding for a * b + c), V_HAS_AVX512 (masked loads and stores) and
// V_HAS_BF16_DOT, or V_EMULATES_BF16_DOT for its arithmetic without its instruction; V_HAS_F16C (widening of halves);
// V_HAS_AVX512VNNI or V_HAS_AVXVNNI (dot products of bytes: dot_bytes.h).
#pragma once

#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

// The functions below are always inlined, so the convention in which vectors are passed never matters.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float v16 __attribute__((ext_vector_type(16)));
typedef int32_t v16i __attribute__((ext_vector_type(16)));
typedef uint32_t v16u __attribute__((ext_vector_type(16)));
typedef uint16_t v16h __attribute__((ext_vector_type(16)));
typedef uint16_t v32h __attribute__((ext_vector_type(32)));
typedef float v8 __attribute__((ext_vector_type(8)));
typedef double v16d __attribute__((ext_vector_type(16)));

INLINE v16 v_load(const float *p) {
    typedef v16 unaligned __attribute__((aligned(4), may_alias));
    return *(const unaligned *)p;
}

INLINE void v_store(float *p, v16 x) {
    typedef v16 unaligned __attribute__((aligned(4), may_alias));
    *(unaligned *)p = x;
}

INLINE v16u v_load_words(const void *p) {
    typedef v16u unaligned __attribute__((aligned(4), may_alias));
    return *(const unaligned *)p;
}

INLINE v16h v_load_halves(const uint16_t *p) {
    typedef v16h unaligned __attribute__((aligned(2), may_alias));
    return *(const unaligned *)p;
}

INLINE void v_store_halves(uint16_t *p, v16h x) {
    typedef v16h unaligned __attribute__((aligned(2), may_alias));
    *(unaligned *)p = x;
}

/// The first `count` floats at `p`, then zeros; reads no others. Zeros if `count` is not positive.
INLINE v16 v_load_first(const float *p, ptrdiff_t count) {
    if (count >= 16) {
        return v_load(p);
    }
#if defined(V_HAS_AVX512)
    const __mmask16 mask = count <= 0 ? 0 : (__mmask16)((1u << count) - 1);
    return (v16)_mm512_maskz_loadu_ps(mask, p);
#else
    float values[16] = {0};
    for (ptrdiff_t i = 0; i < count; i++) {
        values[i] = p[i];
    }
    return v_load(values);
#endif
}

/// Writes the first `count` floats of `x`, no others.
INLINE void v_store_first(float *p, v16 x, ptrdiff_t count) {
    if (count >= 16) {
        v_store(p, x);
        return;
    }
#if defined(V_HAS_AVX512)
    const __mmask16 mask = count <= 0 ? 0 : (__mmask16)((1u << count) - 1);
    _mm512_mask_storeu_ps(p, mask, (__m512)x);
#else
    float values[16];
    v_store(values, x);
    for (ptrdiff_t i = 0; i < count; i++) {
        p[i] = values[i];
    }
#endif
}

INLINE v16 v_join(v8 low, v8 high) {
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

/// a * b + c, rounded once where the machine can.
INLINE v16 v_fma(v16 a, v16 b, v16 c) {
#if defined(V_HAS_FMA)
    return __builtin_elementwise_fma(a, b, c);
#else
    return a * b + c;
#endif
}

/// The greater of each; `b` where either is not a number.
INLINE v16 v_max(v16 a, v16 b) {
    return a > b ? a : b;
}

/// The lesser of each; `b` where either is not a number.
INLINE v16 v_min(v16 a, v16 b) {
    return a < b ? a : b;
}

/// 0, 1, ... 15.
INLINE v16i v_iota(void) {
    return (v16i){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
}

/// The sum, always in this order: lanes 8 apart, then 4, 2 and 1.
INLINE float v_sum(v16 x) {
    x += __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
    x += __builtin_shufflevector(x, x, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7);
    x += __builtin_shufflevector(x, x, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3);
    return x[0] + x[1];
}

/// The greatest lane.
INLINE float v_greatest(v16 x) {
    x = v_max(x, __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15));
    x = v_max(x, __builtin_shufflevector(x, x, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7));
    x = v_max(x, __builtin_shufflevector(x, x, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3));
    return x[0] > x[1] ? x[0] : x[1];
}

/// Lane i: the greatest lane of x[i]. Overwrites x.
INLINE v16 v_greatest_of_each(v16 x[16]) {
    UNROLL for (int i = 0; i < 8; i++) {
        const v16 a = x[i], b = x[i + 8];
        x[i] = v_max(__builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
                     __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
    }
    UNROLL for (int i = 0; i < 4; i++) { // halves: rows i and i + 8; then quarters: i, i + 4, i + 8, i + 12
        const v16 a = x[i], b = x[i + 4];
        x[i] = v_max(__builtin_shufflevector(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
                     __builtin_shufflevector(a, b, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31));
    }
    UNROLL for (int i = 0; i < 2; i++) { // pairs: rows i, i + 2, i + 4 ...
        const v16 a = x[i], b = x[i + 2];
        x[i] = v_max(__builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
                     __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31));
    }
    const v16 a = x[0], b = x[1];
    return v_max(__builtin_shufflevector(a, b, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
                 __builtin_shufflevector(a, b, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31));
}

/// The even-numbered elements of 16 pairs of bfloat16, widened.
INLINE v16 v_even_bf16(v16u pairs) {
    return (v16)(pairs << 16);
}

/// The odd-numbered elements of 16 pairs of bfloat16, widened.
INLINE v16 v_odd_bf16(v16u pairs) {
    return (v16)(pairs & 0xffff0000u);
}

INLINE v16 v_widen_bf16(v16h x) {
    return (v16)(__builtin_convertvector(x, v16u) << 16);
}

/// Rounds to the nearest bfloat16, ties to even; what is not a number stays so.
INLINE v16h v_round_bf16(v16 x) {
    const v16u bits = (v16u)x;
    const v16u rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    const v16u quiet = (bits >> 16) | 0x40;
    return __builtin_convertvector(x == x ? rounded : quiet, v16h);
}

/// Sixteen words of two bfloat16: the roundings of `low`, then those of `high`. Subnormal numbers may become 0.
INLINE v16u v_round_pair_bf16(v16 low, v16 high) {
#if defined(V_HAS_BF16_DOT)
    return (v16u)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
#else
    const v16h l = v_round_bf16(low), h = v_round_bf16(high);
    return (v16u)__builtin_shufflevector(l, h, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
                                         21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
#endif
}

/// The first sixteen of 32 halves.
INLINE v16h v_first_half(v16u words) {
    const v32h halves = (v32h)words;
    return __builtin_shufflevector(halves, halves, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

/// Sixteen words of two bfloat16: a rounding of `even` and one of `odd` each. Subnormal numbers may become 0.
INLINE v16u v_interleave_bf16(v16 even, v16 odd) {
    const v32h pair = (v32h)v_round_pair_bf16(even, odd);
    return (v16u)__builtin_shufflevector(pair, pair, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24, 9,
                                         25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/// Widens IEEE half precision, exactly.
INLINE v16 v_widen_f16(v16h x) {
    const v16u bits = __builtin_convertvector(x, v16u);
    const v16u sign = (bits & 0x8000) << 16;
    const v16u magnitude = (bits & 0x7fff) << 13;
    // The exponent's bias differs by 112; multiplying also normalises what is subnormal in half precision.
    const v16u scaled = (v16u)((v16)magnitude * 0x1p112f);
    const v16u special = magnitude | 0x7f800000;
    return (v16)(((bits & 0x7c00) == 0x7c00 ? special : scaled) | sign);
}

/// Sixteen halves at `p`, widened.
INLINE v16 v_load_f16(const void *p) {
#if defined(V_HAS_AVX512)
    return (v16)_mm512_cvtph_ps(_mm256_loadu_si256(p));
#elif defined(V_HAS_F16C)
    const v8 low = (v8)_mm256_cvtph_ps(_mm_loadu_si128(p));
    const v8 high = (v8)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p + 1));
    return v_join(low, high);
#else
    return v_widen_f16(v_load_halves(p));
#endif
}

/// Rounds to the nearest half, ties to even; what is not a number stays so.
INLINE v16h v_round_f16(v16 x) {
    const v16u sign = (v16u)x >> 16 & 0x8000;
    const v16u bits = (v16u)x & 0x7fffffff;
    const v16u normal = (bits - 0x38000000 + 0xfff + (bits >> 13 & 1)) >> 13;
    // Adding 1/2 leaves units of 2^-24, the least half, in the low bits.
    const v16u subnormal = (v16u)((v16)bits + 0.5f) - 0x3f000000;
    const v16u finite = bits < 0x38800000 ? subnormal : normal;
    const v16u large = bits > 0x7f800000 ? (v16u)0x7e00 : (v16u)0x7c00;
    return __builtin_convertvector((bits < 0x477ff000 ? finite : large) | sign, v16h);
}

/// acc + even(a) * even(b) + odd(a) * odd(b), where a and b are pairs of bfloat16.
#if defined(V_HAS_BF16_DOT)
INLINE v16 v_dot_bf16(v16 acc, v16u a, v16u b) {
    return (v16)_mm512_dpbf16_ps((__m512)acc, (__m512bh)a, (__m512bh)b);
}
#elif defined(V_EMULATES_BF16_DOT)
INLINE v16 v_dot_bf16(v16 acc, v16u a, v16u b) {
    return v_fma(v_odd_bf16(a), v_odd_bf16(b), v_fma(v_even_bf16(a), v_even_bf16(b), acc));
}
#endif

/// Transposes 16 vectors of 16 words.
INLINE void v_transpose(v16 x[16]) {
    v16 t[16];
    UNROLL for (int i = 0; i < 16; i += 2) {
        t[i] = __builtin_shufflevector(x[i], x[i + 1], 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
        t[i + 1] = __builtin_shufflevector(x[i], x[i + 1], 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
    }
    // x[4 g + c]: rows 4 g ... 4 g + 3 of columns c, 4 + c, 8 + c, 12 + c, one column in each quarter.
    UNROLL for (int i = 0; i < 16; i += 4) {
        UNROLL for (int h = 0; h < 2; h++) {
            const v16 a = t[i + h], b = t[i + 2 + h];
            x[i + 2 * h] = __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
            x[i + 2 * h + 1] =
                __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
        }
    }
    UNROLL for (int c = 0; c < 4; c++) {
        UNROLL for (int h = 0; h < 2; h++) {
            const v16 a = x[8 * h + c], b = x[8 * h + 4 + c];
            t[c * 4 + 2 * h] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
            t[c * 4 + 2 * h + 1] =
                __builtin_shufflevector(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
        }
    }
    UNROLL for (int c = 0; c < 4; c++) {
        UNROLL for (int h = 0; h < 2; h++) {
            const v16 a = t[c * 4 + h], b = t[c * 4 + 2 + h];
            x[8 * h + c] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
            x[8 * h + 4 + c] =
                __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
        }
    }
}
