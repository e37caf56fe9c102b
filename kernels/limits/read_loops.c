// One sequential stream per thread, with the widest loads and a prefetch far enough ahead to keep memory busy.
#include "loops.h"

#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/// Bytes between a load and the prefetch beside it.
#define AHEAD 4096

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static uint64_t read_512(const unsigned char *bytes, size_t count) {
    __m512i sums[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
    for (size_t i = 0; i + 256 <= count; i += 256) {
#pragma clang loop unroll(full)
        for (int j = 0; j < 4; j++) {
            _mm_prefetch((const char *)bytes + i + 64 * j + AHEAD, _MM_HINT_T0);
            sums[j] = _mm512_add_epi64(sums[j], _mm512_loadu_si512(bytes + i + 64 * j));
        }
    }
    uint64_t total = 0;
    for (int j = 0; j < 4; j++) total += (uint64_t)_mm512_reduce_add_epi64(sums[j]);
    return total;
}

__attribute__((target("avx2"))) static uint64_t read_256(const unsigned char *bytes, size_t count) {
    __m256i sums[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
    for (size_t i = 0; i + 128 <= count; i += 128) {
        _mm_prefetch((const char *)bytes + i + AHEAD, _MM_HINT_T0);
        _mm_prefetch((const char *)bytes + i + AHEAD + 64, _MM_HINT_T0);
#pragma clang loop unroll(full)
        for (int j = 0; j < 4; j++) {
            sums[j] = _mm256_add_epi64(sums[j], _mm256_loadu_si256((const __m256i *)(bytes + i + 32 * j)));
        }
    }
    uint64_t words[4], total = 0;
    for (int j = 0; j < 4; j++) {
        _mm256_storeu_si256((__m256i *)words, sums[j]);
        for (int k = 0; k < 4; k++) total += words[k];
    }
    return total;
}
#endif

static uint64_t read_plain(const unsigned char *bytes, size_t count) {
    uint64_t sums[8] = {0};
    for (size_t i = 0; i + 64 <= count; i += 64) {
        uint64_t words[8];
        memcpy(words, bytes + i, sizeof words);
        for (int j = 0; j < 8; j++) sums[j] += words[j];
    }
    uint64_t total = 0;
    for (int j = 0; j < 8; j++) total += sums[j];
    return total;
}

unsigned long long vlmc_read_all(const unsigned char *bytes, size_t count) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return read_512(bytes, count);
    if (__builtin_cpu_supports("avx2")) return read_256(bytes, count);
#endif
    return read_plain(bytes, count);
}
