// Kernels for x86-64 with AVX2, FMA and AVX-VNNI (Alder Lake and Zen 5 on).
// Tiles: as avx2.c.
#if defined(__x86_64__)
#include "../kernel_sets.h"

#include <immintrin.h>
#include <math.h>

#define V_HAS_FMA
#define V_HAS_F16C
#define V_HAS_AVXVNNI
#define TILE_ROWS 6
#define PAIR_ROWS 3
#define QUAD_ROWS 0
#define INT_TILE_ROWS 3
#define INT_PAIR_ROWS 1

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avxvnni"))), apply_to = function)
#include "../templates/kernel_set.h"
#pragma clang attribute pop

const struct vlmc_cpu_kernels vlmc_avxvnni_kernels = KERNEL_SET("avxvnni");
#endif
