// The kernels of avx512bf16.c with the dot product written as two fused products, so that machines with AVX-512 but
// without its bfloat16 can test all of that set but the instruction. Only in builds that define VLMC_EMULATED_KERNELS,
// and only by name: never chosen.
#if defined(__x86_64__) && defined(VLMC_EMULATED_KERNELS)
#include "../kernel_sets.h"

#include <immintrin.h>
#include <math.h>

#define V_HAS_FMA
#define V_HAS_AVX512
#define V_EMULATES_BF16_DOT
#define TILE_ROWS 14
#define PAIR_ROWS 14
#define QUAD_ROWS 3
#define INT_TILE_ROWS 12
#define INT_PAIR_ROWS 7

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma"))), apply_to = function)
#include "../templates/kernel_set.h"
#pragma clang attribute pop

const struct vlmc_cpu_kernels vlmc_emulated_bf16_kernels = KERNEL_SET("avx512bf16-emulated");
#endif
