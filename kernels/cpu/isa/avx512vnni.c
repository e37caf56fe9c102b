// Kernels for x86-64 with AVX-512 F, BW, VL, DQ and VNNI (Cascade Lake and Zen 4 on).
// Tiles: as avx512.c.
#if defined(__x86_64__)
#include "../kernel_sets.h"

#include <immintrin.h>
#include <math.h>

#define V_HAS_FMA
#define V_HAS_AVX512
#define V_HAS_AVX512VNNI
#define TILE_ROWS 14
#define PAIR_ROWS 14
#define QUAD_ROWS 3
#define INT_TILE_ROWS 12
#define INT_PAIR_ROWS 7

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma"))),             \
                             apply_to = function)
#include "../templates/kernel_set.h"
#pragma clang attribute pop

const struct vlmc_cpu_kernels vlmc_avx512vnni_kernels = KERNEL_SET("avx512vnni");
#endif
