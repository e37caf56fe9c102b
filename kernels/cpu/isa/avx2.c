// Kernels for x86-64 with AVX2 and FMA (Haswell and Zen on).
// Tile: 6 rows x 1 panel (2 registers of 8 floats per sum): 12 sums, 2 of the panel, 1 broadcast of 16 registers;
// up to 3 rows x 2 panels. 12 products per 8 loads: bound by the products.
#if defined(__x86_64__)
#include "../kernel_sets.h"

#include <immintrin.h>
#include <math.h>

#define V_HAS_FMA
#define TILE_ROWS 6
#define PAIR_ROWS 3

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "../templates/kernel_set.h"
#pragma clang attribute pop

const struct vlmc_cpu_kernels vlmc_avx2_kernels = KERNEL_SET("avx2");
#endif
