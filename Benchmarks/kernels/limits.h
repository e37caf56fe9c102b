// The limits that a figure stands beside, measured on all threads of the pool: one round each.
#pragma once

#include <stddef.h>

/// Bytes per second of reading memory once, front to back, each thread its part.
double limit_read(const void *memory, size_t bytes);
/// Multiplications and additions per second of the fastest dot product of bfloat16 (of f32 where there is none).
double limit_bf16(void);
/// The same of 8-bit integers (of f32 where there is none).
double limit_int8(void);
