// The tables that dispatch.c chooses from, one per isa/*.c file. Private to this target.
#pragma once

#include "cpu_kernels.h"

/// Scratch of one worker, enough for every kernel of every set (asserted in templates/kernel_set.h).
#define VLMC_SCRATCH_BYTES (1280 * 1024)

extern const struct vlmc_cpu_kernels vlmc_scalar_kernels;
#if defined(__x86_64__)
extern const struct vlmc_cpu_kernels vlmc_avx2_kernels;
extern const struct vlmc_cpu_kernels vlmc_avxvnni_kernels;
extern const struct vlmc_cpu_kernels vlmc_avx512_kernels;
extern const struct vlmc_cpu_kernels vlmc_avx512vnni_kernels;
extern const struct vlmc_cpu_kernels vlmc_avx512bf16_kernels;
#if defined(VLMC_EMULATED_KERNELS)
extern const struct vlmc_cpu_kernels vlmc_emulated_bf16_kernels;
#endif
#endif
