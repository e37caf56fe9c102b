// Multiply-adds in registers: f32, bf16 pairs and bytes, for every instruction set that kernels use.
#include "loops.h"

#include <stdint.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/// Independent sums: more than latency times instructions a cycle, fewer than registers.
#define SUMS 12
#define REPETITIONS 1000000L

/// `SUMS` sums, each `STEP`ped `REPETITIONS` times.
#define REPEAT(STEP)                                                                                                   \
    for (long k = 0; k < REPETITIONS; k++) {                                                                           \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < SUMS; i++) sums[i] = STEP;                              \
    }

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static double total_ps(const __m512 *sums) {
    double total = 0;
    for (int i = 0; i < SUMS; i++) total += _mm512_reduce_add_ps(sums[i]);
    return total;
}

__attribute__((target("avx512f"))) static double f32_512(void) {
    __m512 sums[SUMS];
    for (int i = 0; i < SUMS; i++) sums[i] = _mm512_set1_ps((float)i);
    const __m512 factor = _mm512_set1_ps(0.999f), term = _mm512_set1_ps(0.001f);
    REPEAT(_mm512_fmadd_ps(sums[i], factor, term))
    return total_ps(sums);
}

__attribute__((target("avx512f,avx512bf16"))) static double bf16_512(void) {
    __m512 sums[SUMS];
    for (int i = 0; i < SUMS; i++) sums[i] = _mm512_set1_ps((float)i);
    const __m512bh left = (__m512bh)_mm512_set1_epi16(0x3f80), right = (__m512bh)_mm512_set1_epi16(0x3400);
    REPEAT(_mm512_dpbf16_ps(sums[i], left, right))
    return total_ps(sums);
}

__attribute__((target("avx512f,avx512vnni"))) static double int8_512(void) {
    __m512i sums[SUMS];
    for (int i = 0; i < SUMS; i++) sums[i] = _mm512_set1_epi32(i);
    const __m512i left = _mm512_set1_epi8(1), right = _mm512_set1_epi8(-1);
    REPEAT(_mm512_dpbusd_epi32(sums[i], left, right))
    double total = 0;
    for (int i = 0; i < SUMS; i++) total += _mm512_reduce_add_epi32(sums[i]);
    return total;
}

__attribute__((target("avx2,fma"))) static double f32_256(void) {
    __m256 sums[SUMS];
    for (int i = 0; i < SUMS; i++) sums[i] = _mm256_set1_ps((float)i);
    const __m256 factor = _mm256_set1_ps(0.999f), term = _mm256_set1_ps(0.001f);
    REPEAT(_mm256_fmadd_ps(sums[i], factor, term))
    float lanes[8];
    double total = 0;
    for (int i = 0; i < SUMS; i++) {
        _mm256_storeu_ps(lanes, sums[i]);
        for (int j = 0; j < 8; j++) total += lanes[j];
    }
    return total;
}

__attribute__((target("avx2"))) static double total_epi32(const __m256i *sums) {
    int32_t lanes[8];
    double total = 0;
    for (int i = 0; i < SUMS; i++) {
        _mm256_storeu_si256((__m256i *)lanes, sums[i]);
        for (int j = 0; j < 8; j++) total += lanes[j];
    }
    return total;
}

__attribute__((target("avx2,avxvnni"))) static double int8_vnni_256(void) {
    __m256i sums[SUMS];
    for (int i = 0; i < SUMS; i++) sums[i] = _mm256_set1_epi32(i);
    const __m256i left = _mm256_set1_epi8(1), right = _mm256_set1_epi8(-1);
    REPEAT(_mm256_dpbusd_avx_epi32(sums[i], left, right))
    return total_epi32(sums);
}

/// Pairs of bytes into 16 bits, pairs of those into 32: three instructions where the others have one. The sum is an
/// operand of the first, or a compiler would take it out of the loop.
__attribute__((target("avx2"))) static double int8_256(void) {
    __m256i sums[SUMS];
    for (int i = 0; i < SUMS; i++) sums[i] = _mm256_set1_epi32(i);
    const __m256i right = _mm256_set1_epi8(1), ones = _mm256_set1_epi16(1);
    REPEAT(_mm256_add_epi32(sums[i], _mm256_madd_epi16(_mm256_maddubs_epi16(sums[i], right), ones)))
    return total_epi32(sums);
}
#endif

static double f32_plain(void) {
    float sums[SUMS];
    for (int i = 0; i < SUMS; i++) sums[i] = (float)i;
    REPEAT(sums[i] * 0.999f + 0.001f)
    double total = 0;
    for (int i = 0; i < SUMS; i++) total += sums[i];
    return total;
}

/// A loop whose every step makes `multiplyAdds` multiply-adds.
static struct vlmc_arithmetic_loop loop(double (*run)(void), int multiplyAdds) {
    return (struct vlmc_arithmetic_loop){.run = run, .operations = 2.0 * SUMS * (double)REPETITIONS * multiplyAdds};
}

struct vlmc_arithmetic_loop vlmc_choose_arithmetic_loop(enum vlmc_arithmetic arithmetic) {
#if defined(__x86_64__)
    const int has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const int has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f");
    switch (arithmetic) {
    case VLMC_ARITHMETIC_F32:
        if (has_avx512) return loop(f32_512, 16);
        if (has_avx2) return loop(f32_256, 8);
        break;
    case VLMC_ARITHMETIC_BF16:
        if (has_avx512 && __builtin_cpu_supports("avx512bf16")) return loop(bf16_512, 32);
        break;
    case VLMC_ARITHMETIC_INT8:
        if (has_avx512 && __builtin_cpu_supports("avx512vnni")) return loop(int8_512, 64);
        if (has_avx2 && __builtin_cpu_supports("avxvnni")) return loop(int8_vnni_256, 32);
        if (has_avx2) return loop(int8_256, 32);
        break;
    }
#endif
    return arithmetic == VLMC_ARITHMETIC_F32 ? loop(f32_plain, 1) : (struct vlmc_arithmetic_loop){0};
}
