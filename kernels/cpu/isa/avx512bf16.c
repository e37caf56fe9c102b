// Kernels for x86-64 with AVX-512, VNNI and the bfloat16 dot product (Cooper Lake, Sapphire Rapids and Zen 4 on):
// products with bfloat16 weights or pages round their other side to bfloat16 and do two inputs per instruction.
// Tile: as avx512.c; a step of a tile covers two inputs.
#if defined(__x86_64__)
#include "../kernel_sets.h"

#include <immintrin.h>
#include <math.h>

#define V_HAS_FMA
#define V_HAS_AVX512
#define V_HAS_AVX512VNNI
#define V_HAS_BF16_DOT
#define TILE_ROWS 14
#define PAIR_ROWS 14
#define QUAD_ROWS 3
#define INT_TILE_ROWS 12
#define INT_PAIR_ROWS 7

#pragma clang attribute push(                                                                                          \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512bf16,fma"))), apply_to = function)
#include "../templates/kernel_set.h"
#pragma clang attribute pop

const struct vlmc_cpu_kernels vlmc_avx512bf16_kernels = KERNEL_SET("avx512bf16");
#endif
