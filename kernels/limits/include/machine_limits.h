// What this machine can do at most, measured: bytes read from memory and multiply-adds, a second.
// Shared by the compiler's report and by `bench` of compiled models. Not the kernels of a model: kernels/cpu.
#pragma once

#include <stddef.h>

/// The numbers that multiply-adds work on.
enum vlmc_arithmetic {
    VLMC_ARITHMETIC_F32,  ///< fused multiply-add in single precision
    VLMC_ARITHMETIC_BF16, ///< dot products of bfloat16 pairs into single precision (AVX-512 BF16)
    VLMC_ARITHMETIC_INT8, ///< dot products of unsigned and signed bytes into 32 bits (AVX-512 VNNI, AVX-VNNI, AVX2)
};

/// Bytes a second that `threads` threads together read from memory, each from its own part of `bytes` bytes, in huge
/// pages where the system has them; the fastest of `rounds` rounds. 0 if memory or threads cannot be had.
double vlmc_measure_read_bandwidth(int threads, size_t bytes, int rounds);

/// Operations a second of `threads` threads together, a multiply-add counted as two, with the widest vectors of this
/// CPU for `arithmetic`; the fastest of `rounds` rounds. 0 if this CPU has no such instruction, or for want of threads.
double vlmc_measure_arithmetic_rate(enum vlmc_arithmetic arithmetic, int threads, int rounds);
