// Kernels for x86-64 with AVX2 and FMA (Haswell and Zen on).
// Tile: 6 rows x 1 panel (2 registers of 8 floats per sum): 12 sums, 2 of the panel, 1 broadcast of 16 registers;
// up to 3 rows x 2 panels. Integer tile: 3 rows x 1 panel (sums of a group and of all).
// 12 products per 8 loads: bound by the products.
#if defined(__x86_64__)
#include "../kernel_sets.h"

#include <immintrin.h>
#include <math.h>

#define V_HAS_FMA
#define V_HAS_F16C
#define TILE_ROWS 6
#define PAIR_ROWS 3
#define QUAD_ROWS 0
#define INT_TILE_ROWS 3
#define INT_PAIR_ROWS 1

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "../templates/kernel_set.h"
#pragma clang attribute pop

const struct vlmc_cpu_kernels vlmc_avx2_kernels = KERNEL_SET("avx2");
#endif
