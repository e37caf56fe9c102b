// What this machine can do at most, measured: bytes read from memory and multiply-adds, a second.
// Shared by the compiler's report and by benchmarks of compiled models. Not the kernels of a model: kernels/cpu.
#pragma once

#include <stddef.h>

/// Bytes a second that `threads` threads together read from memory, each from its own part of `bytes` bytes; the
/// fastest of `rounds` rounds. 0 if memory or threads cannot be had.
double vlmc_measure_read_bandwidth(int threads, size_t bytes, int rounds);

/// Floating-point operations a second in single precision of `threads` threads together, a multiply-add counted as
/// two, with the widest vectors of this CPU; the fastest of `rounds` rounds. 0 if threads cannot be had.
double vlmc_measure_multiply_add_rate(int threads, int rounds);
