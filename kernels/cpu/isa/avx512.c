// Kernels for x86-64 with AVX-512 F, BW, VL and DQ (Skylake-SP and Zen 4 on).
// Tile: 14 rows x 2 panels (1 register per sum): 28 sums, 2 of the panels, 1 broadcast of 32 registers; 28 products per
// 16 loads: bound by the products. Integer tile: 12 rows x 1 panel or 7 x 2 (sums of a group and of all).
#if defined(__x86_64__)
#include "../kernel_sets.h"

#include <immintrin.h>
#include <math.h>

#define V_HAS_FMA
#define V_HAS_AVX512
#define TILE_ROWS 14
#define PAIR_ROWS 14
#define QUAD_ROWS 3
#define INT_TILE_ROWS 12
#define INT_PAIR_ROWS 7

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma"))), apply_to = function)
#include "../templates/kernel_set.h"
#pragma clang attribute pop

const struct vlmc_cpu_kernels vlmc_avx512_kernels = KERNEL_SET("avx512");
#endif
