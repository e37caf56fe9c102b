// See limits.h. Enough independent sums to hide latency, and no memory in the loops that multiply.
#include "limits.h"

#include "pool.h"

#include <immintrin.h>

#define SUMS 20
#define REPETITIONS 400000

struct limit_call {
    const char *memory;
    size_t part;
};

static volatile int sink;

__attribute__((target("avx512f"))) static void read_part(void *context, int32_t chunk, int32_t worker) {
    const struct limit_call *call = context;
    const char *from = call->memory + (size_t)chunk * call->part;
    __m512i sums[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
    for (size_t i = 0; i < call->part; i += 256) {
        for (int j = 0; j < 4; j++) {
            _mm_prefetch(from + i + 64 * j + 4096, _MM_HINT_T0);
            sums[j] = _mm512_add_epi32(sums[j], _mm512_load_si512(from + i + 64 * j));
        }
    }
    sink = _mm512_reduce_add_epi32(
        _mm512_add_epi32(_mm512_add_epi32(sums[0], sums[1]), _mm512_add_epi32(sums[2], sums[3])));
    (void)worker;
}

#define MULTIPLY(name, features, type, zero, instruction, a, b, sum)                                                   \
    __attribute__((target(features))) static void name(void *context, int32_t chunk, int32_t worker) {                 \
        type sums[SUMS];                                                                                               \
        for (int i = 0; i < SUMS; i++) {                                                                               \
            sums[i] = zero;                                                                                            \
        }                                                                                                              \
        for (int k = 0; k < REPETITIONS; k++) {                                                                        \
            _Pragma("clang loop unroll(full)") for (int i = 0; i < SUMS; i++) {                                        \
                sums[i] = instruction(sums[i], a, b);                                                                  \
            }                                                                                                          \
        }                                                                                                              \
        for (int i = 1; i < SUMS; i++) {                                                                               \
            sums[0] = sum(sums[0], sums[i]);                                                                           \
        }                                                                                                              \
        sink = ((volatile int *)sums)[0];                                                                              \
        (void)context, (void)chunk, (void)worker;                                                                      \
    }
MULTIPLY(multiply_bf16, "avx512f,avx512bf16", __m512, _mm512_setzero_ps(), _mm512_dpbf16_ps,
         (__m512bh)_mm512_set1_epi16(0x3f80), (__m512bh)_mm512_set1_epi16(0x3c00), _mm512_add_ps)
MULTIPLY(multiply_int8, "avx512f,avx512vnni", __m512i, _mm512_setzero_si512(), _mm512_dpbusd_epi32,
         _mm512_set1_epi8(3), _mm512_set1_epi8(5), _mm512_add_epi32)
MULTIPLY(multiply_f32, "avx512f", __m512, _mm512_setzero_ps(), _mm512_fmadd_ps, _mm512_set1_ps(0.5f),
         _mm512_set1_ps(0.25f), _mm512_add_ps)

double limit_read(const void *memory, size_t bytes) {
    const int32_t parts = 4 * pool_threads();
    struct limit_call call = {memory, bytes / (size_t)parts & ~(size_t)4095};
    const double start = seconds_now();
    pool_run(parts, &call, read_part);
    return (double)(call.part * (size_t)parts) / (seconds_now() - start);
}

static double rate(pool_function function, double lane_operations) {
    const int32_t chunks = 4 * pool_threads();
    const double start = seconds_now();
    pool_run(chunks, NULL, function);
    return lane_operations * 16 * SUMS * REPETITIONS * chunks / (seconds_now() - start);
}

double limit_bf16(void) {
    return __builtin_cpu_supports("avx512bf16") ? rate(multiply_bf16, 4) : rate(multiply_f32, 2);
}

double limit_int8(void) {
    return __builtin_cpu_supports("avx512vnni") ? rate(multiply_int8, 8) : rate(multiply_f32, 2);
}
